"""Why a figure is another than it was: which dossiers count otherwise, and by which events.

One question is answered as known then and as known now, in one pass over the events.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from tracker.domain.dossier.events.event import Event
from tracker.projections.figures.figures import Counts, Figures, Question
from tracker.projections.figures.recomputation import Histories, Tally, counts_of, row_of


@dataclass(frozen=True, kw_only=True)
class Change:
    """One dossier that counts otherwise.

    `lost` and `gained` name the counts it went out of and came into, those against a promise as
    `latest.finished_late`; `causes` are the events heard of since then without which it would not.
    """

    code: str
    group_then: str
    group_now: str
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    causes: tuple[Event, ...]

    def as_json(self, zone: tzinfo) -> dict[str, Any]:
        """Return it as JSON-ready data, times in this zone."""
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
    """One question, answered as known then and as known now."""

    def __init__(
        self, question: Question, then: datetime, partner_of: Callable[[str], str]
    ) -> None:
        """Compare what was known at `then` with what is by the question's own `known_at`."""
        self._since = then
        self._now = question
        self._then = replace(question, known_at=then)
        self._tally_now = Tally(self._now, partner_of)
        self._tally_then = Tally(self._then, partner_of)

    def changes(self, histories: Histories) -> Iterator[Change]:
        """Return the dossiers that count otherwise, one by one; afterwards the answers are whole."""
        for events in histories:
            news, row = self._news(events), row_of(events, self._now)
            now = self._tally_now.add(row)
            then = self._tally_then.add(row_of(events, self._then) if news else row)
            lost, gained = _difference(then, now)
            if lost or gained:
                yield Change(
                    code=events[0].code,
                    group_then=then[0],
                    group_now=now[0],
                    lost=lost,
                    gained=gained,
                    causes=tuple(self._causes(events, news)),
                )

    def then(self) -> Figures:
        """Return the answer as known then."""
        return self._tally_then.answer()

    def now(self) -> Figures:
        """Return the answer as known now."""
        return self._tally_now.answer()

    def _news(self, events: Sequence[Event]) -> list[Event]:
        """Return what was heard of since then, up to now."""
        until = self._now.known_at
        return [
            event
            for event in events
            if event.recorded_at > self._since and (until is None or event.recorded_at <= until)
        ]

    def _causes(self, events: Sequence[Event], news: Sequence[Event]) -> Iterator[Event]:
        """Return those of the news after which the dossier counted otherwise than before."""
        known = events[: events.index(news[0])]
        before = self._standing(known)
        for event in news:
            known = [*known, event]
            after = self._standing(known)
            if after != before:
                yield event
            before = after

    def _standing(self, events: Sequence[Event]) -> tuple[str, Mapping[str, int]]:
        row = row_of(events, self._now)
        if row is None:
            return "", {}
        return self._tally_now.group_of(row), _flat(counts_of(row, self._now))


def _difference(
    then: tuple[str, Counts], now: tuple[str, Counts]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the counts that one is in and the other is not; in another group, all are others."""
    before, after = _flat(then[1]), _flat(now[1])
    is_same_group = then[0] == now[0]
    lost = tuple(name for name in before if not (is_same_group and name in after))
    gained = tuple(name for name in after if not (is_same_group and name in before))
    return lost, gained


def _flat(counts: Counts) -> dict[str, int]:
    """Return the counts that hold something, by name; not the ratings, which nobody may be told of.

    One dossier's rating is one person's answer.
    """
    flat: dict[str, int] = {}
    for name, count in asdict(counts).items():
        if name in {"latest", "first"}:
            flat |= {f"{name}.{which}": number for which, number in count.items() if number}
        elif name != "rated" and count:
            flat[name] = count
    return flat
