"""The bench tells of each target whether it is met, also where a scenario breaks."""

from pathlib import Path

from loadtests.bench.harness.figures import Figure, against, at_least, at_most, table
from loadtests.bench.harness.run import Run, measured


def a_run(say: list[str]) -> Run:
    return Run(
        rounds=1,
        seconds=1,
        minutes=1,
        sizes=[1],
        picture=None,
        results=Path("nowhere"),
        say=say.append,
    )


def breaks(run: Run) -> list[Figure]:
    """What breaks."""
    message = "no such server"
    raise RuntimeError(message)


def goes_well(run: Run) -> list[Figure]:
    """What goes well."""
    return [at_least("all", [2.0], 1, "a second", "nothing")]


def test_a_scenario_that_breaks_is_told_and_keeps_no_other_from_being_measured() -> None:
    say: list[str] = []
    figures = measured({"one": breaks, "two": goes_well}, a_run(say))

    assert [(one.what, one.is_met) for one in figures] == [("one", False), ("all", True)]
    assert any("no such server" in line for line in say)
    assert table(figures).endswith(
        "| one | not measured | RuntimeError, see above |  | **missed** |\n"
        "| all | 2 a second | nothing | 1 a second | met |"
    )


def test_a_ratio_is_reckoned_round_by_round_and_its_median_counts() -> None:
    one = against("intake", [100, 300, 80], [100, 100, 100], "typed", 1.0)

    assert one.line() == (
        "| intake | 100 (80 to 300) requests/s | 1.00 (0.80 to 3.00) x typed | 1 x | met |"
    )
    assert not against("intake", [99, 300, 80], [100, 100, 100], "typed", 1.0).is_met


def test_what_is_wanted_or_allowed_is_met_up_to_its_bound() -> None:
    assert [at_least("", [value], 30_000, "", "").is_met for value in (29_999, 30_000)] == [
        False,
        True,
    ]
    assert [at_most("", [value], 500, "", "").is_met for value in (500, 500.1)] == [True, False]
