"""Explain why a figure has changed: which dossiers count differently, and because of which events.

One question is answered with the knowledge of two times, in one pass over the events.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from tracker.domain.dossier.events.event import Event
from tracker.projections.figures.figures import Counts, Figures, Question
from tracker.projections.figures.recomputation import FiguresCounter, Histories, counts_of, row_of


@dataclass(frozen=True, kw_only=True)
class Change:
    """One dossier that counts differently.

    `lost` and `gained` are the names of the counts that it left and entered. A count against a
    promise is named like `latest.finished_late`. `causes` are the events recorded in between that
    made the difference.
    """

    code: str
    group_then: str
    group_now: str
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    causes: tuple[Event, ...]

    def as_json(self, zone: tzinfo) -> dict[str, Any]:
        """Return the change as JSON-ready data, with times in `zone`."""
        return {
            "code": self.code,
            "group_then": self.group_then,
            "group_now": self.group_now,
            "lost": self.lost,
            "gained": self.gained,
            "events": [
                {
                    "version": event.originator_version,
                    "step": event.step,
                    "occurred_at": event.occurred_at.astimezone(zone).isoformat(),
                    "recorded_at": event.recorded_at.astimezone(zone).isoformat(),
                    "by": " ".join(filter(None, (event.by.role, event.by.id, event.by.office))),
                }
                for event in self.causes
            ],
        }


class Explanation:
    """One question, answered with the knowledge of two times."""

    def __init__(
        self, question: Question, then: datetime, partner_of: Callable[[str], str]
    ) -> None:
        """Compare the answer as known at `then` with the question's own `known_at`."""
        self._since = then
        self._now = question
        self._then = replace(question, known_at=then)
        self._counter_now = FiguresCounter(self._now, partner_of)
        self._counter_then = FiguresCounter(self._then, partner_of)

    def changes(self, histories: Histories) -> Iterator[Change]:
        """Yield each dossier that counts differently.

        `then` and `now` are complete only after the last one.
        """
        for events in histories:
            new_events, row = self._new_events(events), row_of(events, self._now)
            now = self._counter_now.add(row)
            then = self._counter_then.add(row_of(events, self._then) if new_events else row)
            lost, gained = _difference(then, now)
            if lost or gained:
                yield Change(
                    code=events[0].code,
                    group_then=then[0],
                    group_now=now[0],
                    lost=lost,
                    gained=gained,
                    causes=tuple(self._causes(events, new_events)),
                )

    def then(self) -> Figures:
        """Return the answer as known at the earlier time."""
        return self._counter_then.answer()

    def now(self) -> Figures:
        """Return the answer as known at the later time."""
        return self._counter_now.answer()

    def _new_events(self, events: Sequence[Event]) -> list[Event]:
        """Return the events recorded between the two times."""
        until = self._now.known_at
        return [
            event
            for event in events
            if event.recorded_at > self._since and (until is None or event.recorded_at <= until)
        ]

    def _causes(self, events: Sequence[Event], new_events: Sequence[Event]) -> Iterator[Event]:
        """Yield each new event that changed how the dossier counts."""
        known = events[: events.index(new_events[0])]
        before = self._group_and_counts(known)
        for event in new_events:
            known = [*known, event]
            after = self._group_and_counts(known)
            if after != before:
                yield event
            before = after

    def _group_and_counts(self, events: Sequence[Event]) -> tuple[str, Mapping[str, int]]:
        row = row_of(events, self._now)
        if row is None:
            return "", {}
        return self._counter_now.group_of(row), _nonzero_counts(counts_of(row, self._now))


def _difference(
    then: tuple[str, Counts], now: tuple[str, Counts]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the counts lost and gained.

    If the group changed, all counts are lost in the old group and gained in the new one.
    """
    before, after = _nonzero_counts(then[1]), _nonzero_counts(now[1])
    is_same_group = then[0] == now[0]
    lost = tuple(name for name in before if not (is_same_group and name in after))
    gained = tuple(name for name in after if not (is_same_group and name in before))
    return lost, gained


def _nonzero_counts(counts: Counts) -> dict[str, int]:
    """Return the nonzero counts by name, without the ratings.

    The rating of one dossier is one person's answer and stays private.
    """
    nonzero: dict[str, int] = {}
    for name, count in asdict(counts).items():
        if name in {"latest", "first"}:
            nonzero |= {f"{name}.{which}": number for which, number in count.items() if number}
        elif name != "rated" and count:
            nonzero[name] = count
    return nonzero
