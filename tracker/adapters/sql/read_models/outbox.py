"""Reads what is to be told, for those who send it: of events, and of digits tried in vain."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, tuple_

from tracker.adapters.sql.columns import table_of
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.adapters.sql.service_tables.failed_attempts import Lock, SqlFailedAttempts
from tracker.application.notifications.dispatcher import PendingNotification
from tracker.domain.notifications.notifications import (
    Notification,
    NotificationKind,
    notification_of_lock,
)
from tracker.projections.notifications import AudienceRow, OutboxRow


class SqlOutbox:
    """Reads the model of messages."""

    def __init__(self, messages: SqlReadModel) -> None:
        """Read this model."""
        self._messages = messages

    def since(
        self, moment: datetime, *, after: Notification | None, limit: int
    ) -> Sequence[PendingNotification]:
        """Return lines heard of since, oldest first, those following on `after`."""
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


class SqlLockOutbox:
    """Reads at which dossiers digits were tried, and in the model of messages who is told of it.

    This is no event: else a stranger could write in anybody's history.
    """

    def __init__(self, tries: SqlFailedAttempts, messages: SqlReadModel) -> None:
        """Read these."""
        self._tries = tries
        self._messages = messages

    def since(
        self, moment: datetime, *, after: Notification | None, limit: int
    ) -> Sequence[PendingNotification]:
        """Return what was tried since, oldest first, following on `after`."""
        last = Lock(after.dossier_id, after.recorded_at) if after else None
        locks = self._tries.locks_since(moment, after=last, limit=limit)
        with self._messages.reading() as (connection, generation):
            audience = table_of(AudienceRow, generation)
            query = select(audience).where(
                audience.c.dossier_id.in_([one.dossier_id for one in locks])
            )
            told = {row.dossier_id: row for row in connection.execute(query)}
        return [
            PendingNotification(
                notification_of_lock(one.dossier_id, row.code, one.locked_at),
                _channels(row.channels),
                row.agreed_at,
            )
            for one in locks
            if (row := told.get(one.dossier_id))
        ]


def _waiting(row: dict[str, object]) -> PendingNotification:
    channels, agreed_at = str(row.pop("channels")), row.pop("agreed_at")
    notice = Notification(**row | {"kind": NotificationKind(str(row["kind"]))})  # type: ignore[arg-type]
    return PendingNotification(
        notice, _channels(channels), agreed_at if isinstance(agreed_at, datetime) else None
    )


def _channels(joined: str) -> frozenset[str]:
    return frozenset(filter(None, joined.split(",")))
