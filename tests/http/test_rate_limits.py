import pytest

from tracker.adapters.http.rate_limits import Limits, Rush, TooOftenError, network_of

HERE, THERE = "203.0.113.7", "203.0.113.8"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def asked(limits: Limits, times: int, code: str = "A", address: str = HERE) -> int:
    """Return how many requests were allowed."""
    given = 0
    for _ in range(times):
        try:
            limits.check(code, address)
        except TooOftenError:
            continue
        given += 1
    return given


def test_a_code_is_answered_so_often_and_others_go_on() -> None:
    limits = Limits(per_code=3, per_network=0, overall=0)
    assert asked(limits, 5) == 3
    assert asked(limits, 5, "B") == 3


def test_an_address_is_answered_so_often_whatever_it_asks_and_others_go_on() -> None:
    limits = Limits(per_code=0, per_network=3, overall=0)
    assert [asked(limits, 1, code) for code in "ABCDE"] == [1, 1, 1, 0, 0]
    assert asked(limits, 5, address=THERE) == 3


def test_past_the_overall_limit_who_asks_most_is_refused_and_everybody_else_goes_on() -> None:
    limits = Limits(per_code=0, per_network=600, overall=1000)
    flood = [asked(limits, 600, str(n), f"203.0.113.{n}") for n in range(20)]
    assert flood == [600, 400] + [30] * 18
    assert all(asked(limits, 10, "A", f"198.51.{n // 250}.{n % 250}") == 10 for n in range(1000))


def test_a_rush_is_on_while_the_last_minute_had_more_than_is_usual() -> None:
    clock = Clock()
    rush = Rush(3, clock)
    seen = []
    for _ in range(4):
        seen.append(rush.is_on())
        rush.add()
        clock.now += 10
    assert seen == [False, False, False, True]
    clock.now += 29
    assert rush.is_on()
    clock.now += 1
    assert not rush.is_on()
    never = Rush(0, clock)
    never.add()
    assert not never.is_on()


def test_what_one_network_is_refused_does_not_count_against_all() -> None:
    limits = Limits(per_code=0, per_network=20, overall=40)
    assert asked(limits, 1000, "A", HERE) == 20
    assert asked(limits, 20, "A", THERE) == 20


def test_one_network_cannot_use_up_the_limit_of_a_code_for_others() -> None:
    limits = Limits(per_code=3, per_network=0, overall=0)
    assert asked(limits, 50, "A", HERE) == 3
    assert asked(limits, 3, "A", THERE) == 3


def test_the_counts_restart_each_minute_and_the_error_has_the_time_until_then() -> None:
    clock = Clock()
    limits = Limits(per_code=1, per_network=0, overall=0, clock=clock)
    limits.check("A", HERE)
    clock.now += 17.5
    with pytest.raises(TooOftenError) as refused:
        limits.check("A", HERE)
    assert refused.value.retry_after_s == 43
    clock.now += 42.5
    limits.check("A", HERE)


def test_nought_is_no_limit() -> None:
    assert asked(Limits(per_code=0, per_network=0, overall=0), 1000) == 1000


@pytest.mark.parametrize("overall", [0, 10])
def test_strangers_cannot_fill_the_memory(overall: int) -> None:
    limits = Limits(per_code=5, per_network=5, overall=overall, most_counts=100)
    for number in range(20_000):
        asked(limits, 1, f"code-{number}", f"203.{number % 200}.{number // 200}.1")
    assert len(limits._counts) <= 100 + 4_096


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", HERE, True),
        (HERE, THERE, False),
        ("testclient", "", True),
        ("2001:db8:1:2::1%eth0", "2001:db8:1:2::1", True),
    ],
)
def test_a_household_is_counted_as_one(one: str, other: str, alike: bool) -> None:
    assert (network_of(one) == network_of(other)) is alike
