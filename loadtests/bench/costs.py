"""Where the time of one intake goes: the processor time of each part.

    python -m loadtests.bench.costs

The whole is the processor time of the server's process for a request at full load. The parts run
here one after the other, in groups of the same size as at full load, and the best time counts.
Nothing disturbs them here, so the whole is always more than the sum of the parts.
"""

import argparse
import asyncio
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from time import sleep, thread_time
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import orjson
from eventsourcing.persistence import StoredEvent
from fastapi import FastAPI
from starlette.types import Message, Scope

from loadtests.bench.harness import machine, messages
from loadtests.bench.harness.client import load
from loadtests.bench.harness.rounds import Spread, alternate
from loadtests.bench.scenarios.http import CONNECTIONS
from tracker.adapters.http.schema.bodies import parsed
from tracker.adapters.vault.aes import AesVault
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.registry import INTAKE
from tracker.application.ports import DossierRecorder, Request, RequestKey
from tracker.bootstrap import open_container
from tracker.cli.run.gc_tuning import less_frequent_gc
from tracker.container import Container
from tracker.settings import Settings
from tracker.wiring.http import http_app

_AT_ONCE = CONNECTIONS
_TIMES = 60
_MICRO = 1e6
_CEILINGS = {"bare ASGI": "bare", "FastAPI, typed": "typed"}


class _NothingStored:
    """A recorder that stores nothing and finds nothing; otherwise the real one."""

    def __init__(self, real: DossierRecorder) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def select_requests(self, _keys: Sequence[RequestKey]) -> dict[RequestKey, Request]:
        return {}

    def insert_events(self, events: Sequence[StoredEvent], **_more: object) -> Sequence[int]:
        return range(1, len(events) + 1)


def whole(site: machine.Site, rounds: int, say: Callable[[str], None]) -> dict[str, Spread]:
    """Return the processor time of the servers for one request at full load, in µs."""
    with ExitStack() as stack:

        def of(command: Sequence[str], environment: Mapping[str, str]) -> Callable[[], float]:
            port, pid = stack.enter_context(machine.served(command, environment, machine.SERVER))

            def cost() -> float:
                sent = messages.intakes(site.key, uuid4().hex)
                began = machine.processor_time(pid)
                done = load(port, sent, connections=CONNECTIONS, seconds=2, warm_up=0)
                done.require(201)
                sleep(0.1)
                return (machine.processor_time(pid) - began) / len(done.times) * _MICRO

            return cost

        sides = {
            name: of(machine.ceiling_command(which), os.environ)
            for name, which in _CEILINGS.items()
        }
        sides["intake"] = of((*machine.TRACKER, "serve"), site.environment)
        values = alternate(sides, rounds, say=say)
    return {name: Spread.of(one) for name, one in values.items()}


def parts(it: Container, key: str) -> dict[str, float]:
    """Return the processor time of the parts of an intake, in µs."""
    actor = it.keys.actor_of(key)
    numbers = itertools.count()
    vault = AesVault(it.settings.master_key_bytes())

    def bodies() -> list[bytes]:
        run = uuid4().hex
        return [orjson.dumps(messages.intake(next(numbers), run)) for _ in range(_AT_ONCE)]

    def posts() -> list[Envelope]:
        return [Envelope(actor, parsed(body, INTAKE)) for body in bodies()]

    def seal(these: Sequence[Envelope]) -> None:
        for _ in these:
            one = uuid4()
            vault.new_key(one)[1].seal("applicant", "x" * 150)

    with less_frequent_gc():
        stored = _best(it.tracker.handle, posts)
        with patch.object(it.tracker, "recorder", _NothingStored(it.tracker.store)):
            decided = _best(it.tracker.handle, posts)
        checked = _best(lambda these: [parsed(one, INTAKE) for one in these], bodies)
        known = _best(lambda these: [vault.digest(one.content()) for one in these], posts)
        sealed = _best(seal, posts)
        return {
            "our layers of HTTP": _layers(it, key, bodies) - checked,
            "checking the message": checked,
            "knowing a repeat by its content": known,
            "the key, and sealing with it": sealed,
            "deciding, and all else up to the store": decided - known - sealed,
            "the two statements": stored - decided,
        }


def _layers(it: Container, key: str, bodies: Callable[[], list[bytes]]) -> float:
    """Return the time of the application when an intake is answered without being handled."""
    (answer,) = it.tracker.handle([Envelope(it.keys.actor_of(key), parsed(bodies()[0], INTAKE))])
    if not isinstance(answer, Accepted):
        raise answer
    with patch.object(it.tracker, "handle", lambda these: [answer] * len(these)):
        app = http_app(it)

    async def ask_all(these: Sequence[bytes]) -> None:
        await asyncio.gather(*[_ask(app, key, one) for one in these])

    with asyncio.Runner() as runner:
        runner.run(ask_all(bodies()))  # from here on the key is cached
        return _best(lambda these: runner.run(ask_all(these)), bodies)


async def _ask(app: FastAPI, key: str, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"authorization", f"Bearer {key}".encode()),
        (b"content-length", b"%d" % len(body)),
    ]
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/dossiers",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        if message.get("status", 201) != 201:  # noqa: PLR2004  "created"
            raise RuntimeError(message)

    await app(scope, receive, send)


def _best(work: Callable[[Any], object], prepared: Callable[[], Sequence[Any]]) -> float:
    """Return the shortest time of this thread for one of the prepared items, in µs."""
    took: list[float] = []
    for _ in range(_TIMES):
        given = prepared()
        began = thread_time()
        work(given)
        took.append((thread_time() - began) / len(given))
    return min(took) * _MICRO


@contextmanager
def _opened(site: machine.Site) -> Iterator[Container]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("TRACKER_")}
    with (
        patch.dict(os.environ, others | dict(site.environment), clear=True),
        open_container(Settings()) as it,
    ):
        yield it


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench.costs", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    os.sched_setaffinity(0, machine.OTHERS)
    with machine.on_postgres() as site:
        of_all = whole(site, chosen.rounds, _say)
        with _opened(site) as it:
            of_parts = parts(it, site.key)
    print("\n| a request of | µs of the server's processor |\n|---|---|")
    for name, spread in of_all.items():
        print(f"| {name} | {spread:.0f} |")
    print(f"\n| a part of an intake, {_AT_ONCE} at once | µs at best |\n|---|---|")
    for name, cost in (of_parts | {"all of these": sum(of_parts.values())}).items():
        print(f"| {name} | {cost:.1f} |")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
