"""Figures counted from the events alone, one dossier at a time, without a read model.

The fold is the read model's own. The counting is written a second time in Python. Tests compare
both results.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received, Submitted
from tracker.domain.dossier.history import cut
from tracker.projections.dossier.promises import PromisesProjection, SlaRow
from tracker.projections.figures.figures import (
    FIELD_OF,
    Counts,
    Figures,
    GroupBy,
    PromiseCounts,
    Question,
)
from tracker.projections.figures.ratings import Ratings

Histories = Iterable[Sequence[Event]]
"""All events of each dossier, one dossier after another."""

_PROMISES = PromisesProjection()


def row_of(events: Iterable[Event], question: Question) -> SlaRow | None:
    """Return the row at the question's time, as known then; `None` before the first event."""
    row: SlaRow | None = None
    for event in cut(events, as_of=question.as_of, known_at=question.known_at):
        if row is not None or isinstance(event, Submitted | Received):
            row = _PROMISES.fold(row, event)
    return row


def counts_of(row: SlaRow, question: Question) -> Counts:
    """Return the counts of one dossier."""
    since = question.since

    def during(moment: datetime | None) -> bool:
        return moment is not None and (since is None or moment >= since)

    ends = (row.finished_at, row.withdrawn_at, row.refused_at)
    is_submitted = row.received_at is None and not any(ends)
    is_open = row.received_at is not None and not any(ends)
    is_finished = row.received_at is not None and during(row.finished_at)
    is_received = during(row.received_at)
    is_carried = (
        since is not None
        and row.received_at is not None
        and row.received_at < since
        and all(end is None or end >= since for end in ends)
    )
    has_no_promise = row.promised_at is None

    def against(due: datetime | None) -> PromiseCounts:
        if due is None:
            return PromiseCounts()
        is_on_time = row.finished_at is not None and row.finished_at <= due
        is_overdue = due < question.as_of and (row.paused_at is None or due < row.paused_at)
        return PromiseCounts(
            finished_on_time=int(is_finished and is_on_time),
            finished_late=int(is_finished and not is_on_time),
            open_overdue=int(is_open and is_overdue),
        )

    latest = against(row.promised_at)
    is_late = latest.finished_late or latest.open_overdue
    return Counts(
        submitted=int(is_submitted),
        received=int(is_received),
        carried_over=int(is_carried),
        finished=int(is_finished),
        finished_without_promise=int(is_finished and has_no_promise),
        refused=int(during(row.refused_at)),
        withdrawn=int(during(row.withdrawn_at)),
        returned=int(during(row.returned_at)),
        open=int(is_open),
        open_paused=int(is_open and row.paused_at is not None),
        open_without_promise=int(is_open and has_no_promise),
        due_without_promise=int((is_received or is_carried) and has_no_promise),
        late_without_apology=int(
            bool(is_late or ((is_open or is_finished) and row.apologised_late))
        ),
        rated=Ratings(count=1, scores=row.score)
        if row.score is not None and during(row.rated_at)
        else Ratings(),
        latest=latest,
        first=against(row.first_promised_at),
    )


class FiguresCounter:
    """Add up dossiers. It keeps the sum of each group in memory, never the dossiers."""

    def __init__(self, question: Question, partner_of: Callable[[str], str]) -> None:
        """Count for this question; `partner_of` returns the partner of an office."""
        self._question = question
        self._partner_of = partner_of
        self._total = Counts()
        self._groups: dict[str, Counts] = {}

    def add(self, row: SlaRow | None) -> tuple[str, Counts]:
        """Count one dossier; return its group and its counts."""
        if row is None:
            return "", Counts()
        counts, group = counts_of(row, self._question), self.group_of(row)
        self._total += counts
        self._groups[group] = self._groups.get(group, Counts()) + counts
        return group, counts

    def group_of(self, row: SlaRow) -> str:
        """Return the group of a dossier; an empty name if the figures are not grouped."""
        by = self._question.by
        if by is None:
            return ""
        group: str = getattr(row, FIELD_OF[by])
        return self._partner_of(group) if by is GroupBy.PARTNER else group

    def answer(self) -> Figures:
        """Return the figures over all dossiers counted so far."""
        groups = self._groups if self._question.by else {}
        return Figures(
            question=self._question, total=self._total, groups=dict(sorted(groups.items()))
        )


def recomputed(
    histories: Histories, question: Question, partner_of: Callable[[str], str]
) -> Figures:
    """Return the answer to a question from these histories."""
    counter = FiguresCounter(question, partner_of)
    for events in histories:
        counter.add(row_of(events, question))
    return counter.answer()
