"""How often somebody tried to open a dossier with the wrong digits; every API node counts here."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, and_, case, literal, select, tuple_, update

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.registry import WRONG_TRIES
from tracker.adapters.sql.tables import Instant
from tracker.adapters.sql.view import insert
from tracker.application.citizens import LOCKED_FOR, MOST_TRIES


@dataclass(frozen=True)
class Lock:
    """A dossier was locked after too many wrong tries; its owner is to be told."""

    dossier_id: UUID
    locked_at: datetime


class SqlWrongTries:
    """Counts tries before they are looked at, so that no two at once slip through as one."""

    def __init__(self, engine: Engine) -> None:
        """Count in this database."""
        self._engine = engine

    def begin(self, dossier_id: UUID, at: datetime) -> int:
        """Count one more try, and give the how-manieth it is within an hour of the last.

        After `MOST_TRIES` it is locked, and no further try moves the hour on.
        """
        table = WRONG_TRIES.c
        is_fresh = table.tried_at > at - LOCKED_FOR
        is_locked = and_(is_fresh, table.tries >= MOST_TRIES)
        with writing(self._engine).begin() as connection:
            first = insert(connection)(WRONG_TRIES).values(
                dossier_id=dossier_id, tries=1, tried_at=at
            )
            counted = first.on_conflict_do_update(
                index_elements=["dossier_id"],
                set_={
                    "tries": case((is_fresh, table.tries + 1), else_=1),
                    "tried_at": case((is_locked, table.tried_at), else_=literal(at, Instant)),
                },
            ).returning(table.tries)
            return int(connection.execute(counted).scalar_one())

    def forgive(self, dossier_id: UUID) -> None:
        """Begin to count anew: this try was right."""
        self._set(dossier_id, tries=0)

    def lock(self, dossier_id: UUID, at: datetime) -> None:
        """Note that the last try allowed was wrong."""
        self._set(dossier_id, locked_at=at)

    def locked_at(self, dossier_id: UUID) -> datetime | None:
        """Tell when the dossier was last locked."""
        row = select(WRONG_TRIES.c.locked_at).where(WRONG_TRIES.c.dossier_id == dossier_id)
        with self._engine.begin() as connection:
            return connection.scalar(row)

    def locks_since(self, moment: datetime, *, after: Lock | None, limit: int) -> list[Lock]:
        """List the dossiers locked since, their last lock each, earliest first."""
        table = WRONG_TRIES.c
        key = (table.locked_at, table.dossier_id)
        rows = select(*key).where(table.locked_at >= moment).order_by(*key).limit(limit)
        if after is not None:
            types = [column.type for column in key]
            rows = rows.where(tuple_(*key) > tuple_(after.locked_at, after.dossier_id, types=types))
        with self._engine.begin() as connection:
            found = connection.execute(rows).all()
        return [Lock(row.dossier_id, row.locked_at) for row in found]

    def _set(self, dossier_id: UUID, **values: object) -> None:
        with writing(self._engine).begin() as connection:
            of_it = WRONG_TRIES.c.dossier_id == dossier_id
            connection.execute(update(WRONG_TRIES).where(of_it).values(**values))
