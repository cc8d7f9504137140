"""The figures that managers answer for: at present, at a past moment, and recomputed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from tracker.domain.dossier.actors import Actor, Read, require
from tracker.domain.dossier.events.event import Event
from tracker.domain.errors import InvalidInputError
from tracker.projections.figures.figures import Counts, Figures, GroupBy, Question
from tracker.projections.figures.recomputation import recomputed

_A_LITTLE_AHEAD = timedelta(seconds=1)

Histories = Callable[[Callable[[int], None]], Iterator[Sequence[Event]]]
"""Reads all stored events, dossier by dossier; calls back with the number of events of each."""


class PeriodReversedError(InvalidInputError):
    """The period ends before it begins."""


class CountsFigures(Protocol):
    """Counts over the read models."""

    def answer(self, question: Question) -> Figures:
        """Return the figures for this question."""


class FiguresQuery:
    """Answers questions for figures. Figures name no dossier, so no access is logged."""

    def __init__(
        self,
        counted: CountsFigures,
        histories: Histories,
        *,
        partner_of: Callable[[str], str],
        now: Callable[[], datetime],
    ) -> None:
        """Count over `counted`, or over `histories` where figures are recomputed.

        `partner_of` returns the partner of an office.
        """
        self._counted = counted
        self._histories = histories
        self._partner_of = partner_of
        self._now = now

    def public_total(self) -> Counts:
        """Return the total counts of this moment, which are public."""
        return self._at_present(since=None, by=None).total

    def at_present(
        self, actor: Actor, *, since: datetime | None = None, by: GroupBy | None = None
    ) -> Figures:
        """Return the figures of this moment. Raise `NotAllowedError` or `PeriodReversedError`."""
        require(actor, Read.FIGURES)
        check_period(Question(as_of=self._now(), since=since))
        return self._at_present(since=since, by=by)

    def answer(self, actor: Actor, question: Question) -> Figures:
        """Return the figures as of, and as known at, a moment. Raise as `at_present` does."""
        require(actor, Read.FIGURES)
        check_period(question)
        return self._counted.answer(question)

    def recompute(self, actor: Actor, question: Question, step: Callable[[int], None]) -> Figures:
        """Return the figures counted from the stored events alone. Raise as `at_present` does."""
        require(actor, Read.FIGURES)
        check_period(question)
        return recomputed(self._histories(step), question, self._partner_of)

    def _at_present(self, *, since: datetime | None, by: GroupBy | None) -> Figures:
        # A moment that has passed when the question arrives would be folded from all events
        # again. So the question names a moment one second ahead.
        now = self._now()
        question = Question(as_of=now + _A_LITTLE_AHEAD, since=since, by=by)
        return replace(self._counted.answer(question), question=replace(question, as_of=now))


def check_period(question: Question) -> None:
    """Raise `PeriodReversedError` if the period ends before it begins."""
    if question.since is not None and question.since > question.as_of:
        raise PeriodReversedError
