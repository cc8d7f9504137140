"""The relay, compared with kafka-python's own transactional producer on the same records.

Both fill their own topics every round, in transactions of one size, with the same settings except
for the choice of a key's partition: the producer uses kafka-python's own. The producer gets
finished records: it reads no store, calculates no hash, checks no record's result and writes no
position. Each clock starts after the first transaction.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from time import perf_counter

from kafka.partitioner import DefaultPartitioner

from loadtests.bench.archive.installation import archived, kafka, measured, new_topics
from loadtests.bench.harness.figures import Figure, against
from loadtests.bench.harness.rounds import Spread, alternate
from loadtests.bench.harness.run import Run
from tracker.adapters.kafka.connection import KafkaConnection, open_producer
from tracker.adapters.kafka.records import Outgoing, outgoing
from tracker.adapters.kafka.relay.relay import Relay, RelayCondition, RelayState, RelayTimes
from tracker.adapters.kafka.relay_position import Notifications
from tracker.adapters.kafka.topics import TopicNames

TIMES = RelayTimes()
_DOSSIERS = 3_000
"""Each has about nine events."""


def relay_rate(store: Notifications, connection: KafkaConnection) -> float:
    """Let a relay publish the whole store to new topics; return its events a second."""
    return publish(store, connection, new_topics(connection))


def publish(store: Notifications, connection: KafkaConnection, names: TopicNames) -> float:
    """Let a relay publish the whole store to these topics; return its events a second."""
    head = store.max_notification_id() or 0
    marks: list[tuple[float, int]] = []

    def watch(state: RelayState) -> None:
        if state.condition is RelayCondition.PUBLISHING:
            marks.append((perf_counter(), state.position))
            if state.position == head:
                relay.stop()

    relay = Relay(
        store,
        connection,
        names,
        name="bench",
        now=lambda: datetime.now(UTC),
        watch=watch,
        times=TIMES,
    )
    relay.run()
    (began, first), (ended, last) = marks[0], marks[-1]
    return (last - first) / (ended - began)


def producer_rate(records: Sequence[Outgoing], connection: KafkaConnection) -> float:
    """Let kafka-python alone send these records; return the number a second."""
    events = new_topics(connection).events
    producer = open_producer(
        connection,
        transactional_id=events,
        limit_s=TIMES.transaction_s,
        partitioner=DefaultPartitioner(),
    )
    producer.init_transactions()
    began = 0.0
    for start in range(0, len(records), TIMES.batch):
        producer.begin_transaction()
        for one in records[start : start + TIMES.batch]:
            producer.send(events, key=one.key, value=one.value, headers=one.headers)
        producer.commit_transaction()
        began = began or perf_counter()
    elapsed = perf_counter() - began
    producer.close()
    return (len(records) - TIMES.batch) / elapsed


def relaying(run: Run) -> list[Figure]:
    """The relay, compared with kafka-python's own transactional producer on the same records."""
    with archived(_DOSSIERS, run.say) as it, kafka() as connection:
        store = it.tracker.store
        head = store.max_notification_id() or 0
        records = [outgoing("", one) for one in store.select_notifications(1, head)]
        with measured():
            values = alternate(
                {
                    "relay": partial(relay_rate, store, connection),
                    "producer": partial(producer_rate, records, connection),
                },
                run.rounds,
                say=run.say,
            )
    alone = f"kafka-python alone, {Spread.of(values['producer']):,.0f}"
    what = f"relay, {TIMES.batch} events a transaction"
    return [against(what, values["relay"], values["producer"], alone, 0.9, unit="events/s")]
