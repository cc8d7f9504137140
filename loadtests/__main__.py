"""`python -m loadtests city-day …`: start the stack, run the users, verify; 1 if anything fails."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from loadtests.profile import PROFILES, Profile, load
from loadtests.results import report
from loadtests.runner import StartState, read_back, visit
from ops.local_servers.errors import ServerMissing
from ops.local_servers.ports import free_ports
from ops.stack import Stack, standing


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the profiles one after the other on one stack, and verify the stack once at the end."""
    names = sorted(path.stem for path in PROFILES.glob("*.toml"))
    parser = argparse.ArgumentParser(prog="python -m loadtests", description=__doc__)
    parser.add_argument("profiles", nargs="*", default=["city-day"], help=", ".join(names))
    parser.add_argument("--results", type=Path, default=Path("var/loadtest"))
    chosen = parser.parse_args(arguments)
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(1)
    )  # so that everything we started is stopped as well
    profiles = {name: load(name) for name in chosen.profiles}
    results = chosen.results / f"{time.strftime('%Y%m%d-%H%M%S')}"
    try:
        with tempfile.TemporaryDirectory(prefix="tracker-loadtest-") as directory:
            Path(directory).chmod(0o755)  # the account of PostgreSQL must be able to enter
            (port,) = free_ports(1)
            with standing(Path(directory), port=port) as stack:
                return _load(stack, profiles, results)
    except ServerMissing as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


def _load(stack: Stack, profiles: dict[str, Profile], results: Path) -> int:
    results.mkdir(parents=True)
    credentials = results / "credentials.txt"
    credentials.write_text(stack.demo, encoding="utf-8")
    before = StartState.of(stack)
    faults: list[str] = []
    places = [results / Path(name).stem for name in profiles]
    for (name, profile), place in zip(profiles.items(), places, strict=True):
        faults += visit(stack, name, profile, credentials, place).faults
    faults += read_back(stack, places, before)
    report.verdict(faults, results)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
