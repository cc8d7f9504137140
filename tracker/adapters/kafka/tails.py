"""The last record of a partition, which is often not at its end."""

from time import monotonic
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

_FIRST_LOOK_BACK = 64
_WAIT_MS = 200


def last_record(consumer: KafkaConsumer, partition: TopicPartition, *, limit_s: float) -> Any:  # noqa: ANN401  kafka-python has no types
    """Give the last committed record, or `None` where there is none.

    The end of a partition is taken by transaction markers and by what was sent and never
    committed, so this looks farther and farther back. Takes the consumer for itself. Raises
    kafka-python's errors.
    """
    deadline = monotonic() + limit_s
    consumer.assign([partition])
    first = consumer.beginning_offsets([partition])[partition]
    end = consumer.end_offsets([partition])[partition]
    look_back = _FIRST_LOOK_BACK
    start = end
    while start > first:
        start = max(first, end - look_back)
        consumer.seek(partition, start)
        last = None
        while (consumer.position(partition, timeout_ms=_WAIT_MS) or 0) < end:
            for record in consumer.poll(timeout_ms=_WAIT_MS).get(partition, ()):
                last = record if record.offset < end else last
            if monotonic() > deadline:
                raise KafkaTimeoutError
        if last is not None:
            return last
        look_back *= 8
    return None
