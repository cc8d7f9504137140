"""Spikes of whole life cycles on the production shape, with the large archive stored.

While the archive is filled there is no Kafka: the read models follow the store, which is much
faster. Kafka then starts in the state that a relay would have left after the last event of the
archive, without the earlier events. Relay and read models continue from there as in production, and
everything that the test does takes that path.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from secrets import token_hex

import httpx2

from loadtests.bench.archive.installation import Archive, make_topics
from loadtests.bench.harness import machine
from loadtests.bench.harness.figures import Figure, at_least, at_most
from loadtests.bench.harness.run import Run
from loadtests.profile import Profile, load
from loadtests.results.objectives import recoveries, summary
from loadtests.results.processor_time import Spent
from loadtests.results.recorder import Request
from loadtests.results.report import life_cycles
from loadtests.runner import StartState, read_back, visit
from ops.local_servers.kafka import KafkaCluster
from ops.local_servers.ports import free_ports
from ops.stack import Stack, standing
from tracker.adapters.kafka.connection import KafkaConnection, open_consumer
from tracker.adapters.kafka.records import outgoing
from tracker.adapters.kafka.relay.relay_proof import last_of_each, partitions_of
from tracker.adapters.kafka.relay_position import Notifications, RelayPosition, as_record
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import Transactions
from tracker.wiring.kafka import topic_names
from tracker.wiring.read_models import PROJECTIONS

PROFILE = "spikes"
_LIMIT_S = 10.0


def spikes(run: Run) -> list[Figure]:
    """Life cycles, 1 -> 15 -> 1 -> 25 -> 2 -> 35 -> 10 a second, with the large archive."""
    archive = run.large_archive(*(kind.NAME for kind in PROJECTIONS))
    directory, head = archive.site.directory, archive.head()
    (directory / "master.key").write_text(archive.site.environment["TRACKER_MASTER_KEY"])
    profile = load(PROFILE)
    run.results.mkdir(parents=True, exist_ok=True)
    credentials = run.results / "credentials.txt"
    credentials.write_text(run.invited.demo, encoding="utf-8")
    place = run.results / PROFILE
    with machine.staying_on(machine.ALL):
        _begin_kafka(directory / "kafka", archive)
        archive.site.stop_store()
        (port,) = free_ports(1)
        with standing(directory, port=port) as stack:
            _wait_for_checkpoint(stack, run.say)
            before = StartState.of(stack, without=range(1, head + 1))
            made = visit(stack, PROFILE, profile, credentials, place)
            wrong = read_back(stack, [place], before)
    if made.spent is None:
        raise RuntimeError("; ".join(made.faults))
    for one in wrong:
        run.say(f"  WRONG  {one}")
    what = f"spikes with {archive.dossiers:,} dossiers"
    return [
        *_figures(what, profile, made.asked),
        _a_core(what, made.asked, made.spent),
        Figure(
            f"{what}, read back",
            f"{len(wrong)} faults",
            "everything acknowledged once, in store and topic",
            "0",
            not wrong,
        ),
    ]


def _wait_for_checkpoint(stack: Stack, say: Callable[[str], None]) -> None:
    """Wait for the first signed checkpoint of the log; the next takes twenty times as long."""
    began = time.monotonic()
    while httpx2.get(f"{stack.address}/v1/log/checkpoint").status_code != httpx2.codes.OK:
        if ended := stack.ended():
            message = f"{', '.join(ended)} ended"
            raise RuntimeError(message)
        time.sleep(1)
    say(f"  the first checkpoint was signed after {time.monotonic() - began:.0f} s")


def _figures(what: str, profile: Profile, asked: Sequence[Request]) -> list[Figure]:
    (wanted,), got = profile.journeys.values(), summary(asked)
    if profile.recovery is None or wanted.p95_ms is None:
        raise ValueError(profile)
    took = [spike.took_s for spike in recoveries(profile, profile.recovery, asked)]
    return [
        at_least(
            f"{what}, succeeded",
            [100 * (1 - got.errors)],
            100 * (1 - wanted.errors),
            "%",
            f"of {got.requests:,} requests",
            digits=2,
        ),
        at_most(f"{what}, p95", [got.p95_ms], wanted.p95_ms, "ms", f"p50 {got.p50_ms:.0f} ms"),
        at_most(
            f"{what}, until calm",
            [max(took)],
            profile.recovery.within_s,
            "s",
            f"after each: {', '.join(f'{one:.0f}' for one in took)} s",
        ),
    ]


def _a_core(what: str, asked: Sequence[Request], spent: Spent) -> Figure:
    whole = life_cycles(asked)
    return Figure(
        f"{what}, life cycles",
        f"{whole / spent.parts['api']:.0f} a second and core of the API",
        f"{whole / spent.service:.0f} a second and core of all programs",
    )


def _begin_kafka(directory: Path, archive: Archive) -> None:
    with KafkaCluster(directory) as cluster, archive.opened() as it:
        connection, names = KafkaConnection(cluster.bootstrap_servers), topic_names(it.settings)
        make_topics(connection, names)
        begin_at_the_end(it.tracker.store, connection, names)
        cluster.stop()


def begin_at_the_end(store: Notifications, connection: KafkaConnection, names: TopicNames) -> None:
    """Write to empty topics the last event of each partition and the position of a relay after it.

    Read models that have this event already ignore it.
    """
    head = store.max_notification_id() or 0
    with closing(open_consumer(connection)) as consumer:
        partitions = len(partitions_of(consumer, [names.events]))
    last = last_of_each(store, head, partitions).values()
    position = RelayPosition(head, "bench", token_hex(8), left=True)
    with Transactions(connection, names.relay, limit_s=_LIMIT_S) as kafka:
        kafka.commit([*(outgoing(names.events, one) for one in last), as_record(names, position)])
