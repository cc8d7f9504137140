"""Reads the last records of a partition. Other entries often follow them in the log."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

_FIRST_LOOK_BACK = 64
_WAIT_MS = 200


def last_record(consumer: KafkaConsumer, partition: TopicPartition, *, limit_s: float) -> Any:  # noqa: ANN401  kafka-python has no types
    """Return the last committed record, or `None` if the partition holds none.

    The consumer must have no other user. Raise kafka-python's errors.
    """
    records = last_records(consumer, partition, limit_s=limit_s)
    return records[-1] if records else None


def last_records(
    consumer: KafkaConsumer,
    partition: TopicPartition,
    *,
    limit_s: float,
    enough: Callable[[Sequence[Any]], bool] = bool,
) -> Sequence[Any]:
    """Return the last committed records, oldest first: until `enough` accepts them, or all.

    The end of a partition also holds transaction markers and aborted records, so the search range
    grows with each attempt. The consumer must have no other user. Raise kafka-python's errors.
    """
    deadline = monotonic() + limit_s
    consumer.assign([partition])
    first = consumer.beginning_offsets([partition])[partition]
    end = consumer.end_offsets([partition])[partition]
    look_back = _FIRST_LOOK_BACK
    start = end
    records: list[Any] = []
    while start > first and not enough(records):
        start = max(first, end - look_back)
        consumer.seek(partition, start)
        records = []
        while (consumer.position(partition, timeout_ms=_WAIT_MS) or 0) < end:
            polled = consumer.poll(timeout_ms=_WAIT_MS).get(partition, ())
            records += [record for record in polled if record.offset < end]
            if monotonic() > deadline:
                raise KafkaTimeoutError
        look_back *= 8
    return records
