"""An export is a directory: a file for each form, and a manifest that tells what they are.

It comes to be under another name and is renamed when all of it is on the disk, so that half an
export never looks whole.
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


class ThereAlreadyError(ConflictError):
    """There is something of this name already. An export never overwrites."""


class NoPlaceError(InvalidInputError):
    """The directory that an export would be made in is not there."""


class NoExportError(InvalidInputError):
    """This is no export: it has no manifest that can be read."""


def export(
    directory: Path,
    forms: Sequence[Form],
    taken: Iterable[ExportedDossier],
    *,
    zone: tzinfo,
    program: str,
    asked: Mapping[str, str | None],
    up_to: int,
    checkpoint: str | None,
    now: Callable[[], datetime],
) -> Manifest:
    """Write these dossiers as a new directory; times are in this zone.

    Raise `ThereAlreadyError`, `NoPlaceError`, `NoParquetError`, and what `taken` does; then
    nothing is left.
    """
    directory = directory.absolute()
    if os.path.lexists(directory):
        message = f"{directory} is there already. An export never overwrites."
        raise ThereAlreadyError(message)
    if not directory.parent.is_dir():
        message = f"There is no directory {directory.parent} to put the export into. Make it first."
        raise NoPlaceError(message)
    began_at = now()
    with _coming_to_be(directory) as draft:
        count = Count()
        with ExitStack() as opened:
            files = [
                (form, opened.enter_context((draft / form.file_name).open("xb")))
                for form in dict.fromkeys(forms)
            ]
            writers = [writer(form, file, zone, draft, opened) for form, file in files]
            for one in taken:
                count.add(one)
                for each in writers:
                    each.add(one)
            for each in writers:
                each.finish()
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


def wrong_in(directory: Path) -> list[str]:
    """Compare an export with its manifest, and say what is wrong with it, file by file.

    Raise `NoExportError`.
    """
    try:
        manifest = msgspec.json.decode((directory / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        message = f"{directory} is no export: {MANIFEST} cannot be read: {error}"
        raise NoExportError(message) from error
    told = {one.name: one for one in manifest.files}
    there = {one.name for one in directory.iterdir()} - {MANIFEST}
    faults = [f"{name} is missing" for name in sorted(told.keys() - there)]
    faults += [f"{name} is not in the manifest" for name in sorted(there - told.keys())]
    for name in sorted(told.keys() & there):
        if _described(directory / name) != told[name]:
            faults.append(f"{name} is not what was exported")
    return faults


@contextmanager
def _coming_to_be(directory: Path) -> Iterator[Path]:
    """Return a directory beside this one, which then gets its name; after an error it is gone."""
    draft = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        yield draft
        _flush_names_in(draft)
        draft.rename(directory)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _flush_names_in(directory.parent)


def _described(path: Path) -> WrittenFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return WrittenFile(path.name, file.tell(), digest)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _flush_names_in(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
