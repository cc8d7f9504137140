"""Fills an empty store with the sample dossiers of a made-up quarter of a year.

Every act is posted when its time comes, in the order of time, through the same door as a real
one; the clock that the installation is opened with stands wherever the demo has come to.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from random import Random

from tracker.application.commands.envelope import Envelope
from tracker.application.commands.handler import Tracker
from tracker.application.commands.registry import read_command
from tracker.application.service import Service
from tracker.demo.before_the_decision import whole_life
from tracker.demo.life import Act, Deeds, Life
from tracker.demo.town import Town
from tracker.domain.errors import TrackerError

SPAN = timedelta(days=92)
_TRIES = 50
_HEARD_WITHIN = timedelta(hours=30)
"""Every intake is heard of by the end of the demo, also one made offline."""


class DemoError(TrackerError):
    """The demo tried something that the rules of the service do not allow."""


@dataclass
class DemoClock:
    """A clock that stands where it was put."""

    moment: datetime

    def __call__(self) -> datetime:
        """Return the time it shows."""
        return self.moment


@dataclass(order=True)
class _Next:
    heard_at: datetime
    number: int
    act: Act = field(compare=False)
    deeds: Deeds = field(compare=False)


def fill(
    tracker: Tracker,
    service: Service,
    clock: DemoClock,
    *,
    until: datetime,
    dossiers: int,
    seed: int,
    step: Callable[[int], None] = lambda _: None,
) -> int:
    """Let so many dossiers live until this moment; give the number of acts.

    The same seed, end and service data make the same dossiers. `step` is told of every minute
    that has passed. Raise `DemoError`.
    """
    acts, told = 0, until - SPAN
    coming = [_first(number, service, until, seed) for number in range(1, dossiers + 1)]
    heapify(coming)
    while coming and coming[0].heard_at <= until:
        now = heappop(coming)
        minutes = (now.heard_at - told) // timedelta(minutes=1)
        told += timedelta(minutes=minutes)
        step(minutes)
        clock.moment = now.heard_at
        result = tracker.handle([Envelope(now.act.actor, read_command(now.act.message))])[0]
        if isinstance(result, TrackerError):
            message = f"{now.act.message['event_id']}, {now.act.message['step']}: {result}"
            raise DemoError(message) from result
        acts += 1
        try:
            act = now.deeds.send(result)
        except StopIteration:
            continue
        heappush(coming, _Next(act.heard_at, now.number, act, now.deeds))
    clock.moment = until
    return acts


def _first(number: int, service: Service, until: datetime, seed: int) -> _Next:
    rng = Random(f"{seed}:{number}")
    town = Town(service, rng)
    for _ in range(_TRIES):
        intake = town.intake(until - SPAN * rng.random())
        if intake and intake.at + _HEARD_WITHIN < until:
            deeds = whole_life(Life(number, intake, town, rng))
            act = next(deeds)
            return _Next(act.heard_at, number, act, deeds)
    message = "The service data leave no way to take a dossier in."
    raise DemoError(message)
