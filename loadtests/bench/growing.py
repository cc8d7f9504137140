"""What an archive costs: the same work beside a handful of dossiers and beside more and more.

Both installations hold finished lives of the same kind, so that a step has as long a history to
read in either.
"""

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg
from pydantic import SecretStr

from loadtests.bench import archive, machine, messages
from loadtests.bench.client import Load, load
from loadtests.bench.figures import Figure
from loadtests.bench.growth_picture import Point, draw
from loadtests.bench.rounds import Spread, alternate, ratios
from loadtests.bench.serving import CONNECTIONS, look_ups
from tracker.bootstrap import installation
from tracker.settings import Settings

HANDFUL = 2_000
WORK = ("intake", "step", "look-up")
_SAMPLE = 100_000

Told = Callable[[str], None]


@dataclass
class _Growing:
    """An installation whose archive grows."""

    site: machine.Site
    dossiers: int = 0
    codes: list[str] = field(default_factory=list)
    _ends_on: date = archive.ENDS_ON

    def grow(self, dossiers: int, told: Told) -> None:
        """Add to the archive until it has so many dossiers, and let the status follow."""
        environment, more = self.site.environment, dossiers - self.dossiers
        alone = Settings(
            data_dir=Path(environment["TRACKER_DATA_DIR"]),
            store_url=environment["TRACKER_STORE_URL"],
            master_key=SecretStr(environment["TRACKER_MASTER_KEY"]),
        )
        key = alone.master_key_bytes()
        archive.load(
            alone.store_url,
            more,
            seed=1,
            master_key=key,
            first=self.dossiers,
            ends_on=self._ends_on,
            told=told,
        )
        self._ends_on = archive.begins_on(more, self._ends_on)
        self.dossiers = dossiers
        with installation(alone) as it:
            told(f"  {it.follows['status'].projector.catch_up():,} events came into the status")
        with psycopg.connect(alone.store_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            self.codes = [
                code
                for (code,) in connection.execute(
                    "SELECT code FROM requests WHERE version = 1 ORDER BY md5(code) LIMIT %s",
                    (_SAMPLE,),
                )
            ]
        random.Random(1).shuffle(self.codes)


def growing(
    rounds: int, seconds: float, told: Told, *, sizes: Sequence[int], picture: Path | None = None
) -> list[Figure]:
    """Measure intake, step and look-up with a handful of dossiers in the store and with many.

    `sizes`: of the archive, growing. What came of all of them is drawn where `picture` says.
    """
    figures: list[Figure] = []
    points: list[Point] = []
    with ExitStack() as stack:
        many = _Growing(stack.enter_context(machine.on_postgres()))
        for size in sizes:
            many.grow(size, told)
            with machine.on_postgres() as site:  # anew, for what is measured makes it grow, too
                few = _Growing(site)
                few.grow(HANDFUL, told)
                rates, loads = _measured(few, many, rounds, seconds, told)
            for work in WORK:
                ratio = ratios(rates[f"{work}, many"], rates[f"{work}, few"])
                rate = Spread.of(rates[f"{work}, many"])
                what = f"{work} beside {size:,} dossiers"
                figures.append(Figure(what, rate, "requests/s", ratio, f"beside {HANDFUL:,}", 0.9))
                points += [
                    Point(work, one.dossiers, loads[f"{work}, {side}"])
                    for side, one in (("few", few), ("many", many))
                ]
    if picture:
        draw(points, picture)
    return figures


def _measured(
    few: _Growing, many: _Growing, rounds: int, seconds: float, told: Told
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
                sides[name] = _side(port, requests, seconds, loads[name])
        return alternate(sides, rounds, told=told), loads


def _requests(one: _Growing) -> dict[str, Callable[[], Iterator[bytes]]]:
    key = one.site.key
    return {
        "intake": lambda: messages.intakes(key, uuid.uuid4().hex[:10]),
        "step": lambda: messages.steps(key, uuid.uuid4().hex[:10], one.codes),
        "look-up": lambda: look_ups(one.codes),
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
