"""An export is a directory: a file for each form, and a manifest that tells what they are.

It comes to be under another name and is renamed when all of it is on the disk, so that half an
export never looks whole.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from tracker.adapters.exports.lines import NdjsonFile
from tracker.adapters.exports.ocel import OcelFile
from tracker.adapters.exports.tables import CsvFile, ParquetFile
from tracker.adapters.exports.xes import XesFile
from tracker.application.taking_away import Taken
from tracker.domain.errors import ConflictError, InvalidInputError

MANIFEST = "manifest.json"


class Form(StrEnum):
    """How the events are written."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    XES = "xes"
    OCEL = "ocel"

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return "events.jsonocel" if self is Form.OCEL else f"events.{self}"


class ThereAlreadyError(ConflictError):
    """There is something of this name already. An export never overwrites."""


class NoPlaceError(InvalidInputError):
    """The directory that an export would be made in is not there."""


class NoExportError(InvalidInputError):
    """This is no export: it has no manifest that can be read."""


class _Writer(Protocol):
    def add(self, taken: Taken) -> None:
        """Write a dossier."""

    def finish(self) -> None:
        """Write what comes last."""


class WrittenFile(msgspec.Struct, frozen=True):
    """One file of an export."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an export holds.

    `asked` says what was asked for, `up_to` the store's newest event then, `checkpoint` is the
    newest signed note of the Merkle log. All but `program` and the two times follows from the
    store and `asked`; the files too.
    """

    program: str
    began_at: datetime
    ended_at: datetime
    asked: Mapping[str, str | None]
    up_to: int
    dossiers: int
    events: int
    first_position: int | None
    last_position: int | None
    checkpoint: str | None
    files: Sequence[WrittenFile]


def export(
    directory: Path,
    forms: Sequence[Form],
    taken: Iterable[Taken],
    *,
    zone: tzinfo,
    program: str,
    asked: Mapping[str, str | None],
    up_to: int,
    checkpoint: str | None,
    now: Callable[[], datetime],
) -> Manifest:
    """Write these dossiers as a new directory; times are in this zone.

    Raises `ThereAlreadyError`, `NoPlaceError`, `NoParquetError`, and what `taken` does; then
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
        count = _Count()
        with ExitStack() as opened:
            files = [
                (form, opened.enter_context((draft / form.file_name).open("xb")))
                for form in dict.fromkeys(forms)
            ]
            writers = [_writer(form, file, zone, opened) for form, file in files]
            for one in taken:
                count.add(one)
                for writer in writers:
                    writer.add(one)
            for writer in writers:
                writer.finish()
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
            file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
            _flush(file)
    return manifest


def wrong_in(directory: Path) -> list[str]:
    """Compare an export with its manifest, and say what is wrong with it, file by file.

    Raises `NoExportError`.
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


@dataclass
class _Count:
    dossiers: int = 0
    events: int = 0
    first_position: int | None = None
    last_position: int | None = None

    def add(self, taken: Taken) -> None:
        positions = [row.position for row in taken.rows]
        self.dossiers += 1
        self.events += len(positions)
        self.first_position = min(self.first_position or positions[0], *positions)
        self.last_position = max(self.last_position or positions[0], *positions)


def _writer(form: Form, file: BinaryIO, zone: tzinfo, opened: ExitStack) -> _Writer:
    match form:
        case Form.NDJSON:
            return NdjsonFile(file)
        case Form.CSV:
            return CsvFile(file, zone)
        case Form.PARQUET:
            return opened.enter_context(closing(ParquetFile(file, zone)))
        case Form.XES:
            return XesFile(file, zone)
        case Form.OCEL:
            folder = Path(file.name).parent
            aside = opened.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115  it is
            return OcelFile(file, zone, aside)


@contextmanager
def _coming_to_be(directory: Path) -> Iterator[Path]:
    """Give a directory beside this one, which then gets its name; after an error it is gone."""
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
