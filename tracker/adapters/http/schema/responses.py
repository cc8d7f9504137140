"""The answers of the API, as the OpenAPI document describes them."""

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
    """An answer with exactly the declared fields."""

    model_config = ConfigDict(extra="forbid")


class Stored(Answer):
    """The event is on disk. `duplicate`: it was stored before; this repeats the first answer."""

    code: str
    version: int = Field(description="The version of the dossier after this command.")
    position: int = Field(description="The position of the event, for `after=` in a later read.")
    status: PublicStatus = Field(description=_STATUS)
    stage: Stage
    promised_at: datetime | None
    duplicate: bool


class BatchItem(Answer):
    """The result of one command: `stored` if it is on disk, otherwise `problem`."""

    outcome: Literal["created", "duplicate", "rejected"]
    stored: Stored | None = None
    problem: Problem | None = None


class BatchAnswer(Answer):
    """The result of each command, in the order of the request."""

    items: list[BatchItem]


class LookupAnswer(Answer):
    """What a code alone reveals. `on_time` is null if there is no promise, or no longer one."""

    code: str
    status: PublicStatus = Field(description=_STATUS)
    promised_at: datetime | None
    on_time: bool | None
    to_do: bool = Field(description="The citizen has something to do; the office explains it.")
    phone: str = Field(description="The phone number of the office.")
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
    """One line of the promise ledger. `given`: it was printed on a slip or sent with an apology."""

    step: Step
    made_at: datetime
    due_at: datetime
    given: bool
    time: str
    calendar: str


class DossierAnswer(Answer):
    """A dossier at a moment, without personal data."""

    code: str
    version: int
    status: PublicStatus = Field(description=_STATUS)
    stage: Stage
    next_steps: list[Step] = Field(description="The steps that are allowed next.")
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
    """The actor of an event."""

    role: Role
    id: str
    office: str
    partner: str


class EventAnswer(Answer):
    """One event. `sealed` names the fields with personal data, which are not shown."""

    version: int
    step: Step
    occurred_at: datetime
    recorded_at: datetime
    by: ActorAnswer
    event_id: str
    details: dict[str, Any]
    sealed: list[str]


class HistoryAnswer(Answer):
    """All events of a dossier, in stored order."""

    code: str
    events: list[EventAnswer]
    freshness: Freshness


class PersonalEntry(Answer):
    """One opened field of one event. An applicant is in `applicant`, other fields are in `text`."""

    version: int
    field: str
    text: str | None
    applicant: dict[str, str] | None


class PersonalDataAnswer(Answer):
    """All sealed fields of a dossier; empty after their erasure."""

    code: str
    entries: list[PersonalEntry]
    freshness: Freshness


class ReaderAnswer(Answer):
    """One access to a dossier by a person or program that is signed in."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    what: str
    role: Role
    actor: str
    office: str
    read_at: datetime
    reason: str


class ReadersAnswer(Answer):
    """The accesses to a dossier, oldest first."""

    code: str
    readers: list[ReaderAnswer]
    freshness: Freshness


class DeadlineAnswer(Answer):
    """Why a dossier has its due date: every promise, and the calculation step by step.

    `reckoned_due_at`, `steps` and `sentence` come from the processing time of the procedure. They
    are empty if it has none. An extension with an apology is only in `promises`.
    """

    code: str
    promises: list[PromiseAnswer]
    calendar: str = Field(description="The version of the calendar of the calculation.")
    reckoned_due_at: datetime | None
    steps: list[dict[str, str | int]]
    lang: str
    sentence: str
    freshness: Freshness


class BlockAnswer(Answer):
    """A block of codes, leased to the sender."""

    id: str
    agency: str
    day: str
    first: int
    last: int
    codes: list[str]


class UnusedAnswer(Answer):
    """The numbers of the block that this request marked as never used."""

    id: str
    numbers: list[int]


class LiveAnswer(Answer):
    """The process is alive."""

    status: str


class ReadyAnswer(Answer):
    """The store and the read models answer, and the data of the service is loaded."""

    status: str
    store_position: int
    read_models: dict[str, Freshness]
    offices: int
    procedures: int
