"""Detects a consumer that has lost its group membership, which kafka-python can miss."""

from time import monotonic

from kafka import KafkaConsumer
from kafka.errors import RetriableError
from kafka.structs import MemberState

_PATIENCE_S = 12.0
_JOINING_MS = 1000


class StuckMemberError(RetriableError):  # type: ignore[misc]
    """This consumer waits for its group without sending requests. Replace it with a new one."""


class Membership:
    """Watches one consumer and chooses the duration of its `poll` calls.

    kafka-python 3.0.12 joins a group in the background of a `poll`. If the answer arrives between
    two polls, the client drops it and joins again, which makes the whole group rebalance. If the
    consumer itself started the rebalance, the client never reads the answer: it then reads no
    records, sends no heartbeat, raises no error, and never recovers.
    """

    def __init__(self, consumer: KafkaConsumer) -> None:
        """Watch this consumer."""
        self._consumer = consumer
        self._last_stable_at = monotonic()

    def poll_ms(self, wanted: int) -> int:
        """Return the poll duration in milliseconds: `wanted`, or longer while the consumer joins.

        Raise `StuckMemberError` if the consumer has not been a stable member for too long.
        """
        if self._consumer.group_metadata().state == MemberState.STABLE:
            self._last_stable_at = monotonic()
            return wanted
        if monotonic() - self._last_stable_at > _PATIENCE_S:
            raise StuckMemberError
        return max(wanted, _JOINING_MS)
