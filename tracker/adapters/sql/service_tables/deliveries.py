"""What was told to whom, and what is still to be told."""

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
from tracker.adapters.sql.upsert import insert
from tracker.application.notifications.dispatcher import IN_HAND, Backlog, Delivery, State
from tracker.domain.errors import UnknownError
from tracker.domain.notifications.notifications import Notification

_IDS_A_QUERY = 500
_OVERTAKEN = "A later one of this dossier was sent before it."
_AGAIN = {"state": State.WAITING.value, "attempts": 0, "reason": ""}


class UnknownDeliveryError(UnknownError):
    """There is no dead message of this id."""


@dataclass(frozen=True)
class Sent:
    """A line for the operator: what became of a message."""

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
    """Keeps them beside the events, where no rebuild reaches them."""

    def __init__(self, engine: Engine) -> None:
        """Keep them in this database."""
        self._engine = engine

    def add(self, target: str, notices: Sequence[Notification], at: datetime) -> None:
        """Note what is to be sent; what is noted already stays as it is.

        One that comes after a later one of its dossier was sent is dropped: never the wrong order.
        """
        with writing(self._engine).begin() as connection:
            newest = _newest_sent(connection, target, {one.dossier_id for one in notices})
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
        """Take what is due, of each dossier the oldest in hand only; nobody else takes it `until`.

        What another claimed and did not settle by `at` is due again.
        """
        c, earlier = DELIVERIES.c, DELIVERIES.alias()
        waits = exists().where(
            earlier.c.target == c.target,
            earlier.c.dossier_id == c.dossier_id,
            earlier.c.version < c.version,
            earlier.c.state.in_(IN_HAND),
        )
        query = (
            select(DELIVERIES)
            .where(c.target == target, c.state.in_(IN_HAND), c.due_at <= at, ~waits)
            .order_by(c.due_at, c.recorded_at)
            .limit(limit)
        )
        with self._engine.begin() as connection:
            if connection.execute(query.limit(1)).first() is None:
                return ()  # the usual case, and no reason to keep others from writing
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
        """Note what became of it, unless another has claimed it since."""
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

    # --------------------------------------------------------- for operators

    def backlogs(self, targets: Sequence[str]) -> list[Backlog]:
        """Tell of each of these targets what it was not told."""
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
            found = {row[0]: Backlog(*row) for row in connection.execute(query)}
        return [found.get(target, Backlog(target, 0, None, 0)) for target in targets]

    def all(self, *, states: Sequence[State], limit: int) -> list[Sent]:
        """List what is in these states, newest first."""
        c = DELIVERIES.c
        query = select(DELIVERIES).where(c.state.in_(states)).order_by(c.changed_at.desc(), c.id)
        with self._engine.begin() as connection:
            return [_sent(row) for row in connection.execute(query.limit(limit))]

    def retry(self, ids: Sequence[str], at: datetime) -> None:
        """Let dead messages be tried again, all of those named or none.

        Raise `UnknownDeliveryError`.
        """
        dead = and_(DELIVERIES.c.id.in_(ids), DELIVERIES.c.state == State.DEAD.value)
        with writing(self._engine).begin() as connection:
            revived = connection.execute(update(DELIVERIES).where(dead).values(**_AGAIN, due_at=at))
            if revived.rowcount != len(set(ids)):
                raise UnknownDeliveryError

    def replay(self, target: str, since: datetime, at: datetime) -> int:
        """Let everything heard of since go to this target again; tell how much was noted before."""
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
    c, ids = DELIVERIES.c, list(dossier_ids)
    newest: dict[UUID, int] = {}
    for start in range(0, len(ids), _IDS_A_QUERY):
        query = select(c.dossier_id, c.version).where(
            c.target == target,
            c.dossier_id.in_(ids[start : start + _IDS_A_QUERY]),
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
