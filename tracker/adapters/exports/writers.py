"""Who writes which form."""

import tempfile
from contextlib import ExitStack, closing
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from tracker.adapters.exports.lines import NdjsonFile
from tracker.adapters.exports.ocel import OcelFile
from tracker.adapters.exports.sinks import Sink
from tracker.adapters.exports.tables import CsvFile, ParquetFile
from tracker.adapters.exports.xes import XesFile
from tracker.application.queries.export import ExportedDossier, Form


class Writer(Protocol):
    """Writes dossiers in one form."""

    def add(self, taken: ExportedDossier) -> None:
        """Write a dossier."""

    def finish(self) -> None:
        """Write what comes last."""


def writer(form: Form, file: Sink, zone: tzinfo, folder: Path, opened: ExitStack) -> Writer:
    """Begin to write this form; what it must put aside is in `folder`, closed with `opened`.

    Raise `NoParquetError`.
    """
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
            aside = opened.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115  it is
            return OcelFile(file, zone, aside)
