"""The clock for the recorded time of events."""

from datetime import UTC, datetime, timedelta

import pytest

from tracker.application.commands.steady_clock import SteadyClock

NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Machine:
    """A server with a clock that the test sets, and a store that other processes write."""

    def __init__(self) -> None:
        self.now = NOON
        self.newest: datetime | None = None
        self.elapsed = 0.0
        self.warnings: list[timedelta] = []

    def clock(self) -> SteadyClock:
        return SteadyClock(
            lambda: self.now,
            newest=lambda: self.newest,
            elapsed=lambda: self.elapsed,
            warn=self.warnings.append,
        )


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_it_follows_the_servers_clock(machine: Machine) -> None:
    clock = machine.clock()
    assert clock() == NOON
    machine.now += MINUTE
    assert clock() == NOON + MINUTE
    assert machine.warnings == []


def test_it_waits_where_the_servers_clock_is_set_back(machine: Machine) -> None:
    clock = machine.clock()
    clock()
    machine.now -= MINUTE
    assert clock() == NOON
    machine.now += 2 * MINUTE
    assert clock() == NOON + MINUTE
    assert machine.warnings == [MINUTE]


def test_it_begins_at_the_newest_time_in_the_store(machine: Machine) -> None:
    machine.newest = NOON + MINUTE
    assert machine.clock()() == NOON + MINUTE


def test_it_looks_once_a_second_what_others_stored_and_warns_once_a_minute(
    machine: Machine,
) -> None:
    clock = machine.clock()
    clock()
    machine.newest = NOON + MINUTE
    assert clock() == NOON
    machine.elapsed = 1.0
    assert [clock(), clock()] == [NOON + MINUTE] * 2
    assert machine.warnings == [MINUTE]
    machine.elapsed = 61.0
    clock()
    assert machine.warnings == [MINUTE, MINUTE]
