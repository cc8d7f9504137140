"""The contract of stored deliveries: each once, in order for each dossier, none lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from tracker.adapters.sql.service_tables.deliveries import Sent, SqlDeliveries, UnknownDeliveryError
from tracker.adapters.sql.service_tables.service_tables import create_service_tables
from tracker.application.notifications.dispatcher import Backlog, Delivery, State
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.notifications.notifications import Notification, NotificationKind

NOW = datetime(2026, 11, 22, 2, 10, 0, 123_456, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ONE, OTHER, THIRD = (f"H26.05-261122-000{number}" for number in (1, 2, 3))


@pytest.fixture
def engine(engine: Engine) -> Engine:
    """Return an engine whose database has the tables of the service."""
    create_service_tables(engine)
    return engine


@pytest.fixture
def deliveries(engine: Engine) -> SqlDeliveries:
    return SqlDeliveries(engine)


def notice(version: int, code: str = ONE, **fields: object) -> Notification:
    values: dict[str, object] = {
        "dossier_id": dossier_id(code),
        "version": version,
        "code": code,
        "kind": NotificationKind.FEE_ASKED,
        "occurred_at": NOW - timedelta(hours=1),
        "recorded_at": NOW - timedelta(minutes=10) + timedelta(seconds=version),
        "amount": 50_000,
    }
    return Notification(**values | fields)  # type: ignore[arg-type]


def claim(
    deliveries: SqlDeliveries, at: datetime = NOW, target: str = "sms", limit: int = 10
) -> list[Delivery]:
    return list(deliveries.claim(target, at, at + timedelta(minutes=5), limit))


def settle(deliveries: SqlDeliveries, delivery: Delivery, state: State, at: datetime = NOW) -> None:
    deliveries.settle(delivery, state, at, due_at=at + timedelta(minutes=1), reason="so")


def states(deliveries: SqlDeliveries) -> dict[tuple[str, int], State]:
    by_id = {row.id: row for row in deliveries.all(states=list(State), limit=1000)}
    return {
        (target, version): by_id[name].state
        for target in ("sms", "email")
        for version in range(1, 9)
        if (name := notice(version).message_id(target)) in by_id
    }


def test_what_is_claimed_is_what_was_added_to_the_last_field(deliveries: SqlDeliveries) -> None:
    whole = notice(1, due_at=LATER, carrier="VNPOST", number="X1")
    deliveries.add("sms", [whole], NOW)
    assert claim(deliveries) == [Delivery("sms", whole, 1)]


def test_a_notice_added_again_is_there_once_and_stays_as_it_was(deliveries: SqlDeliveries) -> None:
    deliveries.add("sms", [notice(1)], NOW)
    (claimed,) = claim(deliveries)
    settle(deliveries, claimed, State.SENT)
    deliveries.add("sms", [notice(1), notice(1)], LATER)
    assert states(deliveries) == {("sms", 1): State.SENT}
    assert claim(deliveries, LATER) == []


def test_each_target_has_its_own(deliveries: SqlDeliveries) -> None:
    deliveries.add("sms", [notice(1)], NOW)
    deliveries.add("email", [notice(1)], NOW)
    settle(deliveries, claim(deliveries, target="email")[0], State.DEAD)
    assert states(deliveries) == {("sms", 1): State.WAITING, ("email", 1): State.DEAD}


@pytest.mark.parametrize("end", [State.SENT, State.DEAD, State.DROPPED])
def test_a_dossiers_next_waits_until_the_one_before_has_come_to_its_end(
    deliveries: SqlDeliveries, end: State
) -> None:
    deliveries.add("sms", [notice(4), notice(2), notice(1, OTHER)], NOW)
    first = claim(deliveries)
    assert {(delivery.notification.code, delivery.notification.version) for delivery in first} == {
        (ONE, 2),
        (OTHER, 1),
    }
    assert claim(deliveries) == []
    mine = next(delivery for delivery in first if delivery.notification.code == ONE)
    settle(deliveries, mine, State.WAITING)
    assert claim(deliveries) == []
    (again,) = claim(deliveries, NOW + timedelta(minutes=1))
    assert (again.notification.version, again.attempts) == (2, 2)
    settle(deliveries, again, end, LATER)
    assert [
        delivery.notification.version
        for delivery in claim(deliveries, LATER)
        if delivery.notification.code == ONE
    ] == [4]


def test_what_a_dead_sender_had_in_hand_is_due_again_when_its_lease_ends(
    deliveries: SqlDeliveries,
) -> None:
    deliveries.add("sms", [notice(1)], NOW)
    (lost,) = claim(deliveries)
    assert claim(deliveries, LATER - timedelta(microseconds=1)) == []
    (taken_over,) = claim(deliveries, LATER)
    assert (taken_over.id, taken_over.attempts) == (lost.id, 2)
    settle(deliveries, lost, State.DEAD, LATER)
    assert states(deliveries) == {("sms", 1): State.SENDING}
    settle(deliveries, taken_over, State.SENT, LATER)
    assert states(deliveries) == {("sms", 1): State.SENT}


def test_one_that_comes_after_a_later_one_was_sent_is_never_sent(
    deliveries: SqlDeliveries,
) -> None:
    deliveries.add("sms", [notice(3)], NOW)
    settle(deliveries, claim(deliveries)[0], State.SENT)
    deliveries.add("sms", [notice(2), notice(4)], NOW)
    assert states(deliveries) == {
        ("sms", 2): State.DROPPED,
        ("sms", 3): State.SENT,
        ("sms", 4): State.WAITING,
    }


def test_many_senders_at_once_claim_each_notice_once_and_none_out_of_order(
    engine: Engine,
) -> None:
    codes = [f"H26.05-261122-{number:04d}" for number in range(1, 13)]
    notices = [notice(version, code) for code in codes for version in (1, 2, 3)]
    SqlDeliveries(engine).add("sms", notices, NOW)
    sent: list[tuple[str, int]] = []

    def work(deliveries: SqlDeliveries) -> None:
        while claimed := claim(deliveries, limit=2):
            for delivery in claimed:
                sent.append((delivery.notification.code, delivery.notification.version))
                settle(deliveries, delivery, State.SENT)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, [SqlDeliveries(engine) for _ in range(4)]))
    work(SqlDeliveries(engine))
    assert sorted(sent) == sorted((notice.code, notice.version) for notice in notices)
    assert all(
        [version for sent_code, version in sent if sent_code == code] == [1, 2, 3] for code in codes
    )


# for operators


def test_the_list_tells_what_became_of_each_and_nothing_of_where_it_went(
    deliveries: SqlDeliveries,
) -> None:
    deliveries.add("sms", [notice(1)], NOW)
    settle(deliveries, claim(deliveries)[0], State.WAITING, LATER)
    assert deliveries.all(states=[State.WAITING], limit=9) == [
        Sent(
            notice(1).message_id("sms"),
            "sms",
            ONE,
            "fee_asked",
            State.WAITING,
            1,
            notice(1).recorded_at,
            LATER,
            LATER + timedelta(minutes=1),
            "so",
        )
    ]
    assert deliveries.all(states=[State.SENT], limit=9) == []


def test_a_backlog_counts_what_waits_with_its_oldest_and_what_was_given_up_a_target(
    deliveries: SqlDeliveries,
) -> None:
    first, second, third = (notice(1, code) for code in (ONE, OTHER, THIRD))
    deliveries.add("sms", [first, second, third, notice(2)], NOW)
    deliveries.add("email", [first], NOW)
    ends = {ONE: State.SENT, OTHER: State.DEAD, THIRD: State.WAITING}
    for delivery in claim(deliveries):
        settle(deliveries, delivery, ends[delivery.notification.code])
    assert deliveries.backlogs(["sms", "locks:sms"]) == [
        Backlog("sms", 2, third.recorded_at, 1),
        Backlog("locks:sms", 0, None, 0),
    ]
    claim(deliveries, LATER)
    assert deliveries.backlogs(["sms"]) == [Backlog("sms", 2, third.recorded_at, 1)]


def test_dead_ones_are_retried_all_of_those_named_or_none(deliveries: SqlDeliveries) -> None:
    deliveries.add("sms", [notice(1), notice(1, OTHER)], NOW)
    for delivery in claim(deliveries):
        settle(deliveries, delivery, State.DEAD)
    dead = [row.id for row in deliveries.all(states=[State.DEAD], limit=9)]
    with pytest.raises(UnknownDeliveryError):
        deliveries.retry([*dead, "msg_0"], LATER)
    assert claim(deliveries, LATER) == []
    deliveries.retry(dead, LATER)
    assert {(delivery.id, delivery.attempts) for delivery in claim(deliveries, LATER)} == {
        (d, 1) for d in dead
    }
    with pytest.raises(UnknownDeliveryError):
        deliveries.retry(dead, LATER)


def test_a_replay_sends_all_heard_of_since_again_in_order_under_the_same_names(
    deliveries: SqlDeliveries,
) -> None:
    deliveries.add("sms", [notice(1), notice(2), notice(3)], NOW)
    before = []
    while claimed := claim(deliveries):
        before += [delivery.id for delivery in claimed]
        settle(deliveries, claimed[0], State.SENT)
    assert deliveries.replay("email", NOW - timedelta(days=1), LATER) == 0
    assert deliveries.replay("sms", notice(2).recorded_at, LATER) == 2
    again = []
    while claimed := claim(deliveries, LATER):
        again += [delivery.id for delivery in claimed]
        settle(deliveries, claimed[0], State.SENT)
    assert again == before[1:]
