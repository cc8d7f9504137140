"""Measures the transparency log: append, proofs, the tree of heads, and verification.

    python -m loadtests.bench.log --leaves 1000000 [--on postgres]

The events are generated and not read from a store, so the figures describe the log alone. Each
dossier has eight events, and they are mixed.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, cast
from uuid import UUID

from loadtests.bench.harness.machine import directory
from ops.local_servers.postgres import PostgresServer, production_settings
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.migrate import Branch, migrate
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.adapters.sql.read_models.transparency_log import SqlTransparencyLog
from tracker.application.audit.verify_log import LogVerifier
from tracker.application.audit.verify_store import StoredRow
from tracker.domain.dossier.events.event import Event
from tracker.domain.transparency_log.merkle import consistency_proof, inclusion_proof
from tracker.projections.model.feed import Record
from tracker.projections.model.projector import Projector
from tracker.projections.transparency_log import TransparencyLogProjection

EVENTS_A_DOSSIER = 8
AT_ONCE = 4_000
PROOFS = 500
STATE_BYTES = 700


@dataclass(frozen=True)
class Happened:
    """The fields of an event that the log uses."""

    originator_id: UUID
    originator_version: int

    TOPIC = "dossier.internal_step_taken.v1"


class MadeUp:
    """Events by position, always the same."""

    def __init__(self, count: int) -> None:
        self.count = count

    def stored(self, position: int) -> StoredRow:
        group, place = divmod(position - 1, AT_ONCE)
        dossier = group // EVENTS_A_DOSSIER * AT_ONCE + place
        spread = dossier * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128
        state = b'{"number":%d,"more":"' % position
        return StoredRow(
            position,
            UUID(int=spread).hex,
            group % EVENTS_A_DOSSIER + 1,
            Happened.TOPIC,
            state + b"x" * (STATE_BYTES - len(state)) + b'"}',
        )

    def partitions(self) -> Sequence[str]:
        return ("made up",)

    def ready(self) -> Sequence[str]:
        return self.partitions()

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:  # noqa: ARG002  there is one
        last = min(after + limit, self.count)
        rows = map(self.stored, range(after + 1, last + 1))
        return [
            Record(
                row.position,
                cast("Event", Happened(UUID(row.dossier_id), row.version)),
                row.state,
            )
            for row in rows
        ]

    def wait(self, seconds: float) -> None: ...

    def wake(self) -> None: ...

    def events(self, *, after: int, up_to: int, limit: int) -> Sequence[StoredRow]:
        first = max(after, 0) + 1
        return [self.stored(one) for one in range(first, min(up_to, first + limit - 1) + 1)]


def main() -> None:
    """Measure once and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--on", choices=("sqlite", "postgres"), default="sqlite")
    chosen = parser.parse_args()
    with _database(chosen.on) as url:
        engine = open_engine(url)
        model = SqlReadModel(engine, TransparencyLogProjection())
        model.create()
        _measure(MadeUp(chosen.leaves), model, SqlTransparencyLog(engine, model))
        engine.dispose()


def _measure(events: MadeUp, model: SqlReadModel, log: SqlTransparencyLog) -> None:
    size, chance = events.count, Random(1)
    making = _seconds(lambda: [events.stored(one) for one in range(1, size + 1)])
    appending = _seconds(Projector(TransparencyLogProjection(), events, model).catch_up)
    print(f"append         {size / (appending - making):12,.0f} events/s")
    leaves = [chance.randrange(size) for _ in range(PROOFS)]
    proofs: dict[str, Callable[[int], object]] = {
        "inclusion": lambda leaf: inclusion_proof(leaf, size, log.fetch),
        "consistency": lambda leaf: consistency_proof(leaf + 1, size, log.fetch),
    }
    for name, prove in proofs.items():
        _spread(name, [_seconds(partial(prove, leaf)) for leaf in leaves])
    heads = _seconds(lambda: log.make_heads(size))
    print(f"tree of heads  {heads:12.1f} s for {size // EVENTS_A_DOSSIER:,} dossiers")
    verifier = LogVerifier(log, events, iter(()), lambda _: None)
    verifying = _seconds(verifier.first_damage)
    print(
        f"verify         {size / (verifying - making):12,.0f} events/s, the log read and compared"
    )


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _spread(name: str, seconds: Sequence[float]) -> None:
    ordered = sorted(seconds)
    mid, slow = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    print(f"{name:<14} {mid * 1000:12.2f} ms a proof, one in a hundred {slow * 1000:.2f}")


@contextmanager
def _database(kind: str) -> Iterator[str]:
    with directory() as made:
        if kind == "sqlite":
            yield f"sqlite:///{made / 'views.db'}"
            return
        with PostgresServer(made / "postgres", settings=production_settings()) as server:
            engine = open_engine(server.url)
            migrate(engine, Branch.READ_MODELS)
            engine.dispose()
            yield server.url


if __name__ == "__main__":
    main()
