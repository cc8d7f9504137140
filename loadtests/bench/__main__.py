"""`make bench`: measures the service, each figure together with its baseline.

Prints every round, and one table at the end. Compare a figure only with the baseline of the same
run, because the speed of the machine changes from run to run.
"""

import argparse
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from loadtests.bench.harness import machine
from loadtests.bench.harness.figures import table
from loadtests.bench.harness.run import Run, Scenario, measured, what_it_measures
from loadtests.bench.scenarios import catch_up as catching_up
from loadtests.bench.scenarios import http as serving
from loadtests.bench.scenarios.growth import growing
from loadtests.bench.scenarios.relay import relaying
from loadtests.bench.scenarios.soak import visible
from loadtests.bench.scenarios.spikes import spikes

SCENARIOS: dict[str, Scenario] = {
    "intake": serving.intake,
    "batch": serving.batch,
    "embedded": serving.embedded,
    "step": serving.step,
    "relay": relaying,
    "from-store": catching_up.from_store,
    "from-kafka": catching_up.from_kafka,
    "visible": visible,
    "growth": growing,
    "look-up": serving.look_up,
    "rebuild": catching_up.rebuild,
    "spikes": spikes,
}
"""Always in this order: the last scenario leaves no archive for the others."""


_HOW_LONG = """\
On two cores about one to three minutes each up to 'from-kafka'; --minutes and two more for
'visible'. With a million dossiers: 15 minutes to fill the archive, once for all that need it; then
2 for 'growth', 1 for 'look-up', 9 for 'rebuild', 25 for 'spikes', which needs the other read models
too. All of it: a good hour and a half, and 25 GB in the directory for temporary files meanwhile.
"""


def main() -> int:
    """Run the chosen scenarios; return 1 if a target was missed or a scenario failed."""
    chosen = _parser().parse_args()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(1)
    )  # so that everything we started is stopped as well
    print(f"Server on processor {machine.SERVER}, client and database on {machine.OTHERS}.")
    with ExitStack() as ending, machine.staying_on(machine.OTHERS):
        run = Run(
            rounds=chosen.rounds,
            seconds=chosen.seconds,
            minutes=chosen.minutes,
            sizes=chosen.dossiers,
            picture=chosen.picture,
            results=Path("var/bench") / time.strftime("%Y%m%d-%H%M%S"),
            say=_say,
            ending=ending,
        )
        asked = {name: one for name, one in SCENARIOS.items() if name in chosen.only}
        figures = measured(asked, run)
    print(f"\nMedians of {chosen.rounds} rounds (least to most):\n\n{table(figures)}")
    return int(any(figure.is_met is False for figure in figures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.bench",
        description=__doc__,
        epilog=_described(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each side in each round")
    parser.add_argument("--minutes", type=float, default=30.0, help="of 'visible'")
    parser.add_argument("--only", type=_names, default=list(SCENARIOS), metavar="NAME,…")
    parser.add_argument(
        "--dossiers",
        type=_sizes,
        default=[1_000_000],
        metavar="N,…",
        help="in the archive of 'growth', which grows from one of these to the next; 'look-up',"
        " 'rebuild' and 'spikes' find as many as the last says (a million)",
    )
    parser.add_argument("--picture", type=Path, help="where what came of 'growth' is drawn, as PNG")
    return parser


def _described() -> str:
    lines = [f"  {name:<11} {what_it_measures(one)}" for name, one in SCENARIOS.items()]
    return "\n".join(["What is measured:", *lines, "", _HOW_LONG])


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in SCENARIOS]:
        message = f"there is no {', '.join(unknown)}; there are {', '.join(SCENARIOS)}"
        raise argparse.ArgumentTypeError(message)
    return names


def _sizes(text: str) -> list[int]:
    return sorted({int(size) for size in text.split(",")})


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
