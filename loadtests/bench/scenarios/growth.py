"""The cost of an archive: the same work with few dossiers stored, and with more and more.

Both installations hold finished lives of the same kind, so a step reads a history of the same
length in both.
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
    """Intake, step and look-up with few dossiers in the store, and with the archive.

    The archive grows through all sizes. The run may name a file for the picture.
    """
    figures: list[Figure] = []
    points: list[Point] = []
    many = run.invited.archive
    for size in run.sizes:
        many.grow(size, run.say)
        many.follow([STATUS], run.say)
        with machine.on_postgres() as site:  # again, because the measurement itself adds dossiers
            few = Archive(site)
            few.grow(HANDFUL, run.say)
            few.follow([STATUS], run.say)
            rates, loads = _measured(few, many, run)
        for work in WORK:
            what = f"{work} with {size:,} dossiers"
            baseline = f"baseline {HANDFUL:,}"
            sides = [rates[f"{work}, {side}"] for side in ("many", "few")]
            figures.append(against(what, sides[0], sides[1], baseline, 0.9))
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
    """Return the rates of each round, and all loads, by work and side."""
    loads: dict[str, list[Load]] = {}
    sides: dict[str, Callable[[], float]] = {}
    with ExitStack() as stack:
        for side, one in (("few", few), ("many", many)):
            port = stack.enter_context(machine.serving(one.site))
            for work, requests in _requests(one).items():
                name = f"{work}, {side}"
                loads[name] = []
                sides[name] = _side(port, requests, run.seconds, loads[name])
        return alternate(sides, run.rounds, say=run.say), loads


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
