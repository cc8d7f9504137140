"""A dossier's clock: its pauses, and the ledger of all promised dates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from tracker.domain.deadlines.calendar import WorkCalendar
from tracker.domain.deadlines.deadlines import deadline, local_moment, moved
from tracker.domain.deadlines.time_rules import Pause, PauseKind, TimeRule, TimeUnit
from tracker.domain.dossier.lifecycle import MOVES_PAUSES, STEPS, Step
from tracker.domain.dossier.values import Promise


@dataclass(frozen=True)
class LedgerEntry:
    """One entry of the promise ledger: the promise, its step and when the step happened."""

    step: Step
    made_at: datetime
    promise: Promise


def is_kept(
    due_at: datetime, *, finished_at: datetime | None, paused_at: datetime | None, now: datetime
) -> bool:
    """Return whether a promise is kept so far.

    A result that was ready in time stays on time. A paused dossier cannot become overdue.
    """
    return (finished_at or paused_at or now) <= due_at


@dataclass(frozen=True)
class OpenPauses:
    """The pauses of a dossier: the start of each open pause, and the pauses that have ended.

    `started_at` is when the clock stopped, whichever pause stopped it; `None` while it runs.
    """

    since: dict[PauseKind, datetime] = field(default_factory=dict)
    ended: tuple[Pause, ...] = ()
    started_at: datetime | None = None

    @property
    def are_open(self) -> bool:
        """Return whether any pause is open."""
        return bool(self.since)

    def all(self) -> tuple[Pause, ...]:
        """Return every pause; an open pause has no end."""
        still_open = (Pause(kind, kind.value, start, None) for kind, start in self.since.items())
        return (*self.ended, *still_open)

    def after(self, step: Step, at: datetime) -> "OpenPauses":
        """Return the pauses after this step at `at`; a second request keeps the first start."""
        if step not in MOVES_PAUSES:
            return self
        rule = STEPS[step]
        closing = [kind for kind in self.since if kind in rule.closes]
        if not (closing or rule.opens):
            return self
        ended = tuple(Pause(kind, kind.value, self.since[kind], at) for kind in closing)
        since = {kind: start for kind, start in self.since.items() if kind not in rule.closes}
        started_at = self.started_at if since else None
        if rule.opens and rule.opens not in since:
            since[rule.opens] = at
            started_at = min(started_at or at, at)
        return OpenPauses(since, self.ended + ended, started_at)


@dataclass(frozen=True)
class Clock:
    """The time rule of a procedure version, with the known calendar."""

    rule: TimeRule
    calendar: WorkCalendar
    _first_promises: dict[tuple[date, bool], Promise] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """A cache of first promises. In days, all dossiers of a day before closing get the same one."""

    def first_promise(self, received_at: datetime) -> Promise | None:
        """Return the promise made at receipt; `None` if the procedure has no time."""
        if self.rule.time is None or self.rule.time.unit is TimeUnit.WORKING_HOURS:
            return self._first_promise(received_at)
        local = local_moment(received_at, self.calendar)
        key = local.date(), local.time() > self.rule.last_moment
        if key not in self._first_promises:
            promise = self._first_promise(received_at)
            if promise is None:
                return None
            self._first_promises[key] = promise
        return self._first_promises[key]

    def _first_promise(self, received_at: datetime) -> Promise | None:
        due = deadline(self.rule, received_at, (), self.calendar)
        return self._promise(due.due_at) if due else None

    def next_promise(
        self, received_at: datetime, ledger: Sequence[LedgerEntry], ended: Sequence[Pause]
    ) -> Promise | None:
        """Return the new promise after these pauses have ended; `None` if the date stays.

        A given date (on a slip, or with an apology) moves only by the part of the pauses after it
        was given. Any other date is calculated again from receipt.
        """
        if not ledger:
            return None
        given = next((entry for entry in reversed(ledger) if entry.promise.given), None)
        if given:
            due_at = moved(given.promise.due_at, given.made_at, self.rule, ended, self.calendar)
        else:
            due = deadline(self.rule, received_at, ended, self.calendar)
            if due is None:
                return None
            due_at = due.due_at
        return None if due_at == ledger[-1].promise.due_at else self._promise(due_at)

    def require_reach(self, due_at: datetime) -> None:
        """Raise `CalendarHorizonError` for a date outside the calendar.

        A pause could not move such a date.
        """
        self.calendar.is_working(due_at.astimezone(self.calendar.zone).date())

    def _promise(self, due_at: datetime) -> Promise:
        time = self.rule.time
        text = f"{time.amount} {time.unit.value}" if time else ""
        return Promise(due_at, time=text, calendar=self.calendar.version)
