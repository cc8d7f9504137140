"""The figures managers answer for, each defined here once.

On time has two published readings. *Finished*: on time / finished. *Due*: 1 - (finished late +
still open and overdue) / (received in the period + carried over). Both are given against the
first promise and against the latest. A dossier without a promise counts in neither; where nothing
can be counted there is no rate.

*Satisfaction* is the mean of the ratings of 1 to 5 that were given during the period.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tracker.projections.figures.ratings import Ratings, hidden


class GroupBy(StrEnum):
    """By what figures are broken down. `office` is the one deciding, `partner` who took it in."""

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
"""Which field of a dossier's clock tells its group; a partner is the one of that office."""


@dataclass(frozen=True, kw_only=True)
class Against:
    """The counts that depend on which promise is meant."""

    finished_on_time: int = 0
    finished_late: int = 0
    open_overdue: int = 0

    def __add__(self, other: "Against") -> "Against":
        """Add two groups up."""
        return Against(
            **{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)}
        )


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Counts of dossiers at a moment, or over a period that ends there.

    `received` came in during the period, `carried_over` were open when it began; `finished` and
    the other ends happened during it; `open` and its parts are as at its end.
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
    latest: Against = field(default_factory=Against)
    first: Against = field(default_factory=Against)

    def __add__(self, other: "Counts") -> "Counts":
        """Add two groups up."""
        return Counts(
            **{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)}
        )

    def rate_finished(self, against: Against) -> float | None:
        """Return on time / finished, of those with a promise."""
        finished = against.finished_on_time + against.finished_late
        return against.finished_on_time / finished if finished else None

    def rate_due(self, against: Against) -> float | None:
        """Return 1 - late / due, of those with a promise."""
        due = self.received + self.carried_over - self.due_without_promise
        late = against.finished_late + against.open_overdue
        return 1 - late / due if due else None

    def as_json(self) -> dict[str, Any]:
        """Return the counts and rates; those against the latest promise stand at the top."""
        counts = asdict(self)
        latest, first = counts.pop("latest"), counts.pop("first")
        del counts["rated"]
        return (
            counts
            | self.rated.as_json()
            | self._rated(latest, self.latest)
            | {"against_first_promise": self._rated(first, self.first)}
        )

    def _rated(self, counts: dict[str, int], against: Against) -> dict[str, Any]:
        return counts | {
            "rate_finished": self.rate_finished(against),
            "rate_due": self.rate_due(against),
        }


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked: the state at `as_of` as known at `known_at`, over the time since `since`.

    `known_at` of `None` is all that is known by now; `since` of `None` is from the beginning.
    """

    as_of: datetime
    known_at: datetime | None = None
    since: datetime | None = None
    by: GroupBy | None = None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The answer: the total and, where asked, the groups that add up to it."""

    question: Question
    total: Counts
    groups: Mapping[str, Counts]

    def to_be_shown(self) -> "Figures":
        """Take out of the groups the ratings that are not to be shown."""
        few = hidden({name: counts.rated for name, counts in self.groups.items()})
        groups = {
            name: replace(counts, rated=Ratings()) if name in few else counts
            for name, counts in self.groups.items()
        }
        return replace(self, groups=groups)

    def as_json(self) -> dict[str, Any]:
        """Return what may be shown as JSON-ready data."""
        q, groups = self.question, self.to_be_shown().groups
        return {
            "as_of": q.as_of.isoformat(),
            "known_at": q.known_at.isoformat() if q.known_at else None,
            "since": q.since.isoformat() if q.since else None,
            "by": q.by.value if q.by else None,
            "total": self.total.as_json(),
            "groups": {name: counts.as_json() for name, counts in groups.items()},
        }
