"""The epochs of this event store: one row for each restore."""

from collections.abc import Sequence
from datetime import UTC, date

from msgspec import json
from sqlalchemy import Connection, Engine, select

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import STORE_EPOCHS
from tracker.application.recovery.epochs import Epoch


class SqlStoreEpochs:
    """Stores epochs in the database of the events, so that a backup contains both."""

    def __init__(self, engine: Engine) -> None:
        """Use this database."""
        self._engine = engine

    def all(self) -> Sequence[Epoch]:
        """Return all epochs except the first, oldest first."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(STORE_EPOCHS).order_by(STORE_EPOCHS.c.number)).all()
        return [
            Epoch(
                number=row.number,
                began_at=row.began_at,
                head=row.head,
                seen=row.seen,
                source=row.source,
                by=row.decided_by,
                decision=row.decision,
                kept_checkpoint=row.kept_checkpoint,
                lost_checkpoints=tuple(json.decode(row.lost_checkpoints, type=list[str])),
            )
            for row in rows
        ]

    def current(self) -> int:
        """Return the number of the current epoch."""
        return max((epoch.number for epoch in self.all()), default=0)

    def add(self, epoch: Epoch) -> None:
        """Store a new epoch."""
        with writing(self._engine).begin() as connection:
            connection.execute(
                STORE_EPOCHS.insert().values(
                    number=epoch.number,
                    began_at=epoch.began_at,
                    head=epoch.head,
                    seen=epoch.seen,
                    source=epoch.source,
                    decided_by=epoch.by,
                    decision=epoch.decision,
                    kept_checkpoint=epoch.kept_checkpoint,
                    lost_checkpoints=json.encode(epoch.lost_checkpoints).decode(),
                )
            )


def begun(connection: Connection) -> list[tuple[int, date]]:
    """Return the number of each epoch and its first date in UTC."""
    rows = connection.execute(select(STORE_EPOCHS.c.number, STORE_EPOCHS.c.began_at))
    return [(row.number, row.began_at.astimezone(UTC).date()) for row in rows]
