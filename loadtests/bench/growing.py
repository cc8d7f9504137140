"""What an archive costs: the same work beside a handful of dossiers and beside very many.

Both installations hold finished lives of the same kind, so that a step has as long a history to
read in either.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
from pydantic import SecretStr

from loadtests.bench import archive, machine, messages
from loadtests.bench.client import load
from loadtests.bench.figures import Figure
from loadtests.bench.rounds import Spread, alternate, ratios
from loadtests.bench.serving import CONNECTIONS, look_ups
from tracker.bootstrap import installation
from tracker.settings import Settings

HANDFUL = 2_000
_SAMPLE = 100_000


def growing(
    rounds: int, seconds: float, told: Callable[[str], None], *, dossiers: int
) -> list[Figure]:
    """Measure intake, step and look-up with a handful of dossiers in the store and with many."""
    with ExitStack() as stack:
        sizes = {"few": HANDFUL, "many": dossiers}
        sites = {name: _filled(stack, size, told) for name, size in sizes.items()}
        sides: dict[str, Callable[[], float]] = {}
        for name, (site, codes) in sites.items():
            port = stack.enter_context(machine.serving(site))
            sides |= _sides(name, port, site, codes, seconds)
        values = alternate(sides, rounds, told=told)
    return [
        Figure(
            f"{what} beside {dossiers:,} dossiers",
            Spread.of(values[f"{what}, many"]),
            "requests/s",
            ratios(values[f"{what}, many"], values[f"{what}, few"]),
            f"beside {HANDFUL:,}",
            0.9,
        )
        for what in ("intake", "step", "look-up")
    ]


def _sides(
    name: str, port: int, site: machine.Site, codes: list[str], seconds: float
) -> dict[str, Callable[[], float]]:
    def measured(requests: Callable[[], Iterator[bytes]]) -> Callable[[], float]:
        def measure() -> float:
            done = load(port, requests(), connections=CONNECTIONS, seconds=seconds)
            done.require(200, 201)
            return done.rate

        return measure

    return {
        f"intake, {name}": measured(lambda: messages.intakes(site.key, _run())),
        f"step, {name}": measured(lambda: messages.steps(site.key, _run(), codes)),
        f"look-up, {name}": measured(lambda: look_ups(codes)),
    }


def _filled(
    stack: ExitStack, dossiers: int, told: Callable[[str], None]
) -> tuple[machine.Site, list[str]]:
    site = stack.enter_context(machine.on_postgres())
    alone = Settings(
        data_dir=Path(site.environment["TRACKER_DATA_DIR"]),
        store_url=site.environment["TRACKER_STORE_URL"],
        master_key=SecretStr(site.environment["TRACKER_MASTER_KEY"]),
    )
    archive.load(alone.store_url, dossiers, seed=1, master_key=alone.master_key_bytes(), told=told)
    with installation(alone) as it:
        told(f"  {it.follows['status'].projector.catch_up():,} events are in the status")
    with psycopg.connect(alone.store_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        found = connection.execute(
            "SELECT code FROM requests WHERE version = 1 ORDER BY md5(code) LIMIT %s", (_SAMPLE,)
        )
        codes = [code for (code,) in found]
    random.Random(1).shuffle(codes)
    return site, codes


def _run() -> str:
    return uuid.uuid4().hex[:10]
