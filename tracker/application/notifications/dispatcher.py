"""Sends notifications: each once, those of one dossier in order, and none without consent.

The deliveries are stored separately from the outbox and survive every rebuild of the outbox. If a
process ends between sending and recording, the outcome is unknown: the notification is sent again
with the same id, so that the receiver can drop it. So a notification is sent at least once, and
each id is processed once.
"""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Event as Signal
from typing import Protocol
from uuid import UUID

from tracker.domain.dossier.values import NoticeChannel
from tracker.domain.errors import TrackerError
from tracker.domain.notifications.notifications import Notification

RETRIES = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
)
"""The waiting time after each failure. After the last one there is no further attempt."""
JITTER = 0.2
"""The random share added to each waiting time, so that failures do not retry together."""
_AT_ONCE = 8
_PAGE = 1000
_POLL_S = 1.0
_OVERLAP = timedelta(minutes=2)
_FULL_SCAN_EVERY = timedelta(minutes=5)


class TemporaryFailureError(TrackerError):
    """The receiver did not accept the notification now. The text has no personal data."""


class PermanentFailureError(TrackerError):
    """The receiver will never accept the notification. The text has no personal data."""


class NoRecipientError(TrackerError):
    """The notification has no recipient: no consent, a stop, an erasure, or no address."""


class State(StrEnum):
    """The state of a notification to one target."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


IN_HAND = (State.WAITING, State.SENDING)
"""The states that block the next notification of the same dossier."""


@dataclass(frozen=True)
class RenderedNotification:
    """A notification that is ready to send; for a system it has no address and no text."""

    id: str
    notification: Notification
    to: str = ""
    subject: str = ""
    text: str = ""
    stop_url: str = ""


@dataclass(frozen=True)
class PendingNotification:
    """A row of the outbox, with the person's current consent."""

    notification: Notification
    channels: Collection[str]
    agreed_at: datetime | None

    def is_for(self, channel: NoticeChannel | None) -> bool:
        """Return whether it is for this channel; systems (`None`) get every notification.

        A person gets only notifications about events recorded after the consent.
        """
        if channel is None:
            return True
        agreed_at = self.agreed_at
        return (
            channel in self.channels
            and agreed_at is not None
            and self.notification.recorded_at >= agreed_at
        )


@dataclass(frozen=True)
class Delivery:
    """A notification to one target, claimed by this process; `attempts` includes this one."""

    target: str
    notification: Notification
    attempts: int

    @property
    def id(self) -> str:
        """The id of the notification for the receiver."""
        return self.notification.message_id(self.target)


@dataclass(frozen=True)
class Backlog:
    """The numbers of waiting and dead notifications to one target, and the oldest waiting time."""

    target: str
    waiting: int
    oldest_at: datetime | None
    dead: int


class Outbox(Protocol):
    """The notifications that the events require."""

    def since(
        self, moment: datetime, *, after: Notification | None, limit: int
    ) -> Sequence[PendingNotification]:
        """Return up to `limit` rows recorded since `moment`, oldest first, that follow `after`."""


class Deliveries(Protocol):
    """Stores which notifications were sent and which are still to be sent."""

    def add(self, target: str, notifications: Sequence[Notification], at: datetime) -> None:
        """Store notifications to be sent; those already stored do not change.

        Drop a notification if a later one of the same dossier was already sent, to keep the order.
        """

    def claim(self, target: str, at: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Claim due notifications for this process until `until`, at most one for each dossier.

        It is the oldest one that is waiting or being sent. An expired claim is due again.
        """

    def settle(
        self, delivery: Delivery, state: State, at: datetime, *, due_at: datetime, reason: str
    ) -> None:
        """Store the new state, unless another process has claimed the delivery since."""


class Transport(Protocol):
    """Sends notifications to one target. Several threads may call it at the same time."""

    def send(self, rendered: RenderedNotification) -> None:
        """Send it. Raise `TemporaryFailureError`, `PermanentFailureError`."""


class Renderer(Protocol):
    """Writes the texts of notifications to people."""

    def render(self, delivery: Delivery, channel: NoticeChannel) -> RenderedNotification:
        """Return the notification in the person's language. Raise `NoRecipientError`."""


@dataclass(frozen=True)
class Route:
    """One target and its transport; without a `channel` the target is a system, not a person."""

    target: str
    transport: Transport
    channel: NoticeChannel | None = None


class Dispatcher:
    """Sends all notifications to one target."""

    def __init__(
        self,
        route: Route,
        *,
        outbox: Outbox,
        deliveries: Deliveries,
        renderer: Renderer,
        max_age: timedelta,
        lease: timedelta,
        now: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        """Send notifications that are at most `max_age` old when they are first read.

        `lease` is the time after which an unfinished delivery has an unknown outcome. `chance`
        returns a random number from 0 to 1.
        """
        self._route = route
        self._outbox = outbox
        self._deliveries = deliveries
        self._renderer = renderer
        self._max_age = max_age
        self._lease = lease
        self._now = now
        self._chance = chance
        self._signal = Signal()
        self._seen: set[tuple[UUID, int]] = set()
        self._full_scan_at: datetime | None = None

    def run(self, stopping: Callable[[], bool]) -> None:
        """Send until `stopping()` is true, then finish claimed deliveries. Raise other errors."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=self._route.target) as pool:
            while not stopping():
                self.pick_up()
                if not self.send_due(pool):
                    self._signal.wait(_POLL_S)
                    self._signal.clear()

    def wake(self) -> None:
        """Make `run` read the outbox immediately."""
        self._signal.set()

    def pick_up(self) -> None:
        """Store new rows of the outbox as deliveries.

        Rows may appear late if several workers fill the outbox. So each call reads the newest
        rows, and a full scan reads all rows every five minutes.
        """
        now = self._now()
        since = now - min(_OVERLAP, self._max_age)
        if self._full_scan_at is None or now >= self._full_scan_at:
            self._seen.clear()
            self._full_scan_at = now + _FULL_SCAN_EVERY
            since = now - self._max_age
        after: Notification | None = None
        while rows := self._outbox.since(since, after=after, limit=_PAGE):
            after = rows[-1].notification
            fresh = [
                row.notification
                for row in rows
                if row.is_for(self._route.channel) and _key(row.notification) not in self._seen
            ]
            if fresh:
                self._deliveries.add(self._route.target, fresh, now)
                self._seen.update(map(_key, fresh))

    def send_due(self, pool: ThreadPoolExecutor) -> int:
        """Send due notifications and return the number of claimed deliveries.

        Raise an unexpected error after all of them were tried: each claim counts as an attempt.
        """
        now = self._now()
        claimed = self._deliveries.claim(self._route.target, now, now + self._lease, _AT_ONCE)
        sending = [pool.submit(self._send, delivery) for delivery in claimed]
        wait(sending)
        for future in sending:
            future.result()
        return len(claimed)

    def _send(self, delivery: Delivery) -> None:
        try:
            self._route.transport.send(self._rendered(delivery))
        except NoRecipientError as error:
            self._settle(delivery, State.DROPPED, str(error))
        except PermanentFailureError as error:
            self._settle(delivery, State.DEAD, str(error))
        except TemporaryFailureError as error:
            if delivery.attempts > len(RETRIES):
                self._settle(delivery, State.DEAD, str(error))
            else:
                pause = RETRIES[delivery.attempts - 1] * (1 + JITTER * self._chance())
                self._settle(delivery, State.WAITING, str(error), pause)
        else:
            self._settle(delivery, State.SENT, "")

    def _rendered(self, delivery: Delivery) -> RenderedNotification:
        channel = self._route.channel
        return (
            self._renderer.render(delivery, channel)
            if channel
            else RenderedNotification(delivery.id, delivery.notification)
        )

    def _settle(
        self, delivery: Delivery, state: State, reason: str, pause: timedelta = timedelta()
    ) -> None:
        now = self._now()
        self._deliveries.settle(delivery, state, now, due_at=now + pause, reason=reason)


def _key(notification: Notification) -> tuple[UUID, int]:
    return notification.dossier_id, notification.version
