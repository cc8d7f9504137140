"""The commands that take a dossier in."""

from collections.abc import Collection
from typing import Annotated, ClassVar, Literal

import orjson
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from tracker.application.commands.text_types import UNFIT, Code, EventId, Id, Line, Moment
from tracker.domain.dossier.values import NoticeChannel, NoticeLanguage, Paper, WayOfReturn
from tracker.domain.network.procedures import PaperForm

Phone = Annotated[
    str, Field(pattern=r"^\+?[0-9][0-9 .]{5,20}$", max_length=22, examples=["0900 000 001"])
]
Email = Annotated[
    str,
    Field(pattern=r"^[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,120}$", max_length=185),
]


def as_channels(channels: Collection[NoticeChannel]) -> tuple[NoticeChannel, ...]:
    """Return the channels in a fixed order."""
    return tuple(channel for channel in NoticeChannel if channel in channels)


Channels = Annotated[
    frozenset[NoticeChannel],
    Field(min_length=1),
    # The order of a set differs between processes, and the digest of the command must not.
    PlainSerializer(as_channels, return_type=tuple[NoticeChannel, ...]),
]


class Command(BaseModel):
    """A request to change a dossier. `event_id` is the sender's own id: it is applied once."""

    STORED_NAME: ClassVar[str]
    """Part of the stored digest of every request. It never changes, even if the class name does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_id: EventId = Field(examples=["tablet-7-000123"])
    occurred_at: Moment = Field(
        description="When it happened, with its zone. A time in the future is refused.",
        examples=["2026-11-20T09:10:00+07:00"],
    )


class Applicant(BaseModel):
    """The person who applies. It is stored only sealed with the key of the dossier."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line = Field(examples=["Nguyễn Thị An"])
    id_number: Line | None = Field(default=None, examples=["001099000001"])
    address: Line | None = None
    phone: Phone | None = None
    email: Email | None = None

    def as_text(self) -> str:
        """Return the known fields as JSON text, to be sealed."""
        known = {name: value for name, value in vars(self).items() if value is not None}
        return orjson.dumps(known).decode()


class Contact(BaseModel):
    """The phone and e-mail for notifications. They are stored only sealed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phone: Phone | None = None
    email: Email | None = None


class NoticesIn(BaseModel):
    """The applicant agreed to notifications at the stated phone or e-mail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: Channels
    language: NoticeLanguage = NoticeLanguage.VIETNAMESE


class PaperIn(BaseModel):
    """One line in the list of papers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    form: PaperForm = PaperForm.COPY
    quantity: Annotated[int, Field(ge=1, le=999, strict=True)] = 1


PapersIn = Annotated[tuple[PaperIn, ...], Field(max_length=50)]


def as_papers(papers: PapersIn) -> tuple[Paper, ...]:
    """Return the papers as values of the domain."""
    return tuple(Paper(paper.name, paper.form, paper.quantity) for paper in papers)


class Intake(Command):
    """Take a dossier in at a desk (`received`), or submit it online (`submitted`).

    If an office is missing, it is the sender's own or the procedure's. Send a `code` only if it was
    issued before: from a block leased to this device, or centrally. Send `promised_at` only if the
    citizen got a slip with this date while the device was offline.
    """

    STORED_NAME = "Intake"

    step: Literal["received", "submitted"] = "received"
    code: Code | None = None
    procedure: Id = Field(examples=["HT-KS-01"])
    applicant: Applicant
    papers: PapersIn = ()
    way_of_return: WayOfReturn = WayOfReturn.POST
    received_at: Id | None = Field(default=None, description="The office that takes it in.")
    helped_at: Id | None = Field(default=None, description="The office that helped.")
    collaborator: Id | None = None
    promised_at: Moment | None = None
    notices: NoticesIn | None = None

    @field_validator("notices")
    @classmethod
    def _reach(cls, notices: NoticesIn | None, info: ValidationInfo) -> NoticesIn | None:
        """Refuse an agreement without the phone or e-mail that it needs."""
        applicant: Applicant | None = info.data.get("applicant")
        if notices and applicant:
            phone, email = applicant.phone, applicant.email
            reached = {NoticeChannel.SMS: phone, NoticeChannel.EMAIL: email}
            if not all(reached[channel] for channel in notices.channels):
                raise PydanticCustomError(
                    UNFIT, "the applicant must have a phone for 'sms', an e-mail for 'email'"
                )
        return notices


class LegacyIntake(Command):
    """Take a dossier over from an older system, unchanged. Only the import sends it."""

    STORED_NAME = "LegacyIntake"

    code: str
    channel: Line
    procedure: Line
    helped_at: Line
    received_at: Line
    decided_by: Line
    promised_at: Moment | None
    way_of_return: WayOfReturn
