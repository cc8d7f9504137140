"""Who read which dossier."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, select, update

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import READS
from tracker.domain.dossier.actors import Actor


@dataclass(frozen=True)
class AccessRecord:
    """One look at a dossier."""

    what: str
    role: str
    actor: str
    office: str
    read_at: datetime
    reason: str


class SqlAccessLog:
    """Keeps every look at a dossier by somebody signed in."""

    def __init__(self, engine: Engine) -> None:
        """Keep them in this database."""
        self._engine = engine

    def record(
        self, dossier_id: UUID, actor: Actor, what: str, at: datetime, reason: str = ""
    ) -> None:
        """Note a look before its answer is given."""
        self.record_all([dossier_id], actor, what, at, reason)

    def record_all(
        self, dossier_ids: Sequence[UUID], actor: Actor, what: str, at: datetime, reason: str
    ) -> None:
        """Note a look at each of these dossiers before the answer is given."""
        if not dossier_ids:
            return
        look = {
            "what": what,
            "role": actor.role.value,
            "actor": actor.id,
            "office": actor.office,
            "read_at": at,
            "reason": reason,
        }
        with writing(self._engine).begin() as connection:
            connection.execute(
                READS.insert(), [look | {"dossier_id": one.hex} for one in dossier_ids]
            )

    def forget_reasons(self, dossier_id: UUID) -> None:
        """Overwrite why somebody looked, in words that may name the person; who did stays."""
        with writing(self._engine).begin() as connection:
            of_it = READS.c.dossier_id == dossier_id.hex
            connection.execute(update(READS).where(of_it).values(reason=""))

    def of(self, dossier_id: UUID) -> list[AccessRecord]:
        """List the looks at a dossier, oldest first."""
        with self._engine.begin() as connection:
            rows = connection.execute(
                select(READS).where(READS.c.dossier_id == dossier_id.hex).order_by(READS.c.id)
            ).all()
        return [
            AccessRecord(row.what, row.role, row.actor, row.office, row.read_at, row.reason)
            for row in rows
        ]
