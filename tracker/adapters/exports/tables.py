"""Tables with a row for each event: CSV, and Parquet if the extra `[parquet]` is installed."""

import csv
import io
from collections.abc import Callable
from datetime import tzinfo
from importlib.util import find_spec
from typing import Any

from tracker.adapters.exports.columns import COLUMNS, ColumnKind, RowValues, as_text, table_rows
from tracker.adapters.exports.sinks import Sink
from tracker.application.queries.export import ExportedDossier, NoParquetError

ROWS_A_GROUP = 10_000


class CsvFile:
    """Writes CSV (RFC 4180) in UTF-8, with the column names in the first line."""

    def __init__(self, file: Sink, zone: tzinfo) -> None:
        """Write to this file, times in this zone."""
        self._file = file
        self._zone = zone
        self._text = io.StringIO(newline="")
        self._csv = csv.writer(self._text)
        self._write([list(COLUMNS)])

    def add(self, exported: ExportedDossier) -> None:
        """Write the rows of a dossier."""
        self._write(
            [[as_text(row[name]) for name in COLUMNS] for row in table_rows(exported, self._zone)]
        )

    def finish(self) -> None:
        """Do nothing: nothing follows the last row."""

    def _write(self, rows: list[list[str]]) -> None:
        self._csv.writerows(rows)
        self._file.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()


class ParquetFile:
    """Writes Parquet in row groups; times are in UTC, to the microsecond."""

    def __init__(self, file: Sink, zone: tzinfo, *, rows_a_group: int = ROWS_A_GROUP) -> None:
        """Write to this file. Raise `NoParquetError` if pyarrow is not installed."""
        if find_spec("pyarrow") is None:
            raise NoParquetError
        import pyarrow as pa  # noqa: PLC0415  an optional package
        from pyarrow import parquet  # noqa: PLC0415  as above

        kinds: dict[ColumnKind, Any] = {
            ColumnKind.TEXT: pa.string(),
            ColumnKind.NUMBER: pa.int64(),
            ColumnKind.FLAG: pa.bool_(),
            ColumnKind.TIME: pa.timestamp("us", tz="UTC"),
        }
        schema = pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
        self._table: Callable[[list[RowValues]], Any] = lambda rows: pa.Table.from_pylist(
            rows, schema=schema
        )
        self._parquet: Any = parquet.ParquetWriter(file, schema, compression="zstd")
        self._zone = zone
        self._rows_a_group = rows_a_group
        self._rows: list[RowValues] = []

    def add(self, exported: ExportedDossier) -> None:
        """Add the rows of a dossier, and write the row group when it is full."""
        self._rows += table_rows(exported, self._zone)
        if len(self._rows) >= self._rows_a_group:
            self._write()

    def finish(self) -> None:
        """Write the remaining rows and the footer."""
        if self._rows:
            self._write()
        self.close()

    def close(self) -> None:
        """Close the Parquet writer, finished or not."""
        self._parquet.close()

    def _write(self) -> None:
        self._parquet.write_table(self._table(self._rows))
        self._rows = []
