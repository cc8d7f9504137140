"""The last records of a partition, which are often not at its end."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

_FIRST_LOOK_BACK = 64
_WAIT_MS = 200


def last_record(consumer: KafkaConsumer, partition: TopicPartition, *, limit_s: float) -> Any:  # noqa: ANN401  kafka-python has no types
    """Return the last committed record, or `None` where there is none.

    Takes the consumer for itself. Raises kafka-python's errors.
    """
    found = last_records(consumer, partition, limit_s=limit_s)
    return found[-1] if found else None


def last_records(
    consumer: KafkaConsumer,
    partition: TopicPartition,
    *,
    limit_s: float,
    enough: Callable[[Sequence[Any]], bool] = bool,
) -> Sequence[Any]:
    """Return the last committed records, in their order: `enough` of them, or all there are.

    The end of a partition also holds transaction markers and aborted records, so this looks farther
    and farther back. Takes the consumer for itself. Raises kafka-python's errors.
    """
    deadline = monotonic() + limit_s
    consumer.assign([partition])
    first = consumer.beginning_offsets([partition])[partition]
    end = consumer.end_offsets([partition])[partition]
    look_back = _FIRST_LOOK_BACK
    start = end
    found: list[Any] = []
    while start > first and not enough(found):
        start = max(first, end - look_back)
        consumer.seek(partition, start)
        found = []
        while (consumer.position(partition, timeout_ms=_WAIT_MS) or 0) < end:
            polled = consumer.poll(timeout_ms=_WAIT_MS).get(partition, ())
            found += [record for record in polled if record.offset < end]
            if monotonic() > deadline:
                raise KafkaTimeoutError
        look_back *= 8
    return found
