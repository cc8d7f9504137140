"""Lists the dossiers of an office by the time of their receipt."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select

from tracker.adapters.sql.columns import table_of
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.projections.dossier.promises import SlaRow


class SqlIntakes:
    """Reads the read model of promises."""

    def __init__(self, promises: SqlReadModel) -> None:
        """Read this model."""
        self._promises = promises

    def of(self, office: str, since: datetime, until: datetime, most: int) -> Sequence[UUID]:
        """Return up to `most` dossiers received from `since` until before `until`, oldest first."""
        with self._promises.reading() as (connection, generation):
            c = table_of(SlaRow, generation).c
            query = (
                select(c.dossier_id)
                .where(c.received_at >= since, c.received_at < until)
                .where(or_(c.received_at_office == office, c.decided_by == office))
                .order_by(c.received_at, c.code)
                .limit(most)
            )
            return list(connection.scalars(query))
