"""What is answered, as the OpenAPI document shows it. No field is ever added by accident."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tracker.adapters.http.schema.freshness import Freshness
from tracker.adapters.http.schema.problems import Problem
from tracker.domain.dossier.actors import Role
from tracker.domain.dossier.lifecycle import PublicStatus, Stage, Step
from tracker.domain.dossier.values import Outcome, WayOfReturn
from tracker.domain.network.procedures import PaperForm

_STATUS = "The public status, 1 to 10, as on the national portal."


class Answer(BaseModel):
    """An answer holds the fields declared and no other."""

    model_config = ConfigDict(extra="forbid")


class Stored(Answer):
    """It is on disk. `duplicate`: it was so before; everything else is as first answered."""

    code: str
    version: int = Field(description="The version of the dossier this message led to.")
    position: int = Field(description="For `after=`, to read what was just written.")
    status: PublicStatus = Field(description=_STATUS)
    stage: Stage
    promised_at: datetime | None
    duplicate: bool


class BatchItem(Answer):
    """What became of one message: `stored` where it is on disk, else `problem`."""

    outcome: Literal["created", "duplicate", "rejected"]
    stored: Stored | None = None
    problem: Problem | None = None


class BatchAnswer(Answer):
    """What became of each message, in the order they were sent."""

    items: list[BatchItem]


class LookupAnswer(Answer):
    """What a code alone reveals. `on_time` is null where nothing is promised (any more)."""

    code: str
    status: PublicStatus = Field(description=_STATUS)
    promised_at: datetime | None
    on_time: bool | None
    to_do: bool = Field(description="The citizen has something to do; the office tells what.")
    phone: str = Field(description="The office's.")
    freshness: Freshness


class OfficesAnswer(Answer):
    """The three offices of a dossier."""

    helped_at: str
    received_at: str
    decided_by: str


class PaperAnswer(Answer):
    """One line of the list of papers."""

    name: str
    form: PaperForm
    quantity: int


class PromiseAnswer(Answer):
    """One line of the promise ledger. `given`: it stood on a slip, or came with an apology."""

    step: Step
    made_at: datetime
    due_at: datetime
    given: bool
    time: str
    calendar: str


class DossierAnswer(Answer):
    """A dossier as it stands, or stood. Personal data is not here."""

    code: str
    version: int
    status: PublicStatus = Field(description=_STATUS)
    stage: Stage
    next_steps: list[Step] = Field(description="The steps that may come next.")
    channel: str
    offices: OfficesAnswer
    procedure: str
    procedure_version: int
    papers: list[PaperAnswer]
    way_of_return: WayOfReturn
    received_at: datetime | None
    promised_at: datetime | None
    paused_since: datetime | None
    finished_at: datetime | None
    returned_at: datetime | None
    outcome: Outcome | None
    promises: list[PromiseAnswer]
    carrier: str
    parcel_number: str
    score: int | None
    personal_data_erased: bool
    freshness: Freshness


class ActorAnswer(Answer):
    """Who did it."""

    role: Role
    id: str
    office: str
    partner: str


class EventAnswer(Answer):
    """One event. `sealed` names the fields that hold personal data; they are not shown."""

    version: int
    step: Step
    occurred_at: datetime
    recorded_at: datetime
    by: ActorAnswer
    event_id: str
    details: dict[str, Any]
    sealed: list[str]


class HistoryAnswer(Answer):
    """Everything that happened, in stored order."""

    code: str
    events: list[EventAnswer]
    freshness: Freshness


class PersonalEntry(Answer):
    """One sealed field of one event, opened; `applicant` is given apart."""

    version: int
    field: str
    text: str | None
    applicant: dict[str, str] | None


class PersonalDataAnswer(Answer):
    """All that was sealed; nothing once it is erased."""

    code: str
    entries: list[PersonalEntry]
    freshness: Freshness


class ReaderAnswer(Answer):
    """One look at a dossier by somebody signed in."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    what: str
    role: Role
    actor: str
    office: str
    read_at: datetime
    reason: str


class ReadersAnswer(Answer):
    """Who read the dossier, oldest first."""

    code: str
    readers: list[ReaderAnswer]
    freshness: Freshness


class DeadlineAnswer(Answer):
    """Why this date: every promise made, and the reckoning step by step.

    `reckoned_due_at`, `steps` and `sentence` are of the time the procedure has; nothing where it
    has none. An extension with an apology stands in `promises` only.
    """

    code: str
    promises: list[PromiseAnswer]
    calendar: str = Field(description="The version of the calendar reckoned with.")
    reckoned_due_at: datetime | None
    steps: list[dict[str, str | int]]
    lang: str
    sentence: str
    freshness: Freshness


class RatedAnswer(Answer):
    """The counts and rates against one promise; no rate where nothing can be counted."""

    finished_on_time: int
    finished_late: int
    open_overdue: int
    rate_finished: float | None = Field(description="On time / finished.")
    rate_due: float | None = Field(description="1 - late / due, open overdue ones included.")


class CountsAnswer(RatedAnswer):
    """The counts of one group; those at the top are against the latest promise."""

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
    ratings: int | None = Field(description="How many rated, 5 or more; `null`: too few to show.")
    satisfaction: float | None = Field(description="The mean of their scores, 1 to 5.")
    against_first_promise: RatedAnswer


class FiguresThen(Answer):
    """Figures at a moment, over the time since another, as known at a third."""

    as_of: datetime
    known_at: datetime | None
    since: datetime | None
    by: str | None
    total: CountsAnswer
    groups: dict[str, CountsAnswer]


class FiguresAnswer(FiguresThen):
    """Figures, and how fresh they are."""

    freshness: Freshness


class CauseAnswer(Answer):
    """An event heard of since, without which a dossier would count as it did."""

    version: int
    step: str
    occurred_at: datetime
    recorded_at: datetime
    by: str = Field(description="The role, the id and the office of who told it.")


class ChangeAnswer(Answer):
    """A dossier that counts otherwise: the counts it went out of and came into, and why."""

    code: str
    group_then: str
    group_now: str
    lost: list[str]
    gained: list[str]
    events: list[CauseAnswer]


class ExplanationAnswer(Answer):
    """The same figures as known then and now, and the dossiers that make the difference."""

    then: FiguresThen
    now: FiguresThen
    number: int = Field(description="How many dossiers count otherwise, listed or not.")
    changes: list[ChangeAnswer]


class BlockAnswer(Answer):
    """A block of codes, leased to whoever asked."""

    id: str
    agency: str
    day: str
    first: int
    last: int
    codes: list[str]


class UnusedAnswer(Answer):
    """The numbers of the block noted as never to be used by this request."""

    id: str
    numbers: list[int]


class LiveAnswer(Answer):
    """The process answers."""

    status: str


class ReadyAnswer(Answer):
    """The store and the read models answer, and the service's data is loaded."""

    status: str
    store_position: int
    read_models: dict[str, Freshness]
    offices: int
    procedures: int
