"""Several relays: one publishes, and the others stand by."""

import json
from dataclasses import replace
from itertools import groupby
from threading import Event as Signal
from threading import Thread

import pytest

from ops.reading_back import records
from tests.kafka.histories import append, histories
from tests.kafka.relay.test_relay import check
from tests.kafka.relaying import QUICK, FaultyStore, running, until
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.topics import TopicNames
from tracker.application.ports import DossierRecorder

pytestmark = pytest.mark.system

PATIENT = replace(QUICK, stand_by_s=600)


def turns(connection: KafkaConnection, names: TopicNames) -> list[str]:
    """Return the names of the relays in the order in which they published."""
    positions = [
        json.loads(record.value) for record in records(connection.servers, names.relay_positions)
    ]
    sessions = groupby(positions, key=lambda position: (position["relay"], position["session"]))
    return [name for (name, _), _ in sessions]


class Died(Exception):  # noqa: N818  used only here
    """An error that the relay does not expect."""


def test_two_healthy_relays_do_not_fence_each_other(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    stop = Signal()

    def write() -> None:
        first = 1
        while not stop.wait(0.05):
            append(store, histories(2, first=first))
            first += 10

    writer = Thread(target=write)
    with running(store, connection, names, name="a") as first:
        until(lambda: first.is_in("publishing"))
        with running(store, connection, names, name="b") as second:
            writer.start()
            until(lambda: first.has_published(200))
            assert {state.condition for state in second.states} == {"standing_by"}
            stop.set()
            writer.join()
            head = store.max_notification_id() or 0
            until(lambda: first.has_published(head))
    assert turns(connection, names)[0] == "a"
    assert len(turns(connection, names)) <= 2
    check(connection, names, store)


def test_a_relay_that_stands_by_takes_over_from_a_dead_one(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    faulty = FaultyStore(store)
    with running(faulty, connection, names, name="a") as first:
        head = append(store, histories(5))
        until(lambda: first.has_published(head))
        with running(store, connection, names, name="b") as second:
            until(lambda: second.is_in("standing_by"))
            faulty.error = Died()
            head = append(store, histories(5, first=50))
            until(first.ended)
            until(lambda: second.has_published(head))
    assert turns(connection, names) == ["a", "b"]
    check(connection, names, store)


def test_a_relay_that_stands_by_does_not_take_over_from_an_idle_one(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    with running(store, connection, names, name="a") as first:
        until(lambda: first.is_in("publishing"))
        with running(store, connection, names, name="b") as second:
            until(lambda: len(second.states) > 100)
            assert second.is_in("standing_by")
    assert turns(connection, names)[0] == "a"


def test_a_frozen_relay_that_wakes_publishes_nothing_and_stands_by(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    frozen = FaultyStore(store)
    with running(frozen, connection, names, name="a") as zombie:
        head = append(store, histories(5))
        until(lambda: zombie.has_published(head))
        frozen.go_on.clear()
        head = append(store, histories(40, first=50))
        until(frozen.frozen.is_set)
        with running(store, connection, names, name="b") as successor:
            until(lambda: successor.has_published(head))
            frozen.go_on.set()
            until(lambda: zombie.is_in("standing_by"))
            head = append(store, histories(5, first=200))
            until(lambda: successor.has_published(head))
            assert zombie.is_in("standing_by")
    assert turns(connection, names)[:2] == ["a", "b"]
    check(connection, names, store)


def test_after_a_normal_stop_the_next_relay_starts_at_once(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    with running(store, connection, names, name="a", times=PATIENT) as first:
        until(lambda: first.is_in("publishing"))
    append(store, histories(5))
    with running(store, connection, names, name="b", times=PATIENT) as second:
        until(lambda: second.has_published(20))
    check(connection, names, store)


def test_a_relay_that_restarts_under_the_same_name_does_not_wait(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    faulty = FaultyStore(store)
    with running(faulty, connection, names, name="a", times=PATIENT) as first:
        until(lambda: first.is_in("publishing"))
        faulty.error = Died()
        until(first.ended)
    append(store, histories(5))
    with running(store, connection, names, name="a", times=PATIENT) as restarted:
        until(lambda: restarted.has_published(20))
    check(connection, names, store)
