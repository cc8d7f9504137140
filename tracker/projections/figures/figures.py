"""The definitions of all published figures.

The on-time rate has two published definitions. *Finished*: on time / finished. *Due*: 1 - (finished
late + still open and overdue) / (received in the period + carried over). Each is given against the
first promise and against the latest. A dossier without a promise counts in neither. Without
dossiers to count there is no rate.

*Satisfaction* is the mean of the ratings of 1 to 5 given during the period.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tracker.projections.figures.ratings import Ratings, hidden


class GroupBy(StrEnum):
    """How figures are grouped.

    `office` is the deciding office. `partner` is the partner of the receiving office.
    """

    CHANNEL = "channel"
    OFFICE = "office"
    RECEIVED_AT = "received_at"
    HELPED_AT = "helped_at"
    PARTNER = "partner"
    PROCEDURE = "procedure"


FIELD_OF: Mapping[GroupBy, str] = {
    GroupBy.CHANNEL: "channel",
    GroupBy.OFFICE: "decided_by",
    GroupBy.RECEIVED_AT: "received_at_office",
    GroupBy.HELPED_AT: "helped_at",
    GroupBy.PARTNER: "received_at_office",
    GroupBy.PROCEDURE: "procedure",
}
"""The field that holds a dossier's group; a partner is looked up from its office."""


@dataclass(frozen=True, kw_only=True)
class PromiseCounts:
    """The counts that depend on the promise, either the first or the latest."""

    finished_on_time: int = 0
    finished_late: int = 0
    open_overdue: int = 0

    def __add__(self, other: "PromiseCounts") -> "PromiseCounts":
        """Return the sum of two groups."""
        return PromiseCounts(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Counts of dossiers at a moment, or over a period that ends at that moment.

    `received` arrived during the period. `carried_over` were open when it began. `finished` and the
    other ends happened during it. `open` and its parts are counted at its end.
    """

    submitted: int = 0
    received: int = 0
    carried_over: int = 0
    finished: int = 0
    finished_without_promise: int = 0
    refused: int = 0
    withdrawn: int = 0
    returned: int = 0
    open: int = 0
    open_paused: int = 0
    open_without_promise: int = 0
    due_without_promise: int = 0
    late_without_apology: int = 0
    rated: Ratings = field(default_factory=Ratings)
    latest: PromiseCounts = field(default_factory=PromiseCounts)
    first: PromiseCounts = field(default_factory=PromiseCounts)

    def __add__(self, other: "Counts") -> "Counts":
        """Return the sum of two groups."""
        return Counts(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    def rate_finished(self, against: PromiseCounts) -> float | None:
        """Return on time / finished, over dossiers with a promise; `None` without any."""
        finished = against.finished_on_time + against.finished_late
        return against.finished_on_time / finished if finished else None

    def rate_due(self, against: PromiseCounts) -> float | None:
        """Return 1 - late / due, over dossiers with a promise; `None` without any."""
        due = self.received + self.carried_over - self.due_without_promise
        late = against.finished_late + against.open_overdue
        return 1 - late / due if due else None

    def as_json(self) -> dict[str, Any]:
        """Return the counts and rates. The top level holds those against the latest promise."""
        counts = asdict(self)
        latest, first = counts.pop("latest"), counts.pop("first")
        del counts["rated"]
        return (
            counts
            | self.rated.as_json()
            | self._with_rates(latest, self.latest)
            | {"against_first_promise": self._with_rates(first, self.first)}
        )

    def _with_rates(self, counts: dict[str, int], against: PromiseCounts) -> dict[str, Any]:
        return counts | {
            "rate_finished": self.rate_finished(against),
            "rate_due": self.rate_due(against),
        }


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question: the state at `as_of` as known at `known_at`, over the time since `since`.

    A `known_at` of `None` means all that is known now. A `since` of `None` means from the
    beginning.
    """

    as_of: datetime
    known_at: datetime | None = None
    since: datetime | None = None
    by: GroupBy | None = None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The answer: the total and, if requested, the groups that add up to it."""

    question: Question
    total: Counts
    groups: Mapping[str, Counts]

    def without_hidden_ratings(self) -> "Figures":
        """Return the figures without the group ratings that must be hidden."""
        hidden_names = hidden({name: counts.rated for name, counts in self.groups.items()})
        groups = {
            name: replace(counts, rated=Ratings()) if name in hidden_names else counts
            for name, counts in self.groups.items()
        }
        return replace(self, groups=groups)

    def as_json(self) -> dict[str, Any]:
        """Return the figures that may be shown, as JSON-ready data."""
        question, groups = self.question, self.without_hidden_ratings().groups
        return {
            "as_of": question.as_of.isoformat(),
            "known_at": question.known_at.isoformat() if question.known_at else None,
            "since": question.since.isoformat() if question.since else None,
            "by": question.by.value if question.by else None,
            "total": self.total.as_json(),
            "groups": {name: counts.as_json() for name, counts in groups.items()},
        }
