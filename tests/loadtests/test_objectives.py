"""A missed objective is named, with its figure; a met one is not."""

from collections.abc import Sequence

import pytest

from loadtests.profile import Profile, Recovery
from loadtests.results.objectives import faults_by_name, missed, percentile, recoveries, summary
from loadtests.results.recorder import Request

QUIET_MS, LOUD_MS = 10.0, 200.0
RECOVERY = Recovery(within_s=5, tolerance=1.5, floor_ms=12)
SPIKY = Profile.model_validate(
    {
        "what": "1 -> 10 -> 1",
        "steps": [
            {"seconds": 10, "level": 0.1},
            {"seconds": 10, "level": 1},
            {"seconds": 20, "level": 0.1},
        ],
        "recovery": RECOVERY.model_dump(),
        "journeys": {
            "life_cycle": {"people": 1, "every_s": 1, "p95_ms": 300, "errors": 0.01},
        },
    }
)


def asked(at: float, ms: float = QUIET_MS, fault: str = "") -> Request:
    return Request(at, "life_cycle", "intake", ms, 201, fault)


def run(loud: Sequence[range]) -> list[Request]:
    """Four requests a second, loud in these seconds."""
    return [
        asked(second + part / 4, LOUD_MS if any(second in one for one in loud) else QUIET_MS)
        for second in range(40)
        for part in range(4)
    ]


def test_a_run_that_meets_everything_misses_nothing() -> None:
    assert missed(SPIKY, run([range(10, 20)])) == []


@pytest.mark.parametrize(
    ("requests", "words"),
    [
        pytest.param([], "nothing was asked", id="nobody came"),
        pytest.param(
            [*run([]), *(asked(1, fault="503 store-unavailable") for _ in range(4))],
            "4 of 164 requests failed",
            id="errors",
        ),
        pytest.param([*run([]), *(asked(12, 400) for _ in range(20))], "p95 is 400", id="slow"),
        pytest.param(run([range(10, 27)]), "it took 7.0 s to be quiet", id="no recovery"),
        pytest.param(run([range(27, 28)]), "it took 8.0 s to be quiet", id="a late echo"),
    ],
)
def test_what_is_missed_is_named_with_its_figure(requests: list[Request], words: str) -> None:
    (one,) = missed(SPIKY, requests)
    assert words in one


@pytest.mark.parametrize(
    ("loud", "took"),
    [
        (range(10, 20), 0.0),
        (range(10, 23), 3.0),
        (range(24, 25), 5.0),
        (range(40), 0.0),
    ],
)
def test_recovery_ends_with_the_last_loud_second(loud: range, took: float) -> None:
    (spike,) = recoveries(SPIKY, RECOVERY, run([loud]))
    assert (spike.ended_s, spike.took_s) == (20, took)


def test_what_is_under_the_floor_is_quiet() -> None:
    requests = [asked(second, 11.9 if second > 19 else 1.0) for second in range(40)]
    (spike,) = recoveries(SPIKY, RECOVERY, requests)
    assert spike.took_s == 0


def test_faults_are_counted_by_their_name() -> None:
    requests = [asked(1), asked(1, fault="409 conflict"), asked(2, fault="409 conflict")]
    assert faults_by_name(requests) == {"life_cycle: intake: 409 conflict": 2}


def test_percentiles_of_little_or_nothing() -> None:
    assert [percentile([], 95), percentile([7], 95)] == [0, 7]
    assert percentile(list(range(101)), 95) == pytest.approx(95)
    assert summary([]).errors == 0
