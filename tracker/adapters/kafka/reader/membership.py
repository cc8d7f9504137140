"""Whether a member of a consumer group is one still, which kafka-python does not always notice."""

from time import monotonic

from kafka import KafkaConsumer
from kafka.errors import RetriableError
from kafka.structs import MemberState

_PATIENCE_S = 12.0
_JOINING_MS = 1000


class StuckMemberError(RetriableError):  # type: ignore[misc]
    """This consumer waits for its group and never asks again; only a new one helps."""


class Membership:
    """Watches one consumer, and tells how long its `poll` must be.

    kafka-python 3.0.12 joins a group in the background of a `poll`. Where the answer comes between
    two of them it is thrown away and asked for again, which disturbs the whole group; and where it
    was the consumer's own idea to share out anew, the answer is never looked at: it then reads
    nothing, sends no heartbeat, raises nothing, and stays so for ever.
    """

    def __init__(self, consumer: KafkaConsumer) -> None:
        """Watch this one."""
        self._consumer = consumer
        self._settled_at = monotonic()

    def poll_ms(self, wanted: int) -> int:
        """Return how many milliseconds to poll for: as long as wanted, or longer while it joins.

        Raise `StuckMemberError` where it has had no settled place in its group for too long.
        """
        if self._consumer.group_metadata().state == MemberState.STABLE:
            self._settled_at = monotonic()
            return wanted
        if monotonic() - self._settled_at > _PATIENCE_S:
            raise StuckMemberError
        return max(wanted, _JOINING_MS)
