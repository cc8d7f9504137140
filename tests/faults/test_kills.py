"""Processes are killed with SIGKILL at random times under load.

`TRACKER_TEST_FAULT_KILLS` and `TRACKER_TEST_FAULT_SEED` set the number of kills and the seed.
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
    """A process that can be killed and started again."""

    name: str
    kill: Callable[[], None]
    start: Callable[[], None]


def victims(cluster: Cluster) -> list[Victim]:
    postgres, kafka = cluster.postgres, cluster.kafka
    return [
        *(Victim(name, program.kill, program.start) for name, program in cluster.programs.items()),
        Victim("postgres (kill)", postgres.kill, postgres.start),
        Victim("postgres (immediate)", lambda: postgres.stop("immediate"), postgres.start),
        Victim("kafka", kafka.kill, kafka.start),
    ]


def kill_some(cluster: Cluster, randomness: random.Random, kills: int) -> Counter[str]:
    """Kill the victims equally often, one after another, sometimes two at once."""
    killed = Counter[str]()
    waiting: list[Victim] = []
    while sum(killed.values()) < kills:
        if not waiting:
            waiting = victims(cluster)
            randomness.shuffle(waiting)
        time.sleep(randomness.uniform(0.1, 2.5))
        struck = [waiting.pop() for _ in range(min(len(waiting), randomness.choice((1, 1, 1, 2))))]
        if len({victim.name.split()[0] for victim in struck}) < len(struck):
            waiting.append(struck.pop())
        for victim in struck:
            victim.kill()
            killed[victim.name] += 1
        time.sleep(randomness.uniform(0.0, 2.5))
        for victim in struck:
            victim.start()
    return killed


def kafka_left_a_transaction_open(cluster: Cluster) -> bool:
    """Return whether a broker killed while it ended a transaction never ended it.

    After a restart, the only broker finds its old registration and sees no leader for a while. It
    then takes the partitions for deleted, and marks the transaction as complete although some
    partitions have no end marker.
    """
    return "likely deleted already and hence can be skipped" in cluster.kafka.log(1).read_text()


def test_no_acknowledged_event_is_lost_or_doubled_after_random_kills(
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
        assert "Nothing is published" in cluster.programs["relay"].last_lines()
        pytest.xfail("Kafka did not end a transaction. The relay detected this and has stopped.")
    report = {
        "seed": seed,
        "kills": sum(killed.values()),
        "by_victim": dict(sorted(killed.items())),
        "ended_by_themselves": {
            name: program.ends for name, program in cluster.programs.items() if program.ends
        },
        "events_checked": checked,
        "posted_more_than_once": load.retried(),
        "seconds": round(time.monotonic() - began, 1),
    }
    (tmp_path / "kills.json").write_text(json.dumps(report, indent=2))
    sys.stdout.write(json.dumps(report) + "\n")
    assert killed.total() >= KILLS
