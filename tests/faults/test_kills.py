"""Kill -9 at random instants, under load.

`TRACKER_TEST_FAULT_KILLS` and `TRACKER_TEST_FAULT_SEED` set how often and which.
"""

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.clients import posting
from tests.faults.cluster import Cluster
from tests.faults.invariants import check

KILLS = int(os.environ.get("TRACKER_TEST_FAULT_KILLS", "12"))
pytestmark = [pytest.mark.slow, pytest.mark.system, pytest.mark.timeout(240 + 30 * KILLS)]


@dataclass(frozen=True)
class Victim:
    """Whoever may be killed, and brought back."""

    name: str
    kill: Callable[[], None]
    start: Callable[[], None]


def victims(cluster: Cluster) -> list[Victim]:
    postgres, kafka = cluster.postgres, cluster.kafka
    return [
        *(Victim(name, one.kill, one.start) for name, one in cluster.programs.items()),
        Victim("postgres (kill)", postgres.kill, postgres.start),
        Victim("postgres (immediate)", lambda: postgres.stop("immediate"), postgres.start),
        Victim("kafka", kafka.kill, kafka.start),
    ]


def kill_some(cluster: Cluster, chance: random.Random, kills: int) -> Counter[str]:
    """Kill one after the other, sometimes two at once, each victim as often as any other."""
    killed = Counter[str]()
    waiting: list[Victim] = []
    while sum(killed.values()) < kills:
        if not waiting:
            waiting = victims(cluster)
            chance.shuffle(waiting)
        time.sleep(chance.uniform(0.1, 2.5))
        struck = [waiting.pop() for _ in range(min(len(waiting), chance.choice((1, 1, 1, 2))))]
        if len({one.name.split()[0] for one in struck}) < len(struck):
            waiting.append(struck.pop())
        for one in struck:
            one.kill()
            killed[one.name] += 1
        time.sleep(chance.uniform(0.0, 2.5))
        for one in struck:
            one.start()
    return killed


def kafka_left_a_transaction_open(cluster: Cluster) -> bool:
    """Return whether the only broker, killed while it ended a transaction, gave that up for good.

    Started again, it finds its own old registration, sees no leader for a while, takes the
    partitions for deleted, and calls the transaction complete without having said so to all.
    """
    return "likely deleted already and hence can be skipped" in cluster.kafka.log(1).read_text()


def test_whoever_is_killed_when_nothing_acknowledged_is_lost_or_doubled(
    cluster: Cluster, tmp_path: Path
) -> None:
    seed = int(os.environ.get("TRACKER_TEST_FAULT_SEED") or random.randrange(10**6))
    sys.stdout.write(f"TRACKER_TEST_FAULT_SEED={seed} TRACKER_TEST_FAULT_KILLS={KILLS}\n")
    began = time.monotonic()
    with posting(cluster.port, cluster.keys) as load:
        killed = kill_some(cluster, random.Random(seed), KILLS)
        time.sleep(1)
    try:
        checked = check(cluster, load.acknowledged)
    except AssertionError:
        if not kafka_left_a_transaction_open(cluster):
            raise
        assert "Nothing is published" in cluster.programs["relay"].said()
        pytest.xfail("Kafka forgot to end a transaction; the relay saw it and stands still")
    report = {
        "seed": seed,
        "kills": sum(killed.values()),
        "by_victim": dict(sorted(killed.items())),
        "ended_by_themselves": {
            name: one.ends for name, one in cluster.programs.items() if one.ends
        },
        "events_checked": checked,
        "posted_more_than_once": load.tried_again(),
        "seconds": round(time.monotonic() - began, 1),
    }
    (tmp_path / "kills.json").write_text(json.dumps(report, indent=2))
    sys.stdout.write(json.dumps(report) + "\n")
    assert killed.total() >= KILLS
