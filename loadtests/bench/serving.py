"""Intake, steps, batches and look-ups over HTTP, each beside what the framework alone can do."""

import base64
import itertools
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from statistics import median

import orjson
import psycopg

from loadtests.bench import archive, machine, messages
from loadtests.bench.client import Load, load, request
from loadtests.bench.figures import Figure
from loadtests.bench.raw_insert import RawInsert
from loadtests.bench.rounds import Spread, alternate, ratios

CONNECTIONS = 64
BATCH = 500
BATCH_CONNECTIONS = 4
_DOSSIERS = 2_000
_FINISHED = 10_000

Told = Callable[[str], None]


def intake(rounds: int, seconds: float, told: Told) -> list[Figure]:
    """Measure single intakes on PostgreSQL beside a bare ASGI application and a typed endpoint."""
    loads: list[Load] = []
    with ExitStack() as stack:
        site = stack.enter_context(machine.on_postgres())
        ours = stack.enter_context(machine.serving(site))

        def post(port: int) -> float:
            return _posted(port, messages.intakes(site.key, _run()), seconds).rate

        def post_ours() -> float:
            loads.append(_posted(ours, messages.intakes(site.key, _run()), seconds))
            return loads[-1].rate

        values = alternate(
            {
                "bare ASGI": _to(stack, "bare", post),
                "FastAPI, typed": _to(stack, "typed", post),
                "intake": post_ours,
            },
            rounds,
            told=told,
        )
    told(f"  intake: {_times(loads)}")
    return [
        _figure("single intake, PostgreSQL", values, "intake", "FastAPI, typed", 2.0),
        _figure("single intake, PostgreSQL", values, "intake", "bare ASGI", 0.5),
        _tail("single intake, PostgreSQL", loads),
    ]


def embedded(rounds: int, seconds: float, told: Told) -> list[Figure]:
    """Measure single intakes on SQLite, read models following beside the service."""
    with ExitStack() as stack:
        site = stack.enter_context(machine.on_sqlite())
        ours = stack.enter_context(machine.serving(site))

        def post(port: int) -> float:
            return _posted(port, messages.intakes(site.key, _run()), seconds).rate

        sides = {"FastAPI, typed": _to(stack, "typed", post), "intake": lambda: post(ours)}
        values = alternate(sides, rounds, told=told)
    return [_figure("single intake, SQLite", values, "intake", "FastAPI, typed", 1.5)]


def batch(rounds: int, seconds: float, told: Told) -> list[Figure]:
    """Measure batches of 500 beside a plain insert of the same rows, 500 a statement."""
    with ExitStack() as stack:
        site = stack.enter_context(machine.on_postgres())
        ours = stack.enter_context(machine.serving(site))

        def post() -> float:
            sent = messages.batches(site.key, _run(), BATCH)
            done = load(ours, sent, connections=BATCH_CONNECTIONS, seconds=seconds)
            done.require(200)
            return done.rate * BATCH

        post()
        url = site.environment["TRACKER_STORE_URL"]
        raw = stack.enter_context(RawInsert(url, like_the_last=BATCH))
        sides = {"plain insert": lambda: raw.rate(seconds), "batches": post}
        values = alternate(sides, rounds, told=told)
    return [_figure("batch intake", values, "batches", "plain insert", 0.5, unit="dossiers/s")]


def step(rounds: int, seconds: float, told: Told) -> list[Figure]:
    """Measure one more step on dossiers that have come to their end: load, decide, append.

    They are so many that their histories, of nine events or so, hardly grow by what is measured.
    """
    with ExitStack() as stack:
        site = stack.enter_context(machine.on_postgres())
        url, key = (site.environment[f"TRACKER_{name}"] for name in ("STORE_URL", "MASTER_KEY"))
        archive.load(url, _FINISHED, seed=1, master_key=base64.b64decode(key), told=told)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            codes = [
                code
                for (code,) in connection.execute(
                    "SELECT code FROM requests WHERE version = 1 ORDER BY md5(code)"
                )
            ]
        ours = stack.enter_context(machine.serving(site))

        def take() -> float:
            return _posted(ours, messages.steps(site.key, _run(), codes), seconds).rate

        def post(port: int) -> float:
            return _posted(port, messages.intakes(site.key, _run()), seconds).rate

        sides = {"FastAPI, typed": _to(stack, "typed", post), "steps": take}
        values = alternate(sides, rounds, told=told)
    return [_figure("one more step, PostgreSQL", values, "steps", "FastAPI, typed", 0.8)]


def look_up(
    rounds: int,
    seconds: float,
    told: Told,
    site: AbstractContextManager[machine.Site] | None = None,
) -> list[Figure]:
    """Measure look-ups by code on PostgreSQL, of whatever dossiers `site` holds or of a few."""
    with ExitStack() as stack:
        it = stack.enter_context(site or machine.on_postgres(follows=True))
        ours = stack.enter_context(machine.serving(it))
        if site is None:
            _taken_in(ours, it.key, _DOSSIERS)
            machine.wait_until_read(ours)
        codes = _codes(it)

        def ask(port: int) -> float:
            done = load(port, look_ups(codes), connections=CONNECTIONS, seconds=seconds)
            done.require(200)
            return done.rate

        sides = {"FastAPI, typed": _to(stack, "typed", ask), "look-ups": lambda: ask(ours)}
        values = alternate(sides, rounds, told=told)
    return [
        _figure(
            f"look-up by code, {len(codes):,} dossiers", values, "look-ups", "FastAPI, typed", 1.5
        )
    ]


def _to(stack: ExitStack, which: str, measure: Callable[[int], float]) -> Callable[[], float]:
    port = stack.enter_context(machine.ceiling(which))
    return lambda: measure(port)


def _run() -> str:
    return uuid.uuid4().hex[:10]


def _posted(port: int, requests: Iterator[bytes], seconds: float) -> Load:
    done = load(port, requests, connections=CONNECTIONS, seconds=seconds)
    done.require(201)
    return done


def _taken_in(port: int, key: str, count: int) -> list[str]:
    lots = itertools.islice(messages.batches(key, _run(), BATCH), count // BATCH)
    done = load(port, lots, connections=1, seconds=60, warm_up=0, keep_bodies=True)
    done.require(200)
    answers = [item for body in done.bodies for item in orjson.loads(body)["items"]]
    return [item["stored"]["code"] for item in answers]


def _codes(site: machine.Site) -> list[str]:
    """Give the codes that can be looked up, in an order nobody can guess."""
    with psycopg.connect(site.environment["TRACKER_STORE_URL"]) as connection:
        (live,) = connection.execute(
            "SELECT generation FROM read_models WHERE name = 'status'"
        ).fetchone() or (1,)
        codes = [code for (code,) in connection.execute(f"SELECT code FROM status_{live:d}")]  # noqa: S608  a number of ours
    random.Random(1).shuffle(codes)
    return codes


def look_ups(codes: Sequence[str]) -> Iterator[bytes]:
    """Give requests that look these codes up, one after the other, without end."""
    start = random.randrange(len(codes))
    for code in itertools.islice(itertools.cycle(codes), start, None):
        yield request("GET", f"/v1/lookup/{code}")


def _figure(
    what: str,
    values: dict[str, list[float]],
    ours: str,
    ceiling: str,
    target: float,
    *,
    unit: str = "requests/s",
) -> Figure:
    ratio = ratios(values[ours], values[ceiling])
    return Figure(what, Spread.of(values[ours]), unit, ratio, ceiling, target)


def _tail(what: str, loads: list[Load]) -> Figure:
    """Give how far the slowest are from the middle: the target is a p99 under five times p50."""
    slowest = Spread.of([one.percentile(0.99) * 1000 for one in loads])
    ratio = Spread.of([5 * one.percentile(0.5) / one.percentile(0.99) for one in loads])
    return Figure(f"{what}, p99", slowest, "ms", ratio, "(5 p50 / p99)", 1.0)


def _times(loads: list[Load]) -> str:
    shares = (0.5, 0.95, 0.99)
    middle = [median(one.percentile(share) for one in loads) * 1000 for share in shares]
    return "p50 {:.1f} ms, p95 {:.1f} ms, p99 {:.1f} ms".format(*middle)
