"""The contract of an event store: all or nothing, in order, no gap, no request twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from uuid import UUID

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent

from tests.contract.makers import Opens
from tracker.application.ports import DossierRecorder, Request
from tracker.domain.dossier.codes import dossier_id

CODES = [f"H26.05-261122-{number:04d}" for number in range(1, 6)]
IDS = [dossier_id(code) for code in CODES]


@pytest.fixture
def store(opens: Opens) -> DossierRecorder:
    return opens()


def event(dossier: int, version: int, state: bytes = b"{}") -> StoredEvent:
    return StoredEvent(IDS[dossier], version, "dossier.received.v1", state)


def request(dossier: int, version: int, name: str = "e", digest: bytes = b"d") -> Request:
    return Request(("sender", name), digest, CODES[dossier], version)


def versions(store: DossierRecorder, dossier: int) -> list[int]:
    return [stored.originator_version for stored in store.select_events(IDS[dossier])]


def everything(store: DossierRecorder) -> list[tuple[UUID | str, int]]:
    return [
        (stored.originator_id, stored.originator_version)
        for stored in store.select_notifications(None, 1_000)
    ]


def test_an_empty_store_has_nothing(store: DossierRecorder) -> None:
    assert list(store.select_events(IDS[0])) == []
    assert list(store.select_notifications(None, 10)) == []
    assert not store.max_notification_id()
    assert store.select_requests([("sender", "e")]) == {}
    assert store.select_keys([IDS[0]]) == {}


def test_many_histories_are_read_at_once_each_in_order(store: DossierRecorder) -> None:
    events = [event(0, 1), event(1, 1), event(0, 2), event(2, 1), event(0, 3)]
    store.insert_events(events)
    assert store.select_histories([IDS[0], IDS[1], IDS[3]]) == {
        IDS[0]: [(stored.topic, stored.state) for stored in (events[0], events[2], events[4])],
        IDS[1]: [(events[1].topic, events[1].state)],
    }
    assert store.select_histories([]) == {}


def test_what_is_stored_is_read_back_byte_for_byte(store: DossierRecorder) -> None:
    states = [b"{}", b'{"name":"Nguy\xe1\xbb\x85n"}', bytes(range(256))]
    events = [event(0, number, state) for number, state in enumerate(states, 1)]
    assert store.insert_events(events) == [1, 2, 3]
    assert list(store.select_events(IDS[0])) == events


def test_positions_grow_over_all_dossiers_in_the_order_given(store: DossierRecorder) -> None:
    first = store.insert_events([event(0, 1), event(1, 1), event(0, 2)])
    second = store.insert_events([event(1, 2)])
    assert first is not None
    assert second is not None
    positions = [*first, *second]
    assert positions == sorted(set(positions))
    rows = store.select_notifications(None, 10)
    assert [stored.id for stored in rows] == positions
    assert everything(store) == [(IDS[0], 1), (IDS[1], 1), (IDS[0], 2), (IDS[1], 2)]
    assert store.max_notification_id() == positions[-1]


def test_a_follower_reads_on_after_its_position(store: DossierRecorder) -> None:
    positions = store.insert_events([event(0, version) for version in range(1, 8)])
    assert positions is not None
    after = store.select_notifications(positions[2], 2, inclusive_of_start=False)
    assert [stored.originator_version for stored in after] == [4, 5]
    assert list(store.select_notifications(positions[6], 2, inclusive_of_start=False)) == []
    states = [(stored.id, stored.topic, stored.state) for stored in after]
    assert list(store.select_states(positions[2], 2)) == states
    assert list(store.select_states(positions[6], 2)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        [event(0, 3)],
        [event(0, 1)],
        [event(0, 0)],
        [event(0, 2), event(0, 2)],
        [event(0, 2), event(0, 4)],
        [event(1, 2)],
        [event(1, 1), event(0, 3)],
        [event(0, 3), event(0, 2)],
    ],
)
def test_a_version_that_is_not_the_next_is_refused_with_all_that_came_with_it(
    store: DossierRecorder, wrong: list[StoredEvent]
) -> None:
    store.insert_events([event(0, 1)], requests=[request(0, 1)], new_keys={IDS[0]: b"k"})
    asked = [
        replace(
            request(IDS.index(stored.originator_id), stored.originator_version), key=("s", str(n))
        )
        for n, stored in enumerate(wrong)
        if isinstance(stored.originator_id, UUID)
    ]
    with pytest.raises(IntegrityError):
        store.insert_events(wrong, requests=asked, new_keys={IDS[2]: b"k"}, erased_keys=[IDS[0]])
    assert everything(store) == [(IDS[0], 1)]
    assert store.select_requests([sent.key for sent in asked]) == {}
    assert store.select_keys([IDS[0], IDS[2]]) == {IDS[0]: b"k"}


def test_a_request_is_kept_with_the_position_of_its_event(store: DossierRecorder) -> None:
    positions = store.insert_events(
        [event(0, 1), event(1, 1), event(1, 2)],
        requests=[request(0, 1, "a"), request(1, 2, "b", b"other")],
    )
    assert positions is not None
    assert store.select_requests([("sender", "a"), ("sender", "b"), ("sender", "c")]) == {
        ("sender", "a"): replace(request(0, 1, "a"), position=positions[0]),
        ("sender", "b"): replace(request(1, 2, "b", b"other"), position=positions[2]),
    }


def test_a_request_carried_out_before_is_refused_with_all_that_came_with_it(
    store: DossierRecorder,
) -> None:
    store.insert_events([event(0, 1)], requests=[request(0, 1)])
    with pytest.raises(IntegrityError):
        store.insert_events([event(1, 1)], requests=[request(1, 1)], new_keys={IDS[1]: b"k"})
    assert everything(store) == [(IDS[0], 1)]
    assert store.select_keys([IDS[1]]) == {}


def test_a_request_is_its_senders_own(store: DossierRecorder) -> None:
    store.insert_events([event(0, 1)], requests=[request(0, 1)])
    other = replace(request(1, 1), key=("other", "e"))
    store.insert_events([event(1, 1)], requests=[other])
    assert set(store.select_requests([("sender", "e"), ("other", "e")])) == {
        ("sender", "e"),
        ("other", "e"),
    }


def test_many_requests_and_keys_are_found_at_once(store: DossierRecorder) -> None:
    codes = [f"H26.06-261122-{number:04d}" for number in range(1, 1_101)]
    events = [StoredEvent(dossier_id(code), 1, "t", b"{}") for code in codes]
    asked = [Request(("s", code), b"d", code, 1) for code in codes]
    store.insert_events(
        events, requests=asked, new_keys={dossier_id(code): code.encode() for code in codes}
    )
    assert set(store.select_requests([sent.key for sent in asked])) == {sent.key for sent in asked}
    assert store.select_keys([dossier_id(code) for code in codes]) == {
        dossier_id(code): code.encode() for code in codes
    }
    assert store.select_requests([]) == {}
    assert store.select_keys([]) == {}


def test_an_erased_key_is_gone_and_the_others_stay(store: DossierRecorder) -> None:
    store.insert_events([event(0, 1), event(1, 1)], new_keys={IDS[0]: b"0", IDS[1]: b"1"})
    store.insert_events([event(0, 2)], erased_keys=[IDS[0]])
    assert store.select_keys(IDS[:2]) == {IDS[1]: b"1"}


def test_a_key_is_never_overwritten_by_another(store: DossierRecorder) -> None:
    store.insert_events([event(0, 1)], new_keys={IDS[0]: b"0"})
    with pytest.raises(IntegrityError):
        store.insert_events([event(1, 1)], new_keys={IDS[0]: b"1"})
    assert store.select_keys([IDS[0]]) == {IDS[0]: b"0"}
    assert everything(store) == [(IDS[0], 1)]


def test_part_of_a_history_is_read_by_its_versions(store: DossierRecorder) -> None:
    store.insert_events([event(0, version) for version in range(1, 6)])
    between = store.select_events(IDS[0], gt=1, lte=4)
    assert [stored.originator_version for stored in between] == [2, 3, 4]
    last = store.select_events(IDS[0], desc=True, limit=2)
    assert [stored.originator_version for stored in last] == [5, 4]


def test_another_process_sees_what_was_stored(opens: Opens) -> None:
    first, other = opens(), opens()
    first.insert_events([event(0, 1)], requests=[request(0, 1)], new_keys={IDS[0]: b"k"})
    assert versions(other, 0) == [1]
    assert other.select_keys([IDS[0]]) == {IDS[0]: b"k"}
    assert list(other.select_requests([("sender", "e")])) == [("sender", "e")]


def test_of_parallel_appends_of_one_version_exactly_one_succeeds(opens: Opens) -> None:
    stores = [opens() for _ in range(4)]
    for version in range(1, 6):
        barrier = Barrier(len(stores))

        def append(
            store: DossierRecorder, version: int = version, barrier: Barrier = barrier
        ) -> bool:
            barrier.wait()
            try:
                store.insert_events([event(0, version)])
            except IntegrityError:
                return False
            return True

        with ThreadPoolExecutor(len(stores)) as pool:
            assert sum(pool.map(append, stores)) == 1
    assert versions(stores[0], 0) == [1, 2, 3, 4, 5]


def test_of_twenty_parallel_appends_as_many_events_are_stored_as_succeeded(opens: Opens) -> None:
    stores = [opens(), opens()]

    def append(number: int) -> int:
        store = stores[number % 2]
        for _ in range(40):
            version = len(store.select_events(IDS[0])) + 1
            try:
                store.insert_events(
                    [event(0, version)], requests=[request(0, version, f"{number}")]
                )
            except IntegrityError:
                continue
            return 1
        return 0

    with ThreadPoolExecutor(20) as pool:
        succeeded = sum(pool.map(append, range(20)))
    assert succeeded
    assert versions(stores[0], 0) == list(range(1, succeeded + 1))
    names = [("sender", str(number)) for number in range(20)]
    assert len(stores[1].select_requests(names)) == succeeded


def test_a_follower_reading_while_many_write_skips_nothing_and_repeats_nothing(
    opens: Opens,
) -> None:
    writers, reader = [opens(), opens()], opens()

    def write(number: int) -> None:
        for version in range(1, 31):
            writers[number % 2].insert_events([event(number, version)])

    seen: list[tuple[UUID | str, int]] = []
    position = 0
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(write, number) for number in range(4)]
        while len(seen) < 120:
            all_written = all(future.done() for future in futures)
            rows = reader.select_notifications(position, 7, inclusive_of_start=False)
            seen += [(stored.originator_id, stored.originator_version) for stored in rows]
            position = rows[-1].id if rows else position
            if not rows and all_written:
                break
        for future in futures:
            future.result()
    assert len(seen) == len(set(seen)) == 120
    for number in range(4):
        assert [version for dossier, version in seen if dossier == IDS[number]] == list(
            range(1, 31)
        )
