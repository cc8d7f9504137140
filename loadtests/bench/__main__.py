"""`make bench`: measures what the service does, each beside the ceiling it is held against.

Prints every round and then one table. A figure counts only beside the ceiling of its own run: the
machine's speed is another each time.
"""

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from loadtests.bench import machine, serving
from loadtests.bench.figures import Figure, table
from loadtests.bench.growing import growing

Scenario = Callable[[int, float, Callable[[str], None]], list[Figure]]
SCENARIOS: dict[str, Scenario] = {
    "intake": serving.intake,
    "batch": serving.batch,
    "embedded": serving.embedded,
    "step": serving.step,
    "look-up": serving.look_up,
}
GROWING = "growing"
"""Not among what is measured by default: it fills an archive first."""


def main() -> int:
    """Run the scenarios that were asked for; 1 where a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each side in each round")
    parser.add_argument("--only", default=",".join(SCENARIOS), metavar="NAME,…")
    parser.add_argument(
        "--dossiers",
        default="100000",
        metavar="N,…",
        help=f"in the archive of '{GROWING}', which grows from one of these to the next",
    )
    parser.add_argument(
        "--picture", type=Path, help=f"where what came of '{GROWING}' is drawn, as PNG"
    )
    chosen = parser.parse_args()
    names = [name.strip() for name in chosen.only.split(",")]
    sizes = sorted({int(size) for size in chosen.dossiers.split(",")})
    scenarios = SCENARIOS | {GROWING: partial(growing, sizes=sizes, picture=chosen.picture)}
    if unknown := [name for name in names if name not in scenarios]:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(scenarios)}")
    os.sched_setaffinity(0, machine.OTHERS)
    print(f"Server on processor {machine.SERVER}, client and database on {machine.OTHERS}.")
    figures: list[Figure] = []
    for name in names:
        print(name, flush=True)
        figures += scenarios[name](chosen.rounds, chosen.seconds, _say)
    print(f"\nMedians of {chosen.rounds} rounds (least to most):\n\n{table(figures)}")
    return int(not all(figure.is_met for figure in figures))


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
