"""The deliveries of notifications: sent, pending and dead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    case,
    exists,
    func,
    select,
    update,
)

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import DELIVERIES
from tracker.adapters.sql.upsert import IDS_A_QUERY, chunks, insert
from tracker.application.notifications.dispatcher import IN_HAND, Backlog, Delivery, State
from tracker.domain.errors import UnknownError
from tracker.domain.notifications.notifications import Notification

_OVERTAKEN = "A later notification of this dossier was sent before."
_AGAIN = {"state": State.WAITING.value, "attempts": 0, "reason": ""}


class UnknownDeliveryError(UnknownError):
    """There is no dead notification with this id."""


@dataclass(frozen=True)
class Sent:
    """The state of one delivery, for the operator."""

    id: str
    target: str
    code: str
    kind: str
    state: State
    attempts: int
    recorded_at: datetime
    changed_at: datetime
    due_at: datetime
    reason: str


class SqlDeliveries:
    """Stores deliveries. A rebuild of read models does not change them."""

    def __init__(self, engine: Engine) -> None:
        """Use this database."""
        self._engine = engine

    def add(self, target: str, notices: Sequence[Notification], at: datetime) -> None:
        """Store notifications to send. Deliveries that are already stored stay unchanged.

        Drop a notification if a later one of its dossier was already sent, to keep the order.
        """
        with writing(self._engine).begin() as connection:
            newest = _newest_sent(connection, target, {notice.dossier_id for notice in notices})
            rows = []
            for notice in notices:
                overtaken = notice.version < newest.get(notice.dossier_id, 0)
                rows.append(
                    {
                        "target": target,
                        "dossier_id": notice.dossier_id,
                        "version": notice.version,
                        "id": notice.message_id(target),
                        "code": notice.code,
                        "kind": notice.kind.value,
                        "notice": msgspec.json.encode(notice),
                        "recorded_at": notice.recorded_at,
                        "state": (State.DROPPED if overtaken else State.WAITING).value,
                        "attempts": 0,
                        "due_at": at,
                        "changed_at": at,
                        "reason": _OVERTAKEN if overtaken else "",
                    }
                )
            connection.execute(insert(connection)(DELIVERIES).on_conflict_do_nothing(), rows)

    def claim(self, target: str, at: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Claim up to `limit` due deliveries until `until`. Other processes then skip them.

        Claim only the oldest open delivery of each dossier. A claim that is not settled in time
        is due again.
        """
        c, earlier = DELIVERIES.c, DELIVERIES.alias()
        has_earlier = exists().where(
            earlier.c.target == c.target,
            earlier.c.dossier_id == c.dossier_id,
            earlier.c.version < c.version,
            earlier.c.state.in_(IN_HAND),
        )
        query = (
            select(DELIVERIES)
            .where(c.target == target, c.state.in_(IN_HAND), c.due_at <= at, ~has_earlier)
            .order_by(c.due_at, c.recorded_at)
            .limit(limit)
        )
        with self._engine.begin() as connection:
            if connection.execute(query.limit(1)).first() is None:
                return ()  # the usual case; it takes no write lock
        claimed: list[Delivery] = []
        with writing(self._engine).begin() as connection:
            for row in connection.execute(query.with_for_update(skip_locked=True)).all():
                connection.execute(
                    update(DELIVERIES)
                    .where(_is(row.target, row.dossier_id, row.version))
                    .values(state=State.SENDING.value, attempts=row.attempts + 1, due_at=until)
                )
                notice = msgspec.json.decode(row.notice, type=Notification)
                claimed.append(Delivery(target, notice, row.attempts + 1))
        return claimed

    def settle(
        self, delivery: Delivery, state: State, at: datetime, *, due_at: datetime, reason: str
    ) -> None:
        """Store the result of a delivery, unless another process has claimed it since."""
        notice = delivery.notification
        with writing(self._engine).begin() as connection:
            connection.execute(
                update(DELIVERIES)
                .where(
                    _is(delivery.target, notice.dossier_id, notice.version),
                    DELIVERIES.c.state == State.SENDING.value,
                    DELIVERIES.c.attempts == delivery.attempts,
                )
                .values(state=state.value, due_at=due_at, changed_at=at, reason=reason)
            )

    def backlogs(self, targets: Sequence[str]) -> list[Backlog]:
        """Return the backlog of each of these targets, in the given order."""
        c = DELIVERIES.c
        is_waiting = c.state.in_(IN_HAND)
        query = (
            select(
                c.target,
                func.count().filter(is_waiting),
                func.min(case((is_waiting, c.recorded_at))),
                func.count().filter(~is_waiting),
            )
            .where(c.target.in_(targets), c.state.in_((*IN_HAND, State.DEAD)))
            .group_by(c.target)
        )
        with self._engine.begin() as connection:
            backlogs = {row[0]: Backlog(*row) for row in connection.execute(query)}
        return [backlogs.get(target, Backlog(target, 0, None, 0)) for target in targets]

    def all(self, *, states: Sequence[State], limit: int) -> list[Sent]:
        """Return up to `limit` deliveries in these states, newest first."""
        c = DELIVERIES.c
        query = select(DELIVERIES).where(c.state.in_(states)).order_by(c.changed_at.desc(), c.id)
        with self._engine.begin() as connection:
            return [_sent(row) for row in connection.execute(query.limit(limit))]

    def retry(self, ids: Sequence[str], at: datetime) -> None:
        """Make dead deliveries due again, either all of these or none.

        Raise `UnknownDeliveryError`.
        """
        dead = and_(DELIVERIES.c.id.in_(ids), DELIVERIES.c.state == State.DEAD.value)
        with writing(self._engine).begin() as connection:
            revived = connection.execute(update(DELIVERIES).where(dead).values(**_AGAIN, due_at=at))
            if revived.rowcount != len(set(ids)):
                raise UnknownDeliveryError

    def replay(self, target: str, since: datetime, at: datetime) -> int:
        """Make all deliveries to this target recorded since then due again. Return their number."""
        again = and_(
            DELIVERIES.c.target == target,
            DELIVERIES.c.recorded_at >= since,
            DELIVERIES.c.state != State.SENDING.value,
        )
        with writing(self._engine).begin() as connection:
            return connection.execute(
                update(DELIVERIES).where(again).values(**_AGAIN, due_at=at, changed_at=at)
            ).rowcount


def _newest_sent(connection: Connection, target: str, dossier_ids: set[UUID]) -> dict[UUID, int]:
    c = DELIVERIES.c
    newest: dict[UUID, int] = {}
    for part in chunks(list(dossier_ids), IDS_A_QUERY):
        query = select(c.dossier_id, c.version).where(
            c.target == target,
            c.dossier_id.in_(part),
            c.state.in_((State.SENDING, State.SENT)),
        )
        for dossier_id, version in connection.execute(query):
            newest[dossier_id] = max(version, newest.get(dossier_id, 0))
    return newest


def _is(target: str, dossier_id: UUID, version: int) -> ColumnElement[bool]:
    c = DELIVERIES.c
    return and_(c.target == target, c.dossier_id == dossier_id, c.version == version)


def _sent(row: Row[tuple[object, ...]]) -> Sent:
    return Sent(
        row.id,
        row.target,
        row.code,
        row.kind,
        State(row.state),
        row.attempts,
        row.recorded_at,
        row.changed_at,
        row.due_at,
        row.reason,
    )
