"""The dossiers whose keys are lost, as a recorded decision accepts them."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Engine, select

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import LOST_KEYS
from tracker.application.recovery.key_loss import LostKey


class SqlLostKeys:
    """Keeps them beside the events."""

    def __init__(self, engine: Engine) -> None:
        """Keep them in this database."""
        self._engine = engine

    def all(self) -> Sequence[LostKey]:
        """Return them in the order of codes."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(LOST_KEYS).order_by(LOST_KEYS.c.code)).all()
        return [
            LostKey(row.dossier_id, row.code, row.decided_at, row.decided_by, row.decision)
            for row in rows
        ]

    def add(self, lost: Iterable[LostKey]) -> None:
        """Store more; a dossier that is there already keeps its first decision."""
        with writing(self._engine).begin() as connection:
            known = set(connection.scalars(select(LOST_KEYS.c.dossier_id)))
            rows = [
                {
                    "dossier_id": one.dossier_id,
                    "code": one.code,
                    "decided_at": one.decided_at,
                    "decided_by": one.by,
                    "decision": one.decision,
                }
                for one in lost
                if one.dossier_id not in known
            ]
            if rows:
                connection.execute(LOST_KEYS.insert(), rows)
