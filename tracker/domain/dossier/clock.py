"""A dossier's clock: its pauses, and the ledger of every date that was promised."""

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
    """One line of the promise ledger: by which step and when (as it happened) it was promised."""

    step: Step
    made_at: datetime
    promise: Promise


def is_kept(
    due_at: datetime, *, finished_at: datetime | None, paused_at: datetime | None, now: datetime
) -> bool:
    """Return whether a promise is kept so far.

    A result that was ready in time stays on time; while the clock stands still nothing falls due.
    """
    return (finished_at or paused_at or now) <= due_at


@dataclass(frozen=True)
class OpenPauses:
    """The pauses of a dossier: since when each open one runs, and those that have ended.

    `started_at` tells since when the clock stands still, whichever pause stopped it; `None` while
    it runs.
    """

    since: dict[PauseKind, datetime] = field(default_factory=dict)
    ended: tuple[Pause, ...] = ()
    started_at: datetime | None = None

    @property
    def are_open(self) -> bool:
        """Return whether the clock stands still."""
        return bool(self.since)

    def all(self) -> tuple[Pause, ...]:
        """Return every pause, those still open without an end."""
        still = (Pause(kind, kind.value, start, None) for kind, start in self.since.items())
        return (*self.ended, *still)

    def after(self, step: Step, at: datetime) -> "OpenPauses":
        """Return the pauses after this step, taken at `at`; asking twice keeps the first start."""
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
    """The rule of a procedure's version, on the calendar as it is known."""

    rule: TimeRule
    calendar: WorkCalendar
    _made: dict[tuple[date, bool], Promise] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """First promises already made: in days, all that comes in before or after closing is alike."""

    def first_promise(self, received_at: datetime) -> Promise | None:
        """Return the promise made when the dossier is taken in; `None` where there is no time."""
        if self.rule.time is None or self.rule.time.unit is TimeUnit.WORKING_HOURS:
            return self._first_promise(received_at)
        local = local_moment(received_at, self.calendar)
        alike = local.date(), local.time() > self.rule.last_moment
        if alike not in self._made:
            promise = self._first_promise(received_at)
            if promise is None:
                return None
            self._made[alike] = promise
        return self._made[alike]

    def _first_promise(self, received_at: datetime) -> Promise | None:
        due = deadline(self.rule, received_at, (), self.calendar)
        return self._promise(due.due_at) if due else None

    def next_promise(
        self, received_at: datetime, ledger: Sequence[LedgerEntry], ended: Sequence[Pause]
    ) -> Promise | None:
        """Return the promise that holds once these pauses have ended; `None` where it stays.

        A date that was given (on a slip, or with an apology) is moved only by the part of the
        pauses after it was given; otherwise the date is reckoned anew from the beginning.
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
        """Raise `CalendarHorizonError` where a date lies outside the calendar.

        Such a date could not be moved by a pause.
        """
        self.calendar.is_working(due_at.astimezone(self.calendar.zone).date())

    def _promise(self, due_at: datetime) -> Promise:
        time = self.rule.time
        text = f"{time.amount} {time.unit.value}" if time else ""
        return Promise(due_at, time=text, calendar=self.calendar.version)
