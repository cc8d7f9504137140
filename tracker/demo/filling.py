"""Fill an empty store with the sample dossiers of an invented quarter.

Every act is handled in the order of time by the same code as a real command. The clock of the
installation shows the time of the act.
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
from tracker.demo.life import Act, Acts, Life
from tracker.demo.town import Town
from tracker.domain.errors import TrackerError

SPAN = timedelta(days=92)
_TRIES = 50
_RECEIVED_WITHIN = timedelta(hours=30)
"""Every intake reaches the service before the end of the demo, also an offline one."""


class DemoError(TrackerError):
    """The demo sent a command that the service refused."""


@dataclass
class DemoClock:
    """A clock that shows a fixed moment."""

    moment: datetime

    def __call__(self) -> datetime:
        """Return the moment that the clock shows."""
        return self.moment


@dataclass(order=True)
class _Next:
    received_at: datetime
    number: int
    act: Act = field(compare=False)
    acts_to_come: Acts = field(compare=False)


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
    """Run the lives of this number of dossiers until a moment. Return the number of acts.

    The same seed, end and service data make the same dossiers. `step` is called with the number of
    minutes that have passed since its last call. Raise `DemoError`.
    """
    acts, reported_until = 0, until - SPAN
    queue = [_first(number, service, until, seed) for number in range(1, dossiers + 1)]
    heapify(queue)
    while queue and queue[0].received_at <= until:
        now = heappop(queue)
        minutes = (now.received_at - reported_until) // timedelta(minutes=1)
        reported_until += timedelta(minutes=minutes)
        step(minutes)
        clock.moment = now.received_at
        result = tracker.handle([Envelope(now.act.actor, read_command(now.act.command))])[0]
        if isinstance(result, TrackerError):
            message = f"{now.act.command['event_id']}, {now.act.command['step']}: {result}"
            raise DemoError(message) from result
        acts += 1
        try:
            act = now.acts_to_come.send(result)
        except StopIteration:
            continue
        heappush(queue, _Next(act.received_at, now.number, act, now.acts_to_come))
    clock.moment = until
    return acts


def _first(number: int, service: Service, until: datetime, seed: int) -> _Next:
    rng = Random(f"{seed}:{number}")
    town = Town(service, rng)
    for _ in range(_TRIES):
        intake = town.intake(until - SPAN * rng.random())
        if intake and intake.at + _RECEIVED_WITHIN < until:
            acts_to_come = whole_life(Life(number, intake, town, rng))
            act = next(acts_to_come)
            return _Next(act.received_at, number, act, acts_to_come)
    message = "The service data allow no intake. Add open offices and procedures."
    raise DemoError(message)
