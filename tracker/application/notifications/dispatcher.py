"""Sends what is to be told: each notice once, a dossier's in order, nothing without consent.

What was sent to whom is kept beside the events and outlives any rebuild of the outbox. A process
that dies between sending and noting it leaves the outcome unknown: the notice is sent again under
the same id, by which the receiver drops it. So it is at least once on the wire, once by its id.
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
"""How long after each failure it is tried again; after the last of these, never."""
JITTER = 0.2
"""Up to this share is added by chance, so that what failed together does not return together."""
_AT_ONCE = 8
_PAGE = 1000
_LOOK_AGAIN_S = 1.0
_LOOK_BACK = timedelta(minutes=2)
_LOOK_AT_ALL_EVERY = timedelta(minutes=5)


class TemporaryFailureError(TrackerError):
    """The receiver did not take it; it may another time. The message holds nothing personal."""


class PermanentFailureError(TrackerError):
    """The receiver will never take it. The message holds nothing personal."""


class NoRecipientError(TrackerError):
    """Nobody is to be told any more: not agreed, stopped, erased, or no such address."""


class State(StrEnum):
    """What became of a notice to one target."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


IN_HAND = (State.WAITING, State.SENDING)
"""A dossier's next notice waits for these."""


@dataclass(frozen=True)
class RenderedNotification:
    """A notice ready to go; to a system it has neither address nor words."""

    id: str
    notice: Notification
    to: str = ""
    subject: str = ""
    text: str = ""
    stop_url: str = ""


@dataclass(frozen=True)
class PendingNotification:
    """A line of the outbox, and who had agreed by now to be told of the dossier."""

    notice: Notification
    channels: Collection[str]
    agreed_at: datetime | None

    def is_for(self, channel: NoticeChannel | None) -> bool:
        """Return whether it is for this channel; systems are told of everything.

        What we heard of before the person agreed is not told.
        """
        if channel is None:
            return True
        agreed_at = self.agreed_at
        return (
            channel in self.channels
            and agreed_at is not None
            and self.notice.recorded_at >= agreed_at
        )


@dataclass(frozen=True)
class Delivery:
    """A notice to one target, claimed by this sender; `attempts` counts this one."""

    target: str
    notice: Notification
    attempts: int

    @property
    def id(self) -> str:
        """Its name to the receiver."""
        return self.notice.message_id(self.target)


@dataclass(frozen=True)
class Backlog:
    """What one target was not told: how much waits, heard of when at first, and was given up."""

    target: str
    waiting: int
    oldest_at: datetime | None
    dead: int


class Outbox(Protocol):
    """What is to be told, as the events have it."""

    def since(
        self, moment: datetime, *, after: Notification | None, limit: int
    ) -> Sequence[PendingNotification]:
        """Return lines heard of since, oldest first, those following on `after`."""


class Deliveries(Protocol):
    """What was sent to whom, and what is still to be sent."""

    def add(self, target: str, notices: Sequence[Notification], at: datetime) -> None:
        """Note what is to be sent; what is noted already stays as it is.

        One that comes after a later one of its dossier was sent is dropped: never the wrong order.
        """

    def claim(self, target: str, at: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Take what is due, of each dossier the oldest in hand only; nobody else takes it `until`.

        What another claimed and did not settle by `at` is due again.
        """

    def settle(
        self, delivery: Delivery, state: State, at: datetime, *, due_at: datetime, reason: str
    ) -> None:
        """Note what became of it, unless another has claimed it since."""


class Transport(Protocol):
    """Brings letters to one target. May be called from several threads."""

    def bring(self, letter: RenderedNotification) -> None:
        """Hand it over. Raise `TemporaryFailureError`, `PermanentFailureError`."""


class Renderer(Protocol):
    """Turns notices into letters to people."""

    def letter(self, delivery: Delivery, channel: NoticeChannel) -> RenderedNotification:
        """Write it in the person's language. Raise `NoRecipientError`."""


@dataclass(frozen=True)
class Route:
    """One target and who brings letters there; without a `channel` it is a system, no person."""

    target: str
    courier: Transport
    channel: NoticeChannel | None = None


class Dispatcher:
    """Keeps one target told."""

    def __init__(
        self,
        route: Route,
        *,
        outbox: Outbox,
        deliveries: Deliveries,
        writer: Renderer,
        max_age: timedelta,
        lease: timedelta,
        now: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        """Send what is at most `max_age` old when it is first seen; `chance` gives 0 to 1.

        `lease` is how long sending one may take before its outcome counts as unknown.
        """
        self._route = route
        self._outbox = outbox
        self._deliveries = deliveries
        self._writer = writer
        self._max_age = max_age
        self._lease = lease
        self._now = now
        self._chance = chance
        self._signal = Signal()
        self._seen: set[tuple[UUID, int]] = set()
        self._look_at_all_at: datetime | None = None

    def run(self, stopping: Callable[[], bool]) -> None:
        """Send until told to stop, what is in hand finished. Raise whatever stopped it."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=self._route.target) as pool:
            while not stopping():
                self.pick_up()
                if not self.send_due(pool):
                    self._signal.wait(_LOOK_AGAIN_S)
                    self._signal.clear()

    def wake(self) -> None:
        """Let it look again at once."""
        self._signal.set()

    def pick_up(self) -> None:
        """Note what is new in the outbox as to be sent.

        Lines may appear late where several workers fill it: all of them are looked at now and
        then, the newest each time.
        """
        now = self._now()
        since = now - min(_LOOK_BACK, self._max_age)
        if self._look_at_all_at is None or now >= self._look_at_all_at:
            self._seen.clear()
            self._look_at_all_at = now + _LOOK_AT_ALL_EVERY
            since = now - self._max_age
        after: Notification | None = None
        while lines := self._outbox.since(since, after=after, limit=_PAGE):
            after = lines[-1].notice
            fresh = [
                line.notice
                for line in lines
                if line.is_for(self._route.channel) and _key(line.notice) not in self._seen
            ]
            if fresh:
                self._deliveries.add(self._route.target, fresh, now)
                self._seen.update(map(_key, fresh))

    def send_due(self, pool: ThreadPoolExecutor) -> int:
        """Send what is due, and tell how many were claimed.

        Raise what nobody foresaw once all of them were tried: a claim counts as an attempt.
        """
        now = self._now()
        claimed = self._deliveries.claim(self._route.target, now, now + self._lease, _AT_ONCE)
        sending = [pool.submit(self._send, one) for one in claimed]
        wait(sending)
        for one in sending:
            one.result()
        return len(claimed)

    def _send(self, delivery: Delivery) -> None:
        try:
            self._route.courier.bring(self._letter(delivery))
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

    def _letter(self, delivery: Delivery) -> RenderedNotification:
        channel = self._route.channel
        return (
            self._writer.letter(delivery, channel)
            if channel
            else RenderedNotification(delivery.id, delivery.notice)
        )

    def _settle(
        self, delivery: Delivery, state: State, reason: str, pause: timedelta = timedelta()
    ) -> None:
        now = self._now()
        self._deliveries.settle(delivery, state, now, due_at=now + pause, reason=reason)


def _key(notice: Notification) -> tuple[UUID, int]:
    return notice.dossier_id, notice.version
