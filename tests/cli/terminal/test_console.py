"""Progress of long work without a terminal."""

import pytest

from tracker.cli.terminal.console import Lines, progress


def test_long_work_tells_of_itself_once_a_minute_and_how_long_it_still_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    times = iter([0.0, 1.0, 59.0, 60.0, 61.0, 119.0, 150.0, 300.0])
    lines = Lines("Events", 10_000, lambda: next(times))
    for _ in range(7):
        lines.step(1_000)
    assert capsys.readouterr().err == (
        "Events: 3,000 of 10,000 (30%), about 0:02:20 left\n"
        "Events: 6,000 of 10,000 (60%), about 0:01:40 left\n"
        "Events: 7,000 of 10,000 (70%), about 0:02:08 left\n"
    )


def test_short_work_and_its_end_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Events", 10) as step:
        step(10)
    lines = Lines("Events", 10, iter([0.0, 90.0]).__next__)
    lines.step(10)
    assert capsys.readouterr() == ("", "")
