"""What is handed to the tracker to be carried out, and what it answers."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from tracker.application.commands.intake import Intake, LegacyIntake
from tracker.application.commands.step_context import StepCommand
from tracker.application.ports import RequestKey
from tracker.domain.dossier.actors import Actor
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.lifecycle import PublicStatus, Stage
from tracker.domain.errors import ConflictError, RefusedError, UnknownError


class UnknownDossierError(UnknownError):
    """There is no dossier with this code."""


class RequestReusedError(ConflictError):
    """This event_id was used before, for something else."""


class VersionConflictError(ConflictError):
    """Somebody else acted on this dossier first. Look at it again before you go on."""

    def __init__(self, version: int) -> None:
        """Keep the dossier's current version."""
        super().__init__()
        self.version = version


class CodeTakenError(ConflictError):
    """There is a dossier with this code already."""


class PersonalDataGoneError(RefusedError):
    """The personal data of this dossier was erased; no text can be added to it."""


@dataclass(frozen=True)
class Envelope:
    """A message and who sent it; `if_version` is the version the sender believes current."""

    actor: Actor
    message: Intake | LegacyIntake | StepCommand
    if_version: int | None = None

    @cached_property
    def key(self) -> RequestKey:
        """The sender and the sender's own id."""
        return self.actor.id, self.message.event_id

    def content(self) -> bytes:
        """Return all that was sent in one form, however it was written."""
        kind = type(self.message)
        # What pydantic's `model_dump_json` does, without making a text of the bytes.
        content = kind.__pydantic_serializer__.to_json(self.message, exclude_defaults=True)
        return kind.STORED_NAME.encode() + b"\n" + content

    def content_of_version_0_1(self) -> bytes:
        """Return the content as version 0.1 wrote it in half of its processes.

        Its order of two channels depended on the process. In JSON these bytes are never a text.
        """
        return self.content().replace(b'"channels":["sms","email"]', b'"channels":["email","sms"]')


@dataclass(frozen=True)
class Accepted:
    """It is stored, safe on disk. `duplicate`: it was so before this post."""

    code: str
    version: int
    position: int
    status: PublicStatus
    stage: Stage
    promised_at: datetime | None
    duplicate: bool = False

    @classmethod
    def of(cls, dossier: Dossier, position: int = 0) -> "Accepted":
        """Tell where this dossier stands; `position` is that of its last event, where it is known.

        Raise `UnknownDossierError` where it does not exist yet.
        """
        progress, promise = dossier.progress, dossier.promise
        if progress.stage is None or progress.status is None:
            raise UnknownDossierError
        return cls(
            dossier.code,
            dossier.version,
            position,
            progress.status,
            progress.stage,
            promise.due_at if promise else None,
        )

    def at(self, position: int) -> "Accepted":
        """Return the same at its place in the order of all events."""
        return Accepted(
            self.code,
            self.version,
            position,
            self.status,
            self.stage,
            self.promised_at,
            self.duplicate,
        )
