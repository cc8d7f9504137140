"""The contract of the service tables: keys only as digests, blocks that never overlap."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tracker.adapters.sql.service_tables.access_log import AccessRecord, SqlAccessLog
from tracker.adapters.sql.service_tables.api_keys import ApiKey, SqlApiKeys, UnknownKeyError
from tracker.adapters.sql.service_tables.code_blocks import SqlCodeBlocks
from tracker.adapters.sql.service_tables.failed_attempts import Lock, SqlFailedAttempts
from tracker.adapters.sql.service_tables.lost_keys import SqlLostKeys
from tracker.adapters.sql.service_tables.receipt_tokens import SqlTokenGenerations
from tracker.adapters.sql.service_tables.service_tables import create_service_tables
from tracker.adapters.sql.service_tables.sessions import SqlSessions
from tracker.adapters.sql.service_tables.store_epochs import SqlStoreEpochs
from tracker.application.queries.guessing import Key
from tracker.application.recovery.epochs import Epoch
from tracker.application.recovery.key_loss import LostKey
from tracker.application.recovery.store_past import StoreBehindError
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.codes import CodeBlock, CodesUsedUpError, dossier_id
from tracker.domain.dossier.store_epochs import range_of

NOW = datetime(2026, 11, 22, 2, 10, 0, 123_456, tzinfo=UTC)
DAY = date(2026, 11, 22)
CLERK = Actor(Role.STAFF, "clerk", office="CN05")
POSTMAN = Actor(Role.CARRIER, "postman", partner="VNPOST")


@pytest.fixture
def engine(engine: Engine) -> Engine:
    """Return an engine whose database has the tables of the service."""
    create_service_tables(engine)
    return engine


@pytest.fixture
def keys(engine: Engine) -> SqlApiKeys:
    return SqlApiKeys(engine)


@pytest.fixture
def blocks(engine: Engine) -> SqlCodeBlocks:
    return SqlCodeBlocks(engine)


def test_making_the_tables_again_loses_nothing(engine: Engine, keys: SqlApiKeys) -> None:
    key = keys.make(CLERK, NOW)
    create_service_tables(engine)
    assert keys.actor_of(key) == CLERK


# keys


def test_a_key_opens_for_the_actor_it_was_made_for(keys: SqlApiKeys) -> None:
    for actor in (CLERK, POSTMAN):
        assert keys.actor_of(keys.make(actor, NOW)) == actor


def test_two_keys_are_never_alike(keys: SqlApiKeys) -> None:
    assert len({keys.make(CLERK, NOW) for _ in range(20)}) == 20


def test_the_database_does_not_contain_the_secret(
    keys: SqlApiKeys, engine: Engine, tmp_path: Path
) -> None:
    key = keys.make(CLERK, NOW)
    secret = key.split("_", 2)[2]
    assert len(secret) >= 43
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT * FROM api_keys")).all()
    assert secret not in repr(rows)
    assert not any(secret.encode() in path.read_bytes() for path in tmp_path.iterdir())


def test_a_key_that_is_not_quite_right_opens_nothing(keys: SqlApiKeys) -> None:
    key, other = keys.make(CLERK, NOW), keys.make(POSTMAN, NOW)
    prefix, key_id, secret = key.split("_", 2)
    for wrong in (
        "",
        "_",
        "__",
        prefix,
        f"{prefix}_{key_id}",
        f"{prefix}_{key_id}_",
        f"{prefix}_{key_id}_{secret}x",
        f"{prefix}_{key_id}_{secret[:-1]}",
        f"{prefix}_{key_id}_{other.split('_', 2)[2]}",
        f"{prefix}__{secret}",
        f"xyz_{key_id}_{secret}",
        f"{prefix}_{'0' * 12}_{secret}",
        key.upper(),
        f"{prefix}_' OR '1'='1_{secret}",
        "trk_é_ü",
    ):
        with pytest.raises(UnknownKeyError):
            keys.actor_of(wrong)


def test_a_key_identifies_its_holder_until_it_is_revoked(keys: SqlApiKeys) -> None:
    key_id = keys.id_of(keys.make(CLERK, NOW))
    assert keys.holder_of(key_id) == CLERK
    keys.revoke(key_id, NOW)
    for gone in (key_id, "", "nothing", keys.id_of("nonsense")):
        with pytest.raises(UnknownKeyError):
            keys.holder_of(gone)


def test_a_revoked_key_opens_nothing_and_the_others_go_on(keys: SqlApiKeys) -> None:
    key, other = keys.make(CLERK, NOW), keys.make(POSTMAN, NOW)
    key_id = key.split("_")[1]
    keys.revoke(key_id, NOW + timedelta(days=1))
    with pytest.raises(UnknownKeyError):
        keys.actor_of(key)
    assert keys.actor_of(other) == POSTMAN
    with pytest.raises(UnknownKeyError):
        keys.revoke(key_id, NOW + timedelta(days=2))
    with pytest.raises(UnknownKeyError):
        keys.revoke("nothing", NOW)


def test_the_list_of_keys_tells_everything_but_the_secret(keys: SqlApiKeys) -> None:
    first, second = keys.make(CLERK, NOW), keys.make(POSTMAN, NOW + timedelta(seconds=1))
    first_id, second_id = first.split("_")[1], second.split("_")[1]
    keys.revoke(first_id, NOW + timedelta(days=1))
    assert keys.all() == [
        ApiKey(first_id, CLERK, NOW, NOW + timedelta(days=1)),
        ApiKey(second_id, POSTMAN, NOW + timedelta(seconds=1), None),
    ]


# blocks of codes


def lease(blocks: SqlCodeBlocks, size: int = 10, **fields: object) -> CodeBlock:
    wanted: dict[str, object] = {
        "agency": "H26.05",
        "day": DAY,
        "leased_to": "tablet-7",
        "leased_at": NOW,
    }
    return blocks.lease(size=size, **(wanted | fields))  # type: ignore[arg-type]


def test_blocks_of_one_agency_and_day_follow_each_other(blocks: SqlCodeBlocks) -> None:
    first, second = lease(blocks), lease(blocks, 5, leased_to="kiosk-1")
    assert (first.first, first.last, second.first, second.last) == (1, 10, 11, 15)
    assert (first.leased_to, second.leased_to) == ("tablet-7", "kiosk-1")


def test_another_agency_or_day_counts_from_1(blocks: SqlCodeBlocks) -> None:
    lease(blocks)
    assert lease(blocks, agency="H26.06").first == 1
    assert lease(blocks, day=DAY + timedelta(days=1)).first == 1


def test_a_number_is_found_in_the_block_it_was_leased_in(blocks: SqlCodeBlocks) -> None:
    first, second = lease(blocks), lease(blocks)
    for sequence, block in (
        (1, first),
        (10, first),
        (11, second),
        (20, second),
        (0, None),
        (21, None),
    ):
        assert blocks.block_of("H26.05", DAY, sequence) == block
    assert blocks.block_of("H26.06", DAY, 1) is None
    assert blocks.block_of("H26.05", DAY + timedelta(days=1), 1) is None
    assert blocks.block(second.id) == second
    assert blocks.block("nothing") is None


def test_the_last_numbers_of_a_day_are_leased_and_then_no_more(blocks: SqlCodeBlocks) -> None:
    lease(blocks, range_of(0).last - 5)
    with pytest.raises(CodesUsedUpError):
        lease(blocks, 6)
    assert lease(blocks, 5).last == range_of(0).last
    with pytest.raises(CodesUsedUpError):
        lease(blocks, 1)


def test_a_new_epoch_has_numbers_of_its_own_for_the_days_that_have_begun(
    blocks: SqlCodeBlocks, engine: Engine
) -> None:
    assert lease(blocks).last == 10
    epochs = SqlStoreEpochs(engine)
    assert epochs.current() == 0
    begun = Epoch(
        number=3,
        began_at=NOW,
        head=40,
        seen=52,
        source="backup",
        by="cli:me",
        decision="ổ đĩa hỏng",
        kept_checkpoint=40,
        lost_checkpoints=("a note\n", "another\n"),
    )
    epochs.add(begun)
    assert (epochs.all(), epochs.current()) == ([begun], 3)
    assert lease(blocks).first == range_of(3).first
    assert lease(blocks).first == range_of(3).first + 10
    assert lease(blocks, day=DAY + timedelta(days=60)).first == 1


def test_an_accepted_loss_keeps_its_first_decision(engine: Engine) -> None:
    kept = SqlLostKeys(engine)
    first = LostKey(dossier_id("H26-1"), "H26-1", NOW, "Bà Giám đốc", "ổ đĩa hỏng")
    other = LostKey(dossier_id("H26-0"), "H26-0", NOW, "cli:me", "another")
    assert kept.all() == []
    kept.add([first])
    kept.add([replace(first, decision="another"), other])
    kept.add([])
    assert kept.all() == [other, first]


def test_nothing_is_leased_where_the_store_must_not_be_written(engine: Engine) -> None:
    def refuse() -> None:
        raise StoreBehindError

    with pytest.raises(StoreBehindError):
        lease(SqlCodeBlocks(engine, check=refuse))
    assert lease(SqlCodeBlocks(engine)).first == 1


def test_blocks_leased_at_once_by_many_never_overlap_and_leave_no_hole(engine: Engine) -> None:
    registries = [SqlCodeBlocks(engine) for _ in range(8)]

    def take(blocks: SqlCodeBlocks) -> list[CodeBlock]:
        return [lease(blocks, size) for size in (1, 7, 3, 20)]

    with ThreadPoolExecutor(8) as pool:
        leased = [block for taken in pool.map(take, registries) for block in taken]
    numbers = sorted(number for block in leased for number in range(block.first, block.last + 1))
    assert numbers == list(range(1, 8 * 31 + 1))
    assert len({block.id for block in leased}) == 32


def unused(engine: Engine) -> set[int]:
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT first, last FROM unused_codes")).all()
    numbers = [number for first, last in rows for number in range(first, last + 1)]
    assert len(numbers) == len(set(numbers))
    return set(numbers)


def test_unused_numbers_are_stored_once_however_often_they_are_recorded(
    blocks: SqlCodeBlocks, engine: Engine
) -> None:
    block = lease(blocks, 20)
    for numbers in ([5, 3, 4, 9], [4, 5, 6], [], [9], [8, 10]):
        blocks.record_unused(block.id, numbers)
    assert unused(engine) == {3, 4, 5, 6, 8, 9, 10}


# the access log


def test_looks_are_listed_oldest_first_with_the_dossier_they_were_at(engine: Engine) -> None:
    reads = SqlAccessLog(engine)
    read, other = dossier_id("H26-261122-0001"), dossier_id("H26-261122-0002")
    reads.record(read, CLERK, "dossier", NOW)
    reads.record(other, CLERK, "dossier", NOW)
    reads.record(read, replace(CLERK, id="second"), "personal_data", NOW, "gọi lại cho dân")
    assert reads.of(read) == [
        AccessRecord("dossier", "staff", "clerk", "CN05", NOW, ""),
        AccessRecord("personal_data", "staff", "second", "CN05", NOW, "gọi lại cho dân"),
    ]
    assert reads.of(dossier_id("H26-261122-0003")) == []


# tokens of receipts


def test_a_token_is_of_generation_0_until_it_is_revoked(engine: Engine) -> None:
    generations = SqlTokenGenerations(engine)
    revoked, other = dossier_id("H26-261122-0001"), dossier_id("H26-261122-0002")
    assert generations.of(revoked) == 0
    generations.raise_(revoked)
    generations.raise_(revoked)
    assert (generations.of(revoked), generations.of(other)) == (2, 0)


# sessions


def test_a_session_is_open_until_it_is_ended_and_for_its_own_key_alone(engine: Engine) -> None:
    here, there = SqlSessions(engine), SqlSessions(engine)
    ends_at = NOW + timedelta(hours=12)
    for secret in ("one", "two"):
        here.begin(secret, "key-1", NOW, ends_at)
    assert [there.is_open(secret, "key-1") for secret in ("one", "two", "three")] == [1, 1, 0]
    assert not there.is_open("one", "key-2")
    for _ in range(2):
        there.end("one")
    assert [here.is_open(secret, "key-1") for secret in ("one", "two")] == [False, True]


def test_sessions_whose_time_is_over_are_forgotten(engine: Engine) -> None:
    sessions = SqlSessions(engine)
    sessions.begin("one", "key-1", NOW, NOW + timedelta(hours=12))
    sessions.begin("two", "key-1", NOW + timedelta(hours=12), NOW + timedelta(hours=24))
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 1
    assert not sessions.is_open("one", "key-1")


# failed attempts

TRIED = dossier_id("H26-261122-0001")
HOUR = timedelta(hours=1)


def key_of(number: int, *, most: int = 40, weight: int = 1) -> Key:
    return Key(dossier_id(f"H26-261122-{number:04d}"), HOUR / weight, most, weight)


def test_levels_rise_with_each_try_and_sink_by_one_in_their_time(engine: Engine) -> None:
    tries, key, other = SqlFailedAttempts(engine), key_of(1), key_of(2, weight=4)
    assert tries.levels([key, other], NOW) == [0, 0]
    assert [tries.add([key, other], NOW) for _ in range(3)] == [[1, 1], [2, 2], [3, 3]]
    assert SqlFailedAttempts(engine).levels([other, key], NOW + HOUR / 2) == [1, 2.5]
    assert tries.add([key], NOW + HOUR / 2) == [3.5]
    assert tries.levels([key, other], NOW + 4 * HOUR) == [0, 0]
    assert tries.add([other], NOW + 400 * HOUR) == [1]


def test_a_clock_that_jumps_back_raises_nothing_and_sinks_nothing(engine: Engine) -> None:
    tries, key = SqlFailedAttempts(engine), key_of(1)
    tries.add([key], NOW)
    assert tries.levels([key], NOW - HOUR) == [1]
    assert tries.add([key], NOW - HOUR) == [2]


def test_a_level_rises_to_its_most_and_no_further(engine: Engine) -> None:
    tries, key = SqlFailedAttempts(engine), key_of(1, most=3)
    assert [tries.add([key], NOW)[0] for _ in range(5)] == [1, 2, 3, 3, 3]


def test_what_is_taken_back_or_forgotten_counts_no_more_and_never_below_nothing(
    engine: Engine,
) -> None:
    tries, key, other = SqlFailedAttempts(engine), key_of(1), key_of(2)
    for _ in range(3):
        tries.add([key, other], NOW)
    tries.take_back([key, other], NOW, 2)
    assert tries.levels([key, other], NOW) == [1, 1]
    tries.take_back([key], NOW, 2)
    tries.forget(other)
    assert tries.levels([key, other], NOW) == [0, 0]
    assert tries.add([key], NOW) == [1]


def test_an_alarm_is_stored_once_in_eight_hours_and_stays_when_the_level_is_forgotten(
    engine: Engine,
) -> None:
    tries, key = SqlFailedAttempts(engine), Key(TRIED, HOUR, 12)
    tries.add([key], NOW)
    assert tries.locked_at(TRIED) is None
    for hours in (0, 7):
        tries.alarm(TRIED, NOW + hours * HOUR)
    tries.forget(key)
    assert tries.locked_at(TRIED) == NOW
    tries.alarm(TRIED, NOW + 8 * HOUR)
    assert tries.locked_at(TRIED) == NOW + 8 * HOUR


def test_alarms_are_listed_for_the_notification_of_owners(engine: Engine) -> None:
    tries = SqlFailedAttempts(engine)
    for minutes in (5, 1, 3):
        tries.add([key_of(minutes)], NOW)
        tries.alarm(key_of(minutes).id, NOW + timedelta(minutes=minutes))
    tries.add([key_of(9)], NOW)
    first, third, fifth = (
        Lock(key_of(minutes).id, NOW + timedelta(minutes=minutes)) for minutes in (1, 3, 5)
    )
    assert tries.locks_since(first.locked_at, after=None, limit=9) == [first, third, fifth]
    later = first.locked_at + timedelta(microseconds=1)
    assert tries.locks_since(later, after=None, limit=1) == [third]
    assert tries.locks_since(later, after=third, limit=9) == [fifth]


def test_alarms_of_one_moment_are_each_listed_once_on_the_pages(engine: Engine) -> None:
    tries = SqlFailedAttempts(engine)
    ids = {key_of(number).id for number in range(5)}
    for number in range(5):
        tries.add([key_of(number)], NOW)
        tries.alarm(key_of(number).id, NOW)
    listed: list[Lock] = []
    while page := tries.locks_since(NOW, after=listed[-1] if listed else None, limit=2):
        listed += page
    assert len(listed) == len(ids)
    assert {alarm.dossier_id for alarm in listed} == ids


def test_tries_at_once_are_each_counted(engine: Engine) -> None:
    keys = [key_of(1), key_of(2)]

    def add(number: int) -> float:
        return SqlFailedAttempts(engine).add(keys[:: 1 if number % 2 else -1], NOW)[0]

    with ThreadPoolExecutor(8) as pool:
        counted = pool.map(add, range(40))
    assert sorted(counted) == list(range(1, 41))


def rows(engine: Engine) -> int:
    with engine.begin() as connection:
        return int(connection.execute(text("SELECT count(*) FROM wrong_tries")).scalar_one())


def test_however_many_are_tried_the_rows_are_bounded_and_the_newest_stay(engine: Engine) -> None:
    tries = SqlFailedAttempts(engine, most_rows=200)
    for number in range(1_000):
        tries.add([key_of(number)], NOW + timedelta(seconds=number))
    assert rows(engine) <= 200
    assert tries.levels([key_of(999)], NOW + timedelta(seconds=999)) == [1]


def test_rows_that_no_longer_count_are_deleted_but_the_owner_is_still_notified(
    engine: Engine,
) -> None:
    tries = SqlFailedAttempts(engine)
    tries.add([key_of(1), key_of(2)], NOW)
    tries.alarm(key_of(2).id, NOW)
    later = NOW + timedelta(days=4)
    for _ in range(500):
        tries.add([key_of(3)], later)
    assert rows(engine) == 2
    assert tries.locked_at(key_of(2).id) == NOW
