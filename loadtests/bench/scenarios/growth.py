"""What an archive costs: the same work beside a handful of dossiers and beside more and more.

Both installations hold finished lives of the same kind, so that a step has as long a history to
read in either.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from loadtests.bench.archive.installation import Archive
from loadtests.bench.harness import machine, messages
from loadtests.bench.harness.client import Load, load
from loadtests.bench.harness.figures import Figure, against
from loadtests.bench.harness.rounds import alternate
from loadtests.bench.harness.run import STATUS, Run
from loadtests.bench.scenarios.growth_picture import Point, draw
from loadtests.bench.scenarios.http import CONNECTIONS, look_ups

HANDFUL = 2_000
WORK = ("intake", "step", "look-up")


def growing(run: Run) -> list[Figure]:
    """Intake, step and look-up with a handful of dossiers in the store and beside the archive.

    The archive grows through all sizes; what came of them is drawn where the run says.
    """
    figures: list[Figure] = []
    points: list[Point] = []
    many = run.invited.archive
    for size in run.sizes:
        many.grow(size, run.told)
        many.follow([STATUS], run.told)
        with machine.on_postgres() as site:  # anew, for what is measured makes it grow, too
            few = Archive(site)
            few.grow(HANDFUL, run.told)
            few.follow([STATUS], run.told)
            rates, loads = _measured(few, many, run)
        for work in WORK:
            what = f"{work} beside {size:,} dossiers"
            beside = f"beside {HANDFUL:,}"
            sides = [rates[f"{work}, {side}"] for side in ("many", "few")]
            figures.append(against(what, sides[0], sides[1], beside, 0.9))
            points += [
                Point(work, one.dossiers, loads[f"{work}, {side}"])
                for side, one in (("few", few), ("many", many))
            ]
    if run.picture:
        draw(points, run.picture)
    return figures


def _measured(
    few: Archive, many: Archive, run: Run
) -> tuple[dict[str, list[float]], dict[str, list[Load]]]:
    """Give the rates of each round, and all that was asked, by work and side."""
    loads: dict[str, list[Load]] = {}
    sides: dict[str, Callable[[], float]] = {}
    with ExitStack() as stack:
        for side, one in (("few", few), ("many", many)):
            port = stack.enter_context(machine.serving(one.site))
            for work, requests in _requests(one).items():
                name = f"{work}, {side}"
                loads[name] = []
                sides[name] = _side(port, requests, run.seconds, loads[name])
        return alternate(sides, run.rounds, told=run.told), loads


def _requests(one: Archive) -> dict[str, Callable[[], Iterator[bytes]]]:
    key, codes = one.site.key, one.codes()
    return {
        "intake": lambda: messages.intakes(key, uuid.uuid4().hex[:10]),
        "step": lambda: messages.steps(key, uuid.uuid4().hex[:10], codes),
        "look-up": lambda: look_ups(codes),
    }


def _side(
    port: int, requests: Callable[[], Iterator[bytes]], seconds: float, loads: list[Load]
) -> Callable[[], float]:
    def measure() -> float:
        done = load(port, requests(), connections=CONNECTIONS, seconds=seconds)
        done.require(200, 201)
        loads.append(done)
        return done.rate

    return measure
