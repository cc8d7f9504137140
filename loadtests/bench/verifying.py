"""How fast `tracker verify` is: the store, Kafka alone, and both compared.

    python -m loadtests.bench.verifying [--dossiers 12000]

It runs on one processor, PostgreSQL and Kafka on the other. It does not measure read models, the
transparency log (see `loadtests.bench.log`) or checkpoints.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter

from loadtests.bench.archive.installation import archived, kafka, measured, new_topics
from loadtests.bench.harness import machine
from loadtests.bench.harness.rounds import Spread, alternate
from loadtests.bench.scenarios.relay import publish
from tracker.adapters.kafka.audit.scan import KafkaScan
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.notary.ed25519 import Notary
from tracker.application.audit.verify_both import BothVerifier
from tracker.application.audit.verify_kafka import KafkaVerifier
from tracker.application.audit.verify_store import StoreVerifier
from tracker.container import Container

TARGET = 50_000


def main() -> int:
    """Measure and print; return 1 if a median misses the target."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.bench.verifying",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dossiers", type=int, default=12_000, help="with some nine events each")
    chosen = parser.parse_args()
    with (
        machine.staying_on(machine.OTHERS),
        archived(chosen.dossiers, _say) as it,
        kafka() as connection,
    ):
        names = new_topics(connection)
        publish(it.tracker.store, connection, names)
        with measured():
            values = alternate(
                {
                    "store": partial(_store, it),
                    "kafka": partial(_kafka, connection, names, it.log.notary),
                    "both": partial(_both, it, connection, names),
                },
                chosen.rounds,
                say=_say,
            )
    print(f"\nEvents a second, medians of {chosen.rounds} rounds (least to most):\n")
    print("| verify --of | rate | target | |\n|---|---|---|---|")
    for name, rates in values.items():
        met = "met" if Spread.of(rates).mid >= TARGET else "**missed**"
        print(f"| {name} | {Spread.of(rates):,.0f} | {TARGET:,} | {met} |")
    return int(any(Spread.of(rates).mid < TARGET for rates in values.values()))


def _store(it: Container) -> float:
    verifier = StoreVerifier(it.scan)
    return _rate(verifier.first_damage, lambda: verifier.events)


def _kafka(connection: KafkaConnection, names: TopicNames, notary: Notary) -> float:
    with KafkaScan(connection, names) as scan:
        verifier = KafkaVerifier(scan, scan.checkpoints(), notary.check)
        return _rate(verifier.first_damage, lambda: verifier.events)


def _both(it: Container, connection: KafkaConnection, names: TopicNames) -> float:
    with KafkaScan(connection, names) as scan:
        verifier = BothVerifier(it.scan, scan)
        return _rate(verifier.first_damage, lambda: verifier.events)


def _rate(verify: Callable[[], object], events: Callable[[], int]) -> float:
    began = perf_counter()
    damage = verify()
    if damage:
        raise SystemExit(str(damage))
    return events() / (perf_counter() - began)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
