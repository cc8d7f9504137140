"""The access log: who read which dossier."""

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
    """One access to a dossier."""

    what: str
    role: str
    actor: str
    office: str
    read_at: datetime
    reason: str


class SqlAccessLog:
    """Stores every access to a dossier by a signed-in user."""

    def __init__(self, engine: Engine) -> None:
        """Use this database."""
        self._engine = engine

    def record(
        self, dossier_id: UUID, actor: Actor, what: str, at: datetime, reason: str = ""
    ) -> None:
        """Store an access. Call this before the answer is sent."""
        self.record_all([dossier_id], actor, what, at, reason)

    def record_all(
        self, dossier_ids: Sequence[UUID], actor: Actor, what: str, at: datetime, reason: str
    ) -> None:
        """Store an access to each of these dossiers. Call this before the answer is sent."""
        if not dossier_ids:
            return
        access = {
            "what": what,
            "role": actor.role.value,
            "actor": actor.id,
            "office": actor.office,
            "read_at": at,
            "reason": reason,
        }
        with writing(self._engine).begin() as connection:
            connection.execute(
                READS.insert(),
                [access | {"dossier_id": dossier_id.hex} for dossier_id in dossier_ids],
            )

    def forget_reasons(self, dossier_id: UUID) -> None:
        """Delete the reasons of all accesses to a dossier: they may name the citizen."""
        with writing(self._engine).begin() as connection:
            is_of_dossier = READS.c.dossier_id == dossier_id.hex
            connection.execute(update(READS).where(is_of_dossier).values(reason=""))

    def of(self, dossier_id: UUID) -> list[AccessRecord]:
        """Return the accesses to a dossier, oldest first."""
        with self._engine.begin() as connection:
            rows = connection.execute(
                select(READS).where(READS.c.dossier_id == dossier_id.hex).order_by(READS.c.id)
            ).all()
        return [
            AccessRecord(row.what, row.role, row.actor, row.office, row.read_at, row.reason)
            for row in rows
        ]
