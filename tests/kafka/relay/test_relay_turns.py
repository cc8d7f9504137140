"""Several relays: one publishes, the others stand by, and nobody fights."""

import json
from dataclasses import replace
from itertools import groupby
from threading import Event as Signal
from threading import Thread

import pytest

from ops.reading_back import records
from tests.kafka.histories import append, histories
from tests.kafka.relay.test_relay import check
from tests.kafka.relaying import QUICK, Spoilt, running, until
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.topics import TopicNames
from tracker.application.ports import DossierRecorder

pytestmark = pytest.mark.system

PATIENT = replace(QUICK, stand_by_s=600)


def turns(connection: KafkaConnection, names: TopicNames) -> list[str]:
    """Return the names of the relays in the order they had their turns."""
    told = [json.loads(one.value) for one in records(connection.servers, names.relay_positions)]
    return [name for (name, _), _ in groupby(told, key=lambda one: (one["relay"], one["session"]))]


class Died(Exception):  # noqa: N818  a test's own
    """Nothing the relay expects."""


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
    with running(store, connection, names, name="a") as one:
        until(lambda: one.is_in("publishing"))
        with running(store, connection, names, name="b") as other:
            writer.start()
            until(lambda: one.has_published(200))
            assert {state.condition for state in other.states} == {"standing_by"}
            stop.set()
            writer.join()
            head = store.max_notification_id() or 0
            until(lambda: one.has_published(head))
    assert turns(connection, names)[0] == "a"
    assert len(turns(connection, names)) <= 2
    check(connection, names, store)


def test_who_stands_by_takes_over_from_who_died(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    spoilt = Spoilt(store)
    with running(spoilt, connection, names, name="a") as one:
        head = append(store, histories(5))
        until(lambda: one.has_published(head))
        with running(store, connection, names, name="b") as other:
            until(lambda: other.is_in("standing_by"))
            spoilt.error = Died()
            head = append(store, histories(5, first=50))
            until(one.ended)
            until(lambda: other.has_published(head))
    assert turns(connection, names) == ["a", "b"]
    check(connection, names, store)


def test_who_stands_by_leaves_an_idle_one_alone(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    with running(store, connection, names, name="a") as one:
        until(lambda: one.is_in("publishing"))
        with running(store, connection, names, name="b") as other:
            until(lambda: len(other.states) > 100)
            assert other.is_in("standing_by")
    assert turns(connection, names)[0] == "a"


def test_a_frozen_relay_that_wakes_publishes_nothing_and_stands_by(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    frozen = Spoilt(store)
    with running(frozen, connection, names, name="a") as zombie:
        head = append(store, histories(5))
        until(lambda: zombie.has_published(head))
        frozen.go_on.clear()
        head = append(store, histories(40, first=50))
        until(frozen.frozen.is_set)
        with running(store, connection, names, name="b") as heir:
            until(lambda: heir.has_published(head))
            frozen.go_on.set()
            until(lambda: zombie.is_in("standing_by"))
            head = append(store, histories(5, first=200))
            until(lambda: heir.has_published(head))
            assert zombie.is_in("standing_by")
    assert turns(connection, names)[:2] == ["a", "b"]
    check(connection, names, store)


def test_who_leaves_in_order_is_followed_at_once(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    with running(store, connection, names, name="a", times=PATIENT) as one:
        until(lambda: one.is_in("publishing"))
    append(store, histories(5))
    with running(store, connection, names, name="b", times=PATIENT) as other:
        until(lambda: other.has_published(20))
    check(connection, names, store)


def test_who_begins_again_under_the_same_name_does_not_wait(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    spoilt = Spoilt(store)
    with running(spoilt, connection, names, name="a", times=PATIENT) as one:
        until(lambda: one.is_in("publishing"))
        spoilt.error = Died()
        until(one.ended)
    append(store, histories(5))
    with running(store, connection, names, name="a", times=PATIENT) as again:
        until(lambda: again.has_published(20))
    check(connection, names, store)
