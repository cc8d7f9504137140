"""Counts failed attempts to guess digits, per dossier and per network, for all API nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)

from tracker.adapters.sql.columns import Instant, microseconds
from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import WRONG_TRIES
from tracker.adapters.sql.upsert import insert
from tracker.application.queries.guessing import Key
from tracker.domain.notifications.notifications import LOCK_NOTIFICATION_INTERVAL

_UNIT = 1_000
"""Levels are stored in thousandths, so that they can sink evenly."""

_MICROSECOND = timedelta(microseconds=1)
_KEPT_FOR = timedelta(days=3)
_ALARMS_KEPT_FOR = timedelta(days=100)
_TIDY_EVERY = 500
_MOST_ROWS = 300_000


@dataclass(frozen=True)
class Lock:
    """A dossier with too many failed attempts. Its owner gets a notification."""

    dossier_id: UUID
    locked_at: datetime


class SqlFailedAttempts:
    """Stores a level for each id: the id of a dossier, or a pseudonym of a network.

    Each attempt is counted before it is checked, so two attempts at once count as two. Expired
    rows are deleted, and also the oldest rows if there are too many.
    """

    def __init__(self, engine: Engine, *, most_rows: int = _MOST_ROWS) -> None:
        """Use this database, with at most about `most_rows` rows."""
        self._engine = engine
        self._most_rows = most_rows
        self._added = count(1)

    def levels(self, keys: Sequence[Key], at: datetime) -> list[float]:
        """Return the level of each key."""
        rows = select(WRONG_TRIES).where(WRONG_TRIES.c.dossier_id.in_([key.id for key in keys]))
        with self._engine.begin() as connection:
            stored = {row.dossier_id: row for row in connection.execute(rows)}
        return [
            _sunk(stored[key.id].tries, at - stored[key.id].tried_at, key) / _UNIT
            if key.id in stored
            else 0
            for key in keys
        ]

    def add(self, keys: Sequence[Key], at: datetime) -> list[float]:
        """Raise each level by one, up to its maximum. Return the new levels."""
        levels: dict[UUID, int] = {}
        with writing(self._engine).begin() as connection:
            for key in _in_order(keys):
                first = insert(connection)(WRONG_TRIES).values(
                    dossier_id=key.id, tries=_UNIT, tried_at=at
                )
                added = first.on_conflict_do_update(
                    index_elements=["dossier_id"],
                    set_={
                        "tries": _least(_level(key, at) + _UNIT, key.most * _UNIT),
                        "tried_at": literal(at, Instant),
                    },
                ).returning(WRONG_TRIES.c.tries)
                levels[key.id] = int(connection.execute(added).scalar_one())
            if next(self._added) % _TIDY_EVERY == 0:
                self._tidy(connection, at)
        return [levels[key.id] / _UNIT for key in keys]

    def take_back(self, keys: Sequence[Key], at: datetime, count: int) -> None:
        """Lower each level by `count`, but not below 0."""
        with writing(self._engine).begin() as connection:
            for key in _in_order(keys):
                level = _level(key, at) - count * _UNIT
                lowered = case((level > 0, level), else_=0)
                has_id = WRONG_TRIES.c.dossier_id == key.id
                connection.execute(
                    update(WRONG_TRIES).where(has_id).values(tries=lowered, tried_at=at)
                )

    def forget(self, key: Key) -> None:
        """Set the level of this key to 0."""
        with writing(self._engine).begin() as connection:
            has_id = WRONG_TRIES.c.dossier_id == key.id
            connection.execute(update(WRONG_TRIES).where(has_id).values(tries=0))

    def alarm(self, dossier_id: UUID, at: datetime) -> None:
        """Store that this dossier has too many failed attempts, at most every eight hours."""
        table = WRONG_TRIES.c
        is_due = or_(table.locked_at.is_(None), table.locked_at <= at - LOCK_NOTIFICATION_INTERVAL)
        with writing(self._engine).begin() as connection:
            connection.execute(
                update(WRONG_TRIES)
                .where(table.dossier_id == dossier_id, is_due)
                .values(locked_at=at)
            )

    def locked_at(self, dossier_id: UUID) -> datetime | None:
        """Return when this dossier last had too many failed attempts, or `None`."""
        row = select(WRONG_TRIES.c.locked_at).where(WRONG_TRIES.c.dossier_id == dossier_id)
        with self._engine.begin() as connection:
            return connection.scalar(row)

    def locks_since(self, moment: datetime, *, after: Lock | None, limit: int) -> list[Lock]:
        """Return the dossiers with too many failed attempts since, each once, earliest first."""
        table = WRONG_TRIES.c
        key = (table.locked_at, table.dossier_id)
        rows = select(*key).where(table.locked_at >= moment).order_by(*key).limit(limit)
        if after is not None:
            types = [column.type for column in key]
            rows = rows.where(tuple_(*key) > tuple_(after.locked_at, after.dossier_id, types=types))
        with self._engine.begin() as connection:
            return [Lock(row.dossier_id, row.locked_at) for row in connection.execute(rows)]

    def _tidy(self, connection: Connection, at: datetime) -> None:
        table = WRONG_TRIES.c
        is_over = or_(
            and_(table.locked_at.is_(None), table.tried_at < at - _KEPT_FOR),
            table.tried_at < at - _ALARMS_KEPT_FOR,
        )
        connection.execute(delete(WRONG_TRIES).where(is_over))
        rows = connection.execute(select(func.count()).select_from(WRONG_TRIES)).scalar_one()
        if rows > self._most_rows:
            oldest = select(table.dossier_id).order_by(table.tried_at)
            surplus = oldest.limit(rows - self._most_rows + self._most_rows // 10)
            connection.execute(delete(WRONG_TRIES).where(table.dossier_id.in_(surplus)))


def _in_order(keys: Sequence[Key]) -> list[Key]:
    """Return the keys in one fixed order, so that two transactions cannot deadlock."""
    return sorted(keys, key=lambda key: key.id)


def _sunk(level: int, elapsed: timedelta, key: Key) -> int:
    return max(0, level - max(elapsed, timedelta()) * _UNIT // key.sinks_every)


def _level(key: Key, at: datetime) -> ColumnElement[int]:
    """Return the level at a moment as an SQL expression, equal to `_sunk`."""
    table = WRONG_TRIES.c
    elapsed = literal(microseconds(at), BigInteger) - type_coerce(table.tried_at, BigInteger)
    sunk = elapsed // literal(key.sinks_every // _MICROSECOND // _UNIT, BigInteger)
    return case(
        (elapsed <= 0, table.tries),
        (sunk >= table.tries, 0),
        else_=table.tries - sunk,
    )


def _least(level: ColumnElement[int], most: int) -> ColumnElement[int]:
    return case((level > most, most), else_=level)
