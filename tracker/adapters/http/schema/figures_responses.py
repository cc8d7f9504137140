"""The answers with figures and their explanation, as the OpenAPI document describes them."""

from datetime import datetime

from pydantic import Field

from tracker.adapters.http.schema.freshness import Freshness
from tracker.adapters.http.schema.responses import Answer


class RatedAnswer(Answer):
    """The counts and rates against one promise. A rate without a denominator is null."""

    finished_on_time: int
    finished_late: int
    open_overdue: int
    rate_finished: float | None = Field(description="Finished on time / finished.")
    rate_due: float | None = Field(
        description="1 - late / due; open overdue dossiers are included."
    )


class CountsAnswer(RatedAnswer):
    """The counts of one group. The counts at the top level are against the latest promise."""

    submitted: int
    received: int
    carried_over: int
    finished: int
    finished_without_promise: int
    refused: int
    withdrawn: int
    returned: int
    open: int
    open_paused: int
    open_without_promise: int
    due_without_promise: int
    late_without_apology: int
    ratings: int | None = Field(
        description="The number of ratings; null if there are fewer than 5."
    )
    satisfaction: float | None = Field(description="The mean score, 1 to 5.")
    against_first_promise: RatedAnswer


class FiguresThen(Answer):
    """Figures at `as_of`, for the period since `since`, as known at `known_at`."""

    as_of: datetime
    known_at: datetime | None
    since: datetime | None
    by: str | None
    total: CountsAnswer
    groups: dict[str, CountsAnswer]


class FiguresAnswer(FiguresThen):
    """Figures and their freshness."""

    freshness: Freshness


class CauseAnswer(Answer):
    """An event recorded later that changed how a dossier counts."""

    version: int
    step: str
    occurred_at: datetime
    recorded_at: datetime
    by: str = Field(description="The role, the id and the office of the sender.")


class ChangeAnswer(Answer):
    """A dossier that counts differently: the counts it left, the counts it entered, and why."""

    code: str
    group_then: str
    group_now: str
    lost: list[str]
    gained: list[str]
    events: list[CauseAnswer]


class ExplanationAnswer(Answer):
    """The same figures as known then and now, and the dossiers that cause the difference."""

    then: FiguresThen
    now: FiguresThen
    number: int = Field(description="The number of dossiers that count differently, listed or not.")
    changes: list[ChangeAnswer]
