"""Open a log by its name: XES if it ends in `.xes` or `.xes.gz`, else CSV."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase, BufferedReader, TextIOWrapper
from pathlib import Path

from tracker.adapters.imports.log_lines import LogFileError, Record, read_records
from tracker.adapters.imports.mapping import LogMapping
from tracker.adapters.imports.xes import read_events

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class OpenLog:
    """An open log: the heading and then each record; `done` returns the bytes read so far."""

    records: Iterator[Record]
    done: Callable[[], int]


def is_xes(path: Path) -> bool:
    """Return whether the name is that of an XES log."""
    return path.name.lower().endswith((".xes", ".xes.gz"))


def bytes_to_read(path: Path) -> int:
    """Return how many bytes an import reads. XES is read twice, first to check it."""
    return path.stat().st_size * (2 if is_xes(path) else 1)


@contextmanager
def open_log(path: Path, mapping: LogMapping, progress: Callable[[int], None]) -> Iterator[OpenLog]:
    """Open a log. `progress` is called with the number of bytes checked so far.

    Raise `LogFileError`, also for XES that is not readable to its end, before the first record.
    """
    if is_xes(path):
        columns = sorted(mapping.columns())
        with _file(path) as raw:
            for _ in read_events(_unzipped(raw), columns):
                progress(raw.tell())
            checked = raw.tell()
        with _file(path) as raw:
            events = read_events(_unzipped(raw), columns)
            yield OpenLog(events, lambda: checked + raw.tell())
        return
    with TextIOWrapper(
        _file(path), encoding=mapping.file.encoding, errors="surrogateescape", newline=""
    ) as text:
        yield OpenLog(read_records(text, mapping.file.delimiter), text.buffer.tell)


def _file(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise LogFileError(message) from error


def _unzipped(raw: BufferedReader) -> BufferedIOBase:
    return gzip.open(raw) if raw.peek(len(_GZIP)).startswith(_GZIP) else raw
