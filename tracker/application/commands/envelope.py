"""The envelope of a command, the answer to it, and its errors."""

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
    """This event_id was used before, for another command."""


class VersionConflictError(ConflictError):
    """Somebody else acted on this dossier first. Read it again before you continue."""

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
    """A command and its sender; `if_version` is the version that the sender expects."""

    actor: Actor
    command: Intake | LegacyIntake | StepCommand
    if_version: int | None = None

    @cached_property
    def key(self) -> RequestKey:
        """The key of the request: the sender's id and the sender's own `event_id`."""
        return self.actor.id, self.command.event_id

    def content(self) -> bytes:
        """Return a canonical form of the command: equal commands have equal bytes."""
        kind = type(self.command)
        # The same as pydantic's `model_dump_json`, without the conversion from bytes to text.
        content = kind.__pydantic_serializer__.to_json(self.command, exclude_defaults=True)
        return kind.STORED_NAME.encode() + b"\n" + content

    def content_of_version_0_1(self) -> bytes:
        """Return the content as half of the processes of version 0.1 wrote it.

        There the order of two channels depended on the process. The replaced bytes cannot be part
        of a text, because JSON escapes quotes in texts.
        """
        return self.content().replace(b'"channels":["sms","email"]', b'"channels":["email","sms"]')


@dataclass(frozen=True)
class Accepted:
    """The answer to a stored command. `duplicate`: it was stored before this request."""

    code: str
    version: int
    position: int
    status: PublicStatus
    stage: Stage
    promised_at: datetime | None
    duplicate: bool = False

    @classmethod
    def of(cls, dossier: Dossier, position: int = 0) -> "Accepted":
        """Return the answer for this dossier; `position` is that of its last event, 0 if unknown.

        Raise `UnknownDossierError` if it does not exist yet.
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
        """Return a copy with this position."""
        return Accepted(
            self.code,
            self.version,
            position,
            self.status,
            self.stage,
            self.promised_at,
            self.duplicate,
        )
