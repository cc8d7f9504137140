"""Reads the outbox for those who send what is in it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, tuple_

from tracker.adapters.sql.read_model import SqlReadModel
from tracker.adapters.sql.tables import table_of
from tracker.application.sending import Waiting
from tracker.domain.notices import Notice, NoticeKind
from tracker.projections.messages import AudienceRow, OutboxRow


class SqlOutbox:
    """Reads the model of messages."""

    def __init__(self, messages: SqlReadModel) -> None:
        """Read this model."""
        self._messages = messages

    def since(self, moment: datetime, *, after: Notice | None, limit: int) -> Sequence[Waiting]:
        """Give lines heard of since, oldest first, those following on `after`."""
        with self._messages.reading() as (connection, generation):
            outbox = table_of(OutboxRow, generation)
            audience = table_of(AudienceRow, generation)
            key = (outbox.c.recorded_at, outbox.c.dossier_id, outbox.c.version)
            query = (
                select(outbox, audience.c.channels, audience.c.agreed_at)
                .join(audience, audience.c.dossier_id == outbox.c.dossier_id)
                .where(outbox.c.recorded_at >= moment)
                .order_by(*key)
                .limit(limit)
            )
            if after is not None:
                last = tuple_(
                    after.recorded_at,
                    after.dossier_id,
                    after.version,
                    types=[column.type for column in key],
                )
                query = query.where(tuple_(*key) > last)
            return [_waiting(dict(row)) for row in connection.execute(query).mappings()]


def _waiting(row: dict[str, object]) -> Waiting:
    channels, agreed_at = str(row.pop("channels")), row.pop("agreed_at")
    notice = Notice(**row | {"kind": NoticeKind(str(row["kind"]))})  # type: ignore[arg-type]
    return Waiting(
        notice,
        frozenset(filter(None, channels.split(","))),
        agreed_at if isinstance(agreed_at, datetime) else None,
    )
