"""Write an export as a directory with a file for each format and a manifest.

The directory has a temporary name until everything is on disk, so an incomplete export never has
the final name.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import BinaryIO

import msgspec

from tracker.adapters.exports.manifest import MANIFEST, Count, Manifest, WrittenFile
from tracker.adapters.exports.writers import writer
from tracker.application.queries.export import ExportedDossier, Form
from tracker.domain.errors import ConflictError, InvalidInputError


class ExportExistsError(ConflictError):
    """A file or directory with this name exists. An export never overwrites it."""


class NoParentDirectoryError(InvalidInputError):
    """The parent directory of the export does not exist."""


class NotAnExportError(InvalidInputError):
    """The directory is not an export: it has no readable manifest."""


def export(
    directory: Path,
    forms: Sequence[Form],
    dossiers: Iterable[ExportedDossier],
    *,
    zone: tzinfo,
    program: str,
    asked: Mapping[str, str | None],
    up_to: int,
    checkpoint: str | None,
    now: Callable[[], datetime],
) -> Manifest:
    """Write the dossiers to a new directory; times are in `zone`. Return its manifest.

    Raise `ExportExistsError`, `NoParentDirectoryError`, `NoParquetError` and the errors of
    `dossiers`; nothing is left on disk then.
    """
    directory = directory.absolute()
    if os.path.lexists(directory):
        message = f"{directory} exists already. An export never overwrites; choose another name."
        raise ExportExistsError(message)
    if not directory.parent.is_dir():
        message = f"The directory {directory.parent} does not exist. Make it first."
        raise NoParentDirectoryError(message)
    began_at = now()
    with _draft_of(directory) as draft:
        count = Count()
        with ExitStack() as resources:
            files = [
                (form, resources.enter_context((draft / form.file_name).open("xb")))
                for form in dict.fromkeys(forms)
            ]
            writers = [writer(form, file, zone, draft, resources) for form, file in files]
            for dossier in dossiers:
                count.add(dossier)
                for form_writer in writers:
                    form_writer.add(dossier)
            for form_writer in writers:
                form_writer.finish()
            for _, file in files:
                _flush(file)
        manifest = Manifest(
            program=program,
            began_at=began_at.astimezone(zone),
            ended_at=now().astimezone(zone),
            asked=asked,
            up_to=up_to,
            checkpoint=checkpoint,
            files=[_described(draft / form.file_name) for form, _ in files],
            **vars(count),
        )
        with (draft / MANIFEST).open("xb") as file:
            file.write(bytes(manifest))
            _flush(file)
    return manifest


def find_faults(directory: Path) -> list[str]:
    """Compare an export with its manifest. Return a text for each file that differs.

    Raise `NotAnExportError`.
    """
    try:
        manifest = msgspec.json.decode((directory / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        message = f"{directory} is not an export: {MANIFEST} cannot be read: {error}"
        raise NotAnExportError(message) from error
    listed = {file.name: file for file in manifest.files}
    present = {path.name for path in directory.iterdir()} - {MANIFEST}
    faults = [f"{name} is missing" for name in sorted(listed.keys() - present)]
    faults += [f"{name} is not in the manifest" for name in sorted(present - listed.keys())]
    for name in sorted(listed.keys() & present):
        if _described(directory / name) != listed[name]:
            faults.append(f"{name} is not what was exported")
    return faults


@contextmanager
def _draft_of(directory: Path) -> Iterator[Path]:
    """Make a temporary directory and rename it after the block; after an error, delete it."""
    draft = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        yield draft
        _flush_directory(draft)
        draft.rename(directory)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _flush_directory(directory.parent)


def _described(path: Path) -> WrittenFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return WrittenFile(path.name, file.tell(), digest)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
