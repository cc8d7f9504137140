"""Reads pending notifications: of events, and of failed attempts to guess digits."""

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
    """Reads the read model of notifications."""

    def __init__(self, notifications: SqlReadModel) -> None:
        """Read this model."""
        self._notifications = notifications

    def since(
        self, moment: datetime, *, after: Notification | None, limit: int
    ) -> Sequence[PendingNotification]:
        """Return notifications recorded since `moment` and after `after`, oldest first."""
        with self._notifications.reading() as (connection, generation):
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
            return [_pending(dict(row)) for row in connection.execute(query).mappings()]


class SqlLockOutbox:
    """Reads which dossiers had failed attempts, and whom to notify of them.

    A failed attempt is not an event: a stranger must not be able to write into a history.
    """

    def __init__(self, attempts: SqlFailedAttempts, notifications: SqlReadModel) -> None:
        """Read these."""
        self._attempts = attempts
        self._notifications = notifications

    def since(
        self, moment: datetime, *, after: Notification | None, limit: int
    ) -> Sequence[PendingNotification]:
        """Return notifications of locks since `moment` and after `after`, oldest first."""
        last = Lock(after.dossier_id, after.recorded_at) if after else None
        locks = self._attempts.locks_since(moment, after=last, limit=limit)
        with self._notifications.reading() as (connection, generation):
            audience = table_of(AudienceRow, generation)
            query = select(audience).where(
                audience.c.dossier_id.in_([lock.dossier_id for lock in locks])
            )
            rows = {row.dossier_id: row for row in connection.execute(query)}
        return [
            PendingNotification(
                notification_of_lock(lock.dossier_id, row.code, lock.locked_at),
                _channels(row.channels),
                row.agreed_at,
            )
            for lock in locks
            if (row := rows.get(lock.dossier_id))
        ]


def _pending(row: dict[str, object]) -> PendingNotification:
    channels, agreed_at = str(row.pop("channels")), row.pop("agreed_at")
    notification = Notification(**row | {"kind": NotificationKind(str(row["kind"]))})  # type: ignore[arg-type]
    return PendingNotification(
        notification, _channels(channels), agreed_at if isinstance(agreed_at, datetime) else None
    )


def _channels(joined: str) -> frozenset[str]:
    return frozenset(filter(None, joined.split(",")))
