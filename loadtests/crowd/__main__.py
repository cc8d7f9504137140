"""`python -m loadtests.crowd KIND`: misbehaving clients that must not stop intake.

Without --url it starts its own embedded service and stops it afterwards. Only on loopback.
"""

import argparse
import asyncio
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from loadtests.crowd.conversation import Target
from loadtests.crowd.flood import flood
from loadtests.crowd.probe import calm
from loadtests.crowd.service import embedded_service
from loadtests.crowd.stalled_clients import BEHAVIOURS, hold
from ops.local_servers.ports import HOST

_CONNECTIONS = {
    "idle": 10_000,
    "slow-bodies": 200,
    "half-open": 500,
    "flood": 4_000,
    "flood-of-batches": 40,
}
_LINES = {"flood": 0, "flood-of-batches": 500}
"""Intakes in a batch of each flood. Both floods send more at once than the service accepts."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Start one crowd and print its effect."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.crowd", description=__doc__)
    parser.add_argument("crowd", choices=_CONNECTIONS)
    parser.add_argument("--connections", type=int)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--url", help="A service that runs, on loopback; with --key.")
    parser.add_argument("--key", default="", help="Of staff.")
    chosen = parser.parse_args(arguments)
    connections = chosen.connections or _CONNECTIONS[chosen.crowd]
    if chosen.url and urlsplit(chosen.url).hostname != HOST:
        parser.error(f"only {HOST} is crowded from here")
    _allow_files(connections)
    with _target(chosen.url, chosen.key) as target:
        print(f"{chosen.crowd}, {connections} connections, {chosen.seconds:.0f} s:", flush=True)
        print(asyncio.run(_come(target, chosen.crowd, connections, chosen.seconds)))
    return 0


async def _come(target: Target, crowd: str, connections: int, seconds: float) -> str:
    if crowd in _LINES:
        lines = _LINES[crowd]
        return str(await flood(target, connections=connections, seconds=seconds, lines=lines))
    await calm(target)  # a service that has just started is slow at first
    before = await calm(target)
    held = await hold(target, BEHAVIOURS[crowd], connections=connections, seconds=seconds)
    return f"  before: {before}\n{held}"


@contextmanager
def _target(url: str | None, key: str) -> Iterator[Target]:
    if url:
        parts = urlsplit(url)
        yield Target(str(parts.hostname), parts.port or 80, key)
        return
    with (
        tempfile.TemporaryDirectory(prefix="tracker-crowd-") as directory,
        embedded_service(Path(directory)) as target,
    ):
        yield target


def _allow_files(connections: int) -> None:
    """Raise the limit of open files of this process and its children."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(connections + 1_000, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
