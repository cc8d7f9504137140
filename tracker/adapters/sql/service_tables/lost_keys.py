"""The dossiers whose keys are lost, each with the decision that accepts the loss."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Engine, select

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import LOST_KEYS
from tracker.application.recovery.key_loss import LostKey


class SqlLostKeys:
    """Stores lost keys."""

    def __init__(self, engine: Engine) -> None:
        """Use this database."""
        self._engine = engine

    def all(self) -> Sequence[LostKey]:
        """Return all lost keys, in the order of codes."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(LOST_KEYS).order_by(LOST_KEYS.c.code)).all()
        return [
            LostKey(row.dossier_id, row.code, row.decided_at, row.decided_by, row.decision)
            for row in rows
        ]

    def add(self, lost: Iterable[LostKey]) -> None:
        """Store lost keys. A dossier that is already stored keeps its first decision."""
        with writing(self._engine).begin() as connection:
            known = set(connection.scalars(select(LOST_KEYS.c.dossier_id)))
            rows = [
                {
                    "dossier_id": key.dossier_id,
                    "code": key.code,
                    "decided_at": key.decided_at,
                    "decided_by": key.by,
                    "decision": key.decision,
                }
                for key in lost
                if key.dossier_id not in known
            ]
            if rows:
                connection.execute(LOST_KEYS.insert(), rows)
