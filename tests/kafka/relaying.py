"""Relays that run in a test, and a store with faults."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event as Signal
from threading import Thread
from time import monotonic, sleep

from eventsourcing.persistence import Notification

from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.relay.relay import Relay, RelayState, RelayTimes
from tracker.adapters.kafka.relay_position import Notifications
from tracker.adapters.kafka.topics import TopicNames

QUICK = RelayTimes(transaction_s=5, stand_by_s=1, look_again_s=0.02, batch=50)


def until(condition: Callable[[], bool], *, seconds: float = 90) -> None:
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end, f"the condition is not true after {seconds} s"
        sleep(0.02)


class Running:
    """A relay in a thread, with the states it reported and the error that ended it."""

    def __init__(
        self,
        store: Notifications,
        connection: KafkaConnection,
        names: TopicNames,
        *,
        name: str = "one",
        times: RelayTimes = QUICK,
        epoch: int = 0,
    ) -> None:
        self.states: list[RelayState] = []
        self.error: Exception | None = None
        self.relay = Relay(
            store,
            connection,
            names,
            name=name,
            now=lambda: datetime.now(UTC),
            watch=self.states.append,
            times=times,
            epoch=lambda: epoch,
        )
        self.thread = Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.relay.run()
        except Exception as error:  # noqa: BLE001  the test checks it
            self.error = error

    def ended(self) -> bool:
        return not self.thread.is_alive()

    def is_in(self, condition: str) -> bool:
        return bool(self.states) and self.states[-1].condition == condition

    def has_published(self, position: int) -> bool:
        if self.error:
            raise self.error
        return self.is_in("publishing") and self.states[-1].position >= position

    def stop(self) -> None:
        self.relay.stop()
        self.thread.join(30)
        assert self.ended()


@contextmanager
def running(
    store: Notifications,
    connection: KafkaConnection,
    names: TopicNames,
    *,
    name: str = "one",
    times: RelayTimes = QUICK,
    epoch: int = 0,
) -> Iterator[Running]:
    relay = Running(store, connection, names, name=name, times=times, epoch=epoch)
    relay.thread.start()
    try:
        yield relay
    finally:
        relay.stop()


def publish_all(store: Notifications, connection: KafkaConnection, names: TopicNames) -> None:
    """Run a relay until it has published all events of the store."""
    head = store.max_notification_id() or 0
    with running(store, connection, names) as relay:
        until(lambda: relay.has_published(head))


class FaultyStore:
    """A store that can freeze, raise an error or lose its newest events."""

    def __init__(self, store: Notifications) -> None:
        self._store = store
        self.go_on = Signal()
        self.go_on.set()
        self.frozen = Signal()
        self.error: Exception | None = None
        self.head: int | None = None

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        events = self._store.select_notifications(
            start, limit, stop, topics, inclusive_of_start=inclusive_of_start
        )
        if self.error:
            raise self.error
        if events and not self.go_on.is_set():
            self.frozen.set()
            self.go_on.wait()
        return events

    def max_notification_id(self) -> int | None:
        return self._store.max_notification_id() if self.head is None else self.head
