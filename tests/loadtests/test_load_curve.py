"""Arrival times of clients, by the load curve."""

from math import inf

import pytest

from loadtests.load_curve import LoadCurve, Segment, day

UP_AND_DOWN = LoadCurve([Segment(10, 0.5), Segment(10, 1), Segment(10, 0), Segment(10, 0.25)])


@pytest.mark.parametrize(
    ("at", "level"), [(-1, 0), (0, 0.5), (9.9, 0.5), (10, 1), (25, 0), (39, 0.25), (40, 0)]
)
def test_the_level_is_that_of_the_stretch(at: float, level: float) -> None:
    assert UP_AND_DOWN.level(at) == level


@pytest.mark.parametrize(
    ("at", "wait", "due"),
    [
        (0, 2, 4),
        (0, 5, 10),
        (0, 6, 11),
        (8, 1, 10),
        (12, 3, 15),
        (19, 2, 34),
        (25, 1, 34),
        (30, 2.5, 40),
        (30, 2.6, inf),
        (50, 0.1, inf),
    ],
)
def test_a_wait_lasts_longer_where_it_is_quieter(at: float, wait: float, due: float) -> None:
    assert UP_AND_DOWN.after(at, wait) == pytest.approx(due)


def test_as_many_come_in_each_stretch_as_its_level_says() -> None:
    came, at = [], 0.0
    while (at := UP_AND_DOWN.after(at, 0.01)) < inf:
        came.append(at)
    per_stretch = [sum(from_s < one <= from_s + 10 for one in came) for from_s in (0, 10, 20, 30)]
    assert per_stretch == pytest.approx([500, 1000, 0, 250], abs=1)


def test_falls_are_where_it_becomes_quieter() -> None:
    assert UP_AND_DOWN.falls() == [(20, 30)]


def test_a_day_passes_in_as_many_seconds_as_wished() -> None:
    curve = day([0, 1, 0.5, 0], 8)
    assert curve.seconds == 8
    assert [curve.level(at) for at in (1, 3, 5, 7)] == [0, 1, 0.5, 0]
