"""Choose the writer of each export format."""

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
    """Writes dossiers in one format."""

    def add(self, exported: ExportedDossier) -> None:
        """Write a dossier."""

    def finish(self) -> None:
        """Write the end of the file."""


def writer(form: Form, file: Sink, zone: tzinfo, folder: Path, resources: ExitStack) -> Writer:
    """Return a writer of this format. Its temporary file is in `folder` and closed by `resources`.

    Raise `NoParquetError`.
    """
    match form:
        case Form.NDJSON:
            return NdjsonFile(file)
        case Form.CSV:
            return CsvFile(file, zone)
        case Form.PARQUET:
            return resources.enter_context(closing(ParquetFile(file, zone)))
        case Form.XES:
            return XesFile(file, zone)
        case Form.OCEL:
            aside = resources.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115  `resources` closes it
            return OcelFile(file, zone, aside)
