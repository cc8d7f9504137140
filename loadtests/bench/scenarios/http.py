"""Intake, steps, batches and look-ups over HTTP, each compared with its baseline."""

import itertools
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from statistics import median

from loadtests.bench.archive.installation import Archive
from loadtests.bench.harness import machine, messages
from loadtests.bench.harness.client import Load, load, request
from loadtests.bench.harness.figures import Figure, against
from loadtests.bench.harness.raw_insert import RawInsert
from loadtests.bench.harness.rounds import Spread, alternate, ratios
from loadtests.bench.harness.run import STATUS, Run

CONNECTIONS = 64
BATCH = 500
BATCH_CONNECTIONS = 4
BARE, TYPED = "bare ASGI", "FastAPI, typed"
_FINISHED = 10_000


def intake(run: Run) -> list[Figure]:
    """Single intakes on PostgreSQL, compared with a bare ASGI application and a typed endpoint."""
    loads: list[Load] = []
    with ExitStack() as stack:
        site = stack.enter_context(machine.on_postgres())
        ours = stack.enter_context(machine.serving(site))

        def post(port: int) -> float:
            return _posted(port, messages.intakes(site.key, _run()), run.seconds).rate

        def post_ours() -> float:
            loads.append(_posted(ours, messages.intakes(site.key, _run()), run.seconds))
            return loads[-1].rate

        values = alternate(
            {
                BARE: _to(stack, "bare", post),
                TYPED: _to(stack, "typed", post),
                "intake": post_ours,
            },
            run.rounds,
            say=run.say,
        )
    run.say(f"  intake: {_times(loads)}")
    what = "single intake, PostgreSQL"
    return [
        against(what, values["intake"], values[TYPED], TYPED, 2.0),
        against(what, values["intake"], values[BARE], BARE, 0.5),
        _tail(f"{what}, p99", loads),
    ]


def embedded(run: Run) -> list[Figure]:
    """Single intakes on SQLite, while another process updates the read models."""
    with ExitStack() as stack:
        site = stack.enter_context(machine.on_sqlite())
        ours = stack.enter_context(machine.serving(site))

        def post(port: int) -> float:
            return _posted(port, messages.intakes(site.key, _run()), run.seconds).rate

        sides = {TYPED: _to(stack, "typed", post), "intake": lambda: post(ours)}
        values = alternate(sides, run.rounds, say=run.say)
    return [against("single intake, SQLite", values["intake"], values[TYPED], TYPED, 1.5)]


def batch(run: Run) -> list[Figure]:
    """Batches of 500, compared with a plain insert of the same rows, 500 a statement."""
    with ExitStack() as stack:
        site = stack.enter_context(machine.on_postgres())
        ours = stack.enter_context(machine.serving(site))

        def post() -> float:
            sent = messages.batches(site.key, _run(), BATCH)
            done = load(ours, sent, connections=BATCH_CONNECTIONS, seconds=run.seconds)
            done.require(200)
            return done.rate * BATCH

        post()
        url = site.environment["TRACKER_STORE_URL"]
        raw = stack.enter_context(RawInsert(url, like_the_last=BATCH))
        plain = "plain insert"
        sides = {plain: lambda: raw.rate(run.seconds), "batches": post}
        values = alternate(sides, run.rounds, say=run.say)
    return [
        against("batch intake", values["batches"], values[plain], plain, 0.5, unit="dossiers/s")
    ]


def step(run: Run) -> list[Figure]:
    """One more step on finished dossiers: load, decide, append.

    There are so many dossiers that their histories, of about nine events, hardly grow.
    """
    with ExitStack() as stack:
        site = stack.enter_context(machine.on_postgres())
        archive = Archive(site)
        archive.grow(_FINISHED, run.say)
        codes = archive.codes()
        ours = stack.enter_context(machine.serving(site))

        def take() -> float:
            return _posted(ours, messages.steps(site.key, _run(), codes), run.seconds).rate

        def post(port: int) -> float:
            return _posted(port, messages.intakes(site.key, _run()), run.seconds).rate

        sides = {TYPED: _to(stack, "typed", post), "steps": take}
        values = alternate(sides, run.rounds, say=run.say)
    return [against("one more step, PostgreSQL", values["steps"], values[TYPED], TYPED, 0.8)]


def look_up(run: Run) -> list[Figure]:
    """Look-ups by code on PostgreSQL, in the large archive."""
    archive = run.large_archive(STATUS)
    codes = archive.codes()
    with ExitStack() as stack:
        ours = stack.enter_context(machine.serving(archive.site))

        def ask(port: int) -> float:
            done = load(port, look_ups(codes), connections=CONNECTIONS, seconds=run.seconds)
            done.require(200)
            return done.rate

        sides = {TYPED: _to(stack, "typed", ask), "look-ups": lambda: ask(ours)}
        values = alternate(sides, run.rounds, say=run.say)
    what = f"look-up by code, {archive.dossiers:,} dossiers"
    return [against(what, values["look-ups"], values[TYPED], TYPED, 1.5)]


def _to(stack: ExitStack, which: str, measure: Callable[[int], float]) -> Callable[[], float]:
    port = stack.enter_context(machine.baseline(which))
    return lambda: measure(port)


def _run() -> str:
    return uuid.uuid4().hex[:10]


def _posted(port: int, requests: Iterator[bytes], seconds: float) -> Load:
    done = load(port, requests, connections=CONNECTIONS, seconds=seconds)
    done.require(201)
    return done


def look_ups(codes: Sequence[str]) -> Iterator[bytes]:
    """Yield requests that look these codes up, one after the other, without end."""
    start = random.randrange(len(codes))
    for code in itertools.islice(itertools.cycle(codes), start, None):
        yield request("GET", f"/v1/lookup/{code}")


def _tail(what: str, loads: list[Load]) -> Figure:
    """Return the ratio of the slowest to the median: the target is a p99 under five times p50."""
    slowest = [one.percentile(0.99) * 1000 for one in loads]
    allowed = [one.percentile(0.5) * 1000 * 5 for one in loads]
    ratio = ratios(allowed, slowest)
    return Figure(
        what,
        f"{Spread.of(slowest):,.0f} ms",
        f"{ratio:.2f} x (5 p50 / p99)",
        "1 x",
        ratio.mid >= 1,
    )


def _times(loads: list[Load]) -> str:
    shares = (0.5, 0.95, 0.99)
    middle = [median(one.percentile(share) for one in loads) * 1000 for share in shares]
    return "p50 {:.1f} ms, p95 {:.1f} ms, p99 {:.1f} ms".format(*middle)
