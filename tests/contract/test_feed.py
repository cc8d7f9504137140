"""The contract of a feed: each event once, in order, from any position."""

from threading import Timer
from time import monotonic

import pytest

from tests.contract.makers import Fed
from tests.contract.random_lives import history
from tracker.domain.dossier.events.event import Event
from tracker.projections.model.feed import Feed, Record
from tracker.serialization import encode


def read_all(feed: Feed, limit: int, after: dict[str, int] | None = None) -> list[Record]:
    read: list[Record] = []
    for partition in feed.partitions():
        position = (after or {}).get(partition, 0)
        while records := feed.read(partition, after=position, limit=limit):
            assert len(records) <= limit
            read += records
            position = records[-1].position
    return read


def versions(records: list[Record]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = {}
    for record in records:
        numbers.setdefault(record.event.code, []).append(record.event.originator_version)
    return numbers


def expected(events: list[Event]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = {}
    for event in events:
        numbers.setdefault(event.code, []).append(event.originator_version)
    return numbers


def test_a_feed_has_partitions_and_an_empty_one_gives_nothing(fed: Fed) -> None:
    assert list(fed.feed.partitions())
    assert read_all(fed.feed, 10) == []


@pytest.mark.parametrize("limit", [1, 3, 1_000])
def test_every_event_is_given_once_and_in_order_whatever_the_limit(fed: Fed, limit: int) -> None:
    events = history(7)
    fed.publish(events[:25])
    fed.publish(events[25:])
    records = read_all(fed.feed, limit)
    assert versions(records) == expected(events)
    assert len(records) == len(events)


def test_a_record_holds_the_event_and_its_very_bytes(fed: Fed) -> None:
    events = history(8)
    fed.publish(events)
    records = {
        (record.event.code, record.event.originator_version): record
        for record in read_all(fed.feed, 9)
    }
    for event in events:
        record = records[event.code, event.originator_version]
        assert isinstance(record.event, type(event))
        seen = vars(record.event)
        assert seen == {name: getattr(event, name) for name in seen}
        assert record.state == encode(event)


def test_reading_on_after_a_position_gives_just_what_came_later(fed: Fed) -> None:
    events = history(9)
    half = len(events) // 2
    fed.publish(events[:half])
    before = read_all(fed.feed, 1_000)
    ends: dict[str, int] = {}
    for partition in fed.feed.partitions():
        records = fed.feed.read(partition, after=0, limit=1_000)
        ends[partition] = records[-1].position if records else 0
    fed.publish(events[half:])
    after = read_all(fed.feed, 4, ends)
    assert versions([*before, *after]) == expected(events)
    assert len(after) == len(events) - half


def test_positions_grow_within_a_partition(fed: Fed) -> None:
    fed.publish(history(10))
    for partition in fed.feed.partitions():
        positions = [record.position for record in fed.feed.read(partition, after=0, limit=1_000)]
        assert positions == sorted(set(positions))
        assert all(position > 0 for position in positions)


def test_a_dossier_keeps_to_one_partition(fed: Fed) -> None:
    fed.publish(history(11))
    homes: dict[str, set[str]] = {}
    for partition in fed.feed.partitions():
        for record in fed.feed.read(partition, after=0, limit=1_000):
            homes.setdefault(record.event.code, set()).add(partition)
    assert all(len(partitions) == 1 for partitions in homes.values())


def test_reading_twice_gives_the_same(fed: Fed) -> None:
    fed.publish(history(12))
    assert read_all(fed.feed, 5) == read_all(fed.feed, 500)


def test_a_waiting_reader_wakes_early_or_at_its_timeout(fed: Fed) -> None:
    began = monotonic()
    fed.feed.wait(0.05)
    assert monotonic() - began < 25
    timer = Timer(0.05, fed.feed.wake)
    timer.start()
    began = monotonic()
    fed.feed.wait(30)
    assert monotonic() - began < 25
    timer.join()
