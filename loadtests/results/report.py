"""The report of a load test on the terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from loadtests.profile import Profile
from loadtests.results.objectives import by_journey, faults_by_name, recoveries, summary
from loadtests.results.processor_time import Spent
from loadtests.results.recorder import RecordedCommands, Request

_WIDTH = 110
_MOST = 20
_LIFE, _GUESS = "life_cycle", "code_guesser"


def journeys(profile: Profile, requests: Sequence[Request]) -> None:
    """Print each journey with its objective, then the failures by name."""
    table = _table("journey", "requests", "failed", "p50 ms", "p95 ms", "p99 ms", "objective")
    for name, them in by_journey(requests).items():
        got, wanted = summary(them), profile.journeys[name]
        p95 = "" if wanted.p95_ms is None else f"p95 {wanted.p95_ms:.0f}, "
        table.add_row(
            name,
            *(f"{count:,}" for count in (got.requests, got.failures)),
            *(f"{ms:.0f}" for ms in (got.p50_ms, got.p95_ms, got.p99_ms)),
            f"{p95}failed {wanted.errors:.1%}",
        )
    _show(table)
    for fault, times in faults_by_name(requests).most_common(_MOST):
        print(f"  {times} x {fault}")


def spikes(profile: Profile, requests: Sequence[Request]) -> None:
    """Print the effect of each spike and its duration."""
    if profile.recovery is None:
        return
    table = _table("spike ended at s", "p95 ms in it", "quiet again after s")
    for spike in recoveries(profile, profile.recovery, requests):
        table.add_row(f"{spike.ended_s:.0f}", f"{spike.p95_ms:.0f}", f"{spike.took_s:.1f}")
    _show(table)


def processor(spent: Spent, requests: Sequence[Request]) -> None:
    """Print the processor time of each part, the rate a core, and the share of others."""
    parts = ", ".join(f"{name} {used:.1f}" for name, used in spent.parts.items())
    print(
        f"Processor seconds in {spent.wall:.0f} s: {parts}; the service in all"
        f" {spent.service:.1f}, the people {spent.people:.1f};"
        f" others had {spent.others_share:.0%} of the machine."
    )
    if whole := life_cycles(requests):
        print(
            f"{whole} life cycles: {whole / spent.parts['api']:.0f} a second and core of the API,"
            f" {whole / spent.service:.0f} a second and core of everything together."
        )


def life_cycles(requests: Sequence[Request]) -> int:
    """Count the complete life cycles."""
    return sum(one.journey == _LIFE and one.name == "look-up" and one.ok for one in requests)


def guesses(requests: Sequence[Request], learnt: Sequence[Mapping[str, Any]]) -> None:
    """Print what guessing codes yields, and how many guesses were limited."""
    them = [one for one in requests if one.journey == _GUESS]
    if not them:
        return
    seconds = max(one.began_s for one in them) - min(one.began_s for one in them) or 1.0
    status = Counter(one.status for one in them)
    answered = status[200] + status[404]
    fields = sorted({name for one in learnt for name in one if name != "freshness"})
    print(
        f"Guessing codes from one address: {len(them) / seconds:,.0f} guesses a second,"
        f" {answered / seconds:,.0f} of them answered, {status[429] / len(them):.1%} limited (429)."
    )
    found = len({one["code"] for one in learnt})
    share = status[200] / answered if answered else 0.0
    print(
        f"Yield: {share:.1%} of the answered guesses hit, {found} dossiers in {seconds:.0f} s;"
        f" each tells {', '.join(fields) or 'nothing'}."
    )


def checked(recorded: RecordedCommands, events: int, published: int, *, well: bool) -> None:
    """Print the numbers of the verification, and whether everything is there."""
    print(
        f"\nRead back: {len(recorded.acknowledged):,} messages were acknowledged,"
        f" {len(recorded.unanswered)} never answered; {events:,} events are stored,"
        f" {published:,} are on the topic."
    )
    if well:
        print("Everything acknowledged is there once, in the store and on the topic, in order.")


def verdict(faults: Sequence[str], results: Path) -> None:
    """Print the errors, or that there are none, and the paths of the pictures."""
    for fault in faults[:_MOST]:
        print(f"MISSED  {fault}")
    if len(faults) > _MOST:
        print(f"… and {len(faults) - _MOST} more.")
    if not faults:
        print("Every objective is met.")
    print("Pictures: " + ", ".join(str(path) for path in sorted(results.glob("*/report.html"))))


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in {"journey", "objective"} else "right")
    return table


def _show(table: Table) -> None:
    Console(width=_WIDTH).print(table)
