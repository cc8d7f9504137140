"""The baseline of a batch: plain statements that insert the same rows into tables of the same form.

No triggers, no checks, no decisions: `INSERT … SELECT FROM unnest(…)`, 500 rows a statement, the
rows of one batch of Tracker in each transaction.
"""

import time
from types import TracebackType
from typing import Any, Self

import psycopg

from tracker.adapters.sql.binary_arrays import (
    BigintArray,
    ByteaArray,
    TextArray,
    UuidArray,
    send_binary_arrays,
)

_TABLES = ("stored_events", "requests", "dossier_keys")
_INSERTS = (
    (
        "INSERT INTO raw_stored_events (originator_id, originator_version, topic, state)"
        " SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::bytea[])"
    ),
    (
        "INSERT INTO raw_requests"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::text[], %s::bigint[],"
        " %s::bigint[])"
    ),
    "INSERT INTO raw_dossier_keys SELECT * FROM unnest(%s::uuid[], %s::bytea[])",
)


class RawInsert:
    """Inserts rows like the last ones that Tracker stored."""

    def __init__(self, url: str, *, like_the_last: int) -> None:
        """Use the newest intakes of this store as the pattern."""
        send_binary_arrays()
        self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self._count = like_the_last

    def __enter__(self) -> Self:
        """Make the tables."""
        for table in _TABLES:
            self._connection.execute(f"CREATE TABLE raw_{table} (LIKE {table} INCLUDING ALL)")
        self._pattern = self._read()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop them."""
        for table in _TABLES:
            self._connection.execute(f"DROP TABLE raw_{table}")
        self._connection.close()

    def rate(self, seconds: float) -> float:
        """Insert for this time; return the number of dossiers a second."""
        done, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds:
            with self._connection.transaction():
                for insert, rows in zip(_INSERTS, self._fresh(done), strict=True):
                    self._connection.execute(insert, rows)
            done += self._count
        self._connection.execute("TRUNCATE raw_stored_events, raw_requests, raw_dossier_keys")
        return done / elapsed

    def _read(self) -> list[tuple[Any, ...]]:
        return self._connection.execute(
            "SELECT e.originator_id, e.topic, e.state, r.source, r.event_id, r.digest, r.code,"
            " k.wrapped FROM stored_events e"
            " JOIN requests r ON r.position = e.notification_id"
            " JOIN dossier_keys k ON k.dossier_id = e.originator_id"
            " ORDER BY e.notification_id DESC LIMIT %s",
            (self._count,),
        ).fetchall()

    def _fresh(self, done: int) -> list[tuple[object, ...]]:
        """Return the rows of the pattern with new ids."""
        rows = self._pattern
        ids = [type(row[0])(int=row[0].int ^ (done + 1)) for row in rows]
        ones = BigintArray.of([1] * len(rows))
        return [
            (
                UuidArray.of(ids),
                ones,
                TextArray.of([row[1] for row in rows]),
                ByteaArray.of([row[2] for row in rows]),
            ),
            (
                TextArray.of([row[3] for row in rows]),
                TextArray.of([f"{row[4]}.{done}" for row in rows]),
                ByteaArray.of([row[5] for row in rows]),
                TextArray.of([row[6] for row in rows]),
                ones,
                ones,
            ),
            (UuidArray.of(ids), ByteaArray.of([row[7] for row in rows])),
        ]
