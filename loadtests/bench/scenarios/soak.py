"""The whole stack under load: how soon an intake can be looked up, and whether memory stays flat.

All programs of production run: API, relay, Kafka, projections, PostgreSQL. Intakes come at a steady
pace, half of the maximum of the stack. Some are followed from their answer until the look-up finds
them. Each intake is sent at its time, even if earlier ones are not answered yet.
"""

import asyncio
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from unittest.mock import patch

import httpx2
import orjson

from loadtests.bench.harness import machine, messages
from loadtests.bench.harness.client import load
from loadtests.bench.harness.figures import Figure, at_most
from loadtests.bench.harness.run import Run
from loadtests.bench.scenarios.http import CONNECTIONS
from ops.local_servers.ports import free_ports
from ops.stack import Stack, standing

_FOLLOWED_EVERY_S = 0.05
_LOOK_AGAIN_S = 0.01
_GIVE_UP_S = 10.0
_MEMORY_EVERY_S = 10.0
_FULL_LOAD_S = 10.0
_VISIBLE_MS = 500.0
_FLAT_PERCENT = 5.0
"""The memory of a process is flat if it grows by no more than this once it has settled."""
_SETTLES_WITHIN = 0.25
"""The share of the run in which caches may fill before memory must be flat."""


@dataclass
class SoakResult:
    """The result of the run: the time until each followed intake was visible, and memory in MiB."""

    rate: float
    """The wanted number of intakes a second."""
    taken_in: int = 0
    seconds: float = 0.0
    seen_after: list[float] = field(default_factory=list)
    memory: dict[str, list[float]] = field(default_factory=dict)

    def p99(self) -> float:
        """Return the number of seconds within which 99 of 100 could be looked up."""
        return quantiles(self.seen_after, n=100)[98]

    def growth(self) -> dict[str, float]:
        """Return the growth of memory once settled, in percent, by program."""
        settled = int(len(next(iter(self.memory.values()))) * _SETTLES_WITHIN)
        return {
            name: (max(values[settled:]) / values[settled] - 1) * 100
            for name, values in self.memory.items()
        }


def visible(run: Run) -> list[Figure]:
    """From accepted to visible through Kafka, at half of full load for --minutes, and memory."""
    (port,) = free_ports(1)
    with (
        patch.dict(os.environ, machine.UNLIMITED),
        machine.staying_on(machine.ALL),
        machine.directory() as directory,
        standing(directory, port=port) as stack,
    ):
        result = _soak(stack, _key_of(stack), run)
    middle = quantiles(result.seen_after, n=100)[49] * 1000
    pace = f"{result.taken_in / result.seconds:,.0f}/s ({result.rate:,.0f} wanted)"
    baseline = f"p50 {middle:.0f} ms of {len(result.seen_after):,} followed"
    return [
        at_most(
            f"accepted to visible at {pace}, p99",
            [result.p99() * 1000],
            _VISIBLE_MS,
            "ms",
            baseline,
        ),
        *(
            at_most(
                f"memory of {name} in {run.minutes:g} minutes, once settled",
                [percent],
                _FLAT_PERCENT,
                "% more",
                f"{result.memory[name][0]:.0f}, at last {result.memory[name][-1]:.0f} MiB",
                digits=1,
            )
            for name, percent in result.growth().items()
        ),
    ]


def _soak(stack: Stack, key: str, run: Run) -> SoakResult:
    """Keep the stack busy for the minutes of the run, at half of its maximum."""
    port = int(stack.address.rsplit(":", 1)[1])
    full = load(port, messages.intakes(key, _run()), connections=CONNECTIONS, seconds=_FULL_LOAD_S)
    full.require(201)
    late = _wait_until_seen(stack)
    rate = full.rate * _FULL_LOAD_S / (_FULL_LOAD_S + late)
    run.say(f"  full load: {full.rate:,.0f} intakes a second, the last seen {late:.1f} s later:")
    run.say(f"  {rate:,.0f} a second taken in and seen")
    result = SoakResult(rate / 2)
    asyncio.run(_keep_busy(stack, key, result, run.minutes * 60, run.say))
    return result


async def _keep_busy(
    stack: Stack, key: str, result: SoakResult, seconds: float, say: Callable[[str], None]
) -> None:
    limits = httpx2.Limits(max_connections=CONNECTIONS * 2)
    async with httpx2.AsyncClient(
        base_url=stack.address, limits=limits, timeout=_GIVE_UP_S
    ) as client:
        # Most of them come in small batches, as from a clerk's tool that forwards its queue.
        lot = max(1, round(result.rate * _FOLLOWED_EVERY_S) - 1)
        began = time.monotonic()
        async with asyncio.TaskGroup() as at_work:
            at_work.create_task(_watch(stack, result, began + seconds, say))
            for number in range(1, int(seconds / _FOLLOWED_EVERY_S) + 1):
                at_work.create_task(_follow(client, key, result))
                at_work.create_task(_post_lot(client, key, result, lot))
                due = began + number * _FOLLOWED_EVERY_S
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            result.seconds = time.monotonic() - began


async def _follow(client: httpx2.AsyncClient, key: str, result: SoakResult) -> None:
    answer = await client.post(
        "/v1/dossiers", json=messages.intake(0, _run()), headers=_signed(key)
    )
    answer.raise_for_status()
    accepted, code = time.monotonic(), answer.json()["code"]
    result.taken_in += 1
    while time.monotonic() - accepted < _GIVE_UP_S:
        if (await client.get(f"/v1/lookup/{code}")).status_code == httpx2.codes.OK:
            break
        await asyncio.sleep(_LOOK_AGAIN_S)
    result.seen_after.append(time.monotonic() - accepted)


async def _post_lot(client: httpx2.AsyncClient, key: str, result: SoakResult, count: int) -> None:
    run = _run()
    lines = b"\n".join(orjson.dumps(messages.intake(number, run)) for number in range(count))
    answer = await client.post(
        "/v1/dossiers:batch",
        content=lines,
        headers={**_signed(key), "Content-Type": "application/x-ndjson"},
    )
    answer.raise_for_status()
    result.taken_in += count


async def _watch(stack: Stack, result: SoakResult, end: float, say: Callable[[str], None]) -> None:
    while time.monotonic() < end:
        for name, pid in stack.pids.items():
            result.memory.setdefault(name, []).append(_memory(pid))
        now = ", ".join(f"{name} {values[-1]:.0f}" for name, values in result.memory.items())
        say(f"  {max(0, end - time.monotonic()):5.0f} s left; MiB: {now}")
        await asyncio.sleep(_MEMORY_EVERY_S)


def _memory(pid: int) -> float:
    """Return the proportional memory of a process in MiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def _wait_until_seen(stack: Stack) -> float:
    """Wait until everything can be looked up; return the number of seconds."""
    began = time.monotonic()
    while httpx2.get(f"{stack.address}/readyz").json()["read_models"]["status"]["behind"]:
        time.sleep(0.1)
    return time.monotonic() - began


def _signed(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _run() -> str:
    return uuid.uuid4().hex[:12]


def _key_of(stack: Stack) -> str:
    """Return the key of a clerk at a branch, as printed by `tracker demo`."""
    words = (line.split() for line in stack.demo.splitlines())
    return next(line[-1] for line in words if line and line[0] == "staff")
