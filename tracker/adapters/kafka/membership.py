"""Whether a member of a consumer group is one still, which kafka-python does not always notice."""

from time import monotonic

from kafka import KafkaConsumer
from kafka.errors import RetriableError
from kafka.structs import MemberState

_PATIENCE_S = 12.0


class StuckMemberError(RetriableError):  # type: ignore[misc]
    """This consumer waits for its group and never asks again; only a new one helps."""


class Membership:
    """Watches one consumer.

    When it finds by itself that partitions must be shared out anew, and the answer comes after its
    `poll` has ended, kafka-python 3.0.12 never looks at the answer: it reads nothing, sends no
    heartbeat, raises nothing, and stays so for ever.
    """

    def __init__(self, consumer: KafkaConsumer) -> None:
        """Watch this one."""
        self._consumer = consumer
        self._settled_at = monotonic()

    def check(self) -> None:
        """Raise `StuckMemberError` where it has had no settled place in its group for long."""
        if self._consumer.group_metadata().state == MemberState.STABLE:
            self._settled_at = monotonic()
        elif monotonic() - self._settled_at > _PATIENCE_S:
            raise StuckMemberError
