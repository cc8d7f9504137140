"""Explains a changed figure: the dossiers that count differently, and the events that caused it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Protocol

from tracker.application.queries.figures import Histories, check_period
from tracker.domain.dossier.actors import Actor, Read, require
from tracker.domain.errors import InvalidInputError
from tracker.projections.figures.explanation import Change, Explanation
from tracker.projections.figures.figures import Figures, Question

_DOSSIERS_PER_ACCESS_RECORD = 200


class KnownBeforeThenError(InvalidInputError):
    """The later of the two moments lies before the earlier one."""


class RecordsReads(Protocol):
    """Records who read which dossiers."""

    def record_explained(self, actor: Actor, codes: Sequence[str]) -> None:
        """Record an access to these dossiers before an explanation of figures names them."""


class ExplainedChange:
    """Both answers to one question, and the dossiers that count differently.

    Read `changes` to the end before the other attributes: one pass over the events gives all.
    """

    def __init__(
        self,
        explanation: Explanation,
        changes: Iterator[Change],
        record: Callable[[list[str]], None],
    ) -> None:
        """Read `changes`; `record` logs the access to each dossier before it is shown."""
        self._explanation = explanation
        self._changes = changes
        self._record = record
        self.number = 0
        """The number of dossiers that count differently."""

    def changes(self, limit: int | None = None) -> Iterator[Change]:
        """Return the changes, at most `limit`; the rest are counted and not shown."""
        shown = islice(self._changes, limit)
        while batch := list(islice(shown, _DOSSIERS_PER_ACCESS_RECORD)):
            self._record([change.code for change in batch])
            self.number += len(batch)
            yield from batch
        self.number += sum(1 for _ in self._changes)

    def then(self) -> Figures:
        """Return the figures as known at the earlier moment."""
        return self._explanation.then()

    def now(self) -> Figures:
        """Return the figures as known at the later moment."""
        return self._explanation.now()


class ExplainFigures:
    """Compares the answers to one question as known at two moments."""

    def __init__(
        self, reader: RecordsReads, histories: Histories, partner_of: Callable[[str], str]
    ) -> None:
        """Read the events from `histories` and record each access with `reader`."""
        self._reader = reader
        self._histories = histories
        self._partner_of = partner_of

    def explain(
        self,
        actor: Actor,
        question: Question,
        then: datetime,
        step: Callable[[int], None] = lambda _: None,
    ) -> ExplainedChange:
        """Compare the answer as known at `then` with that as known at `question.known_at`.

        `step` is called with the number of events of each dossier that was read. Every dossier
        that is shown is recorded in the access log. Raise `NotAllowedError`,
        `PeriodReversedError` or `KnownBeforeThenError`.
        """
        require(actor, Read.EXPLANATION)
        check_period(question)
        if question.known_at is not None and question.known_at < then:
            raise KnownBeforeThenError
        explanation = Explanation(question, then, self._partner_of)
        return ExplainedChange(
            explanation,
            explanation.changes(self._histories(step)),
            lambda codes: self._reader.record_explained(actor, codes),
        )
