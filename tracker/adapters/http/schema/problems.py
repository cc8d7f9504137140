"""What can go wrong, as RFC 9457 tells it. The one place where errors get their HTTP status."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eventsourcing.persistence import InterfaceError, OperationalError
from fastapi import Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from tracker.adapters.http.framing import BadRequestError, HeadersTooLargeError
from tracker.adapters.http.rate_limits import TooOftenError
from tracker.application.audit.proofs import NoCheckpointError
from tracker.application.audit.witnesses import (
    BadCosignatureError,
    NotOurCheckpointError,
    NoWitnessError,
    OldCheckpointError,
)
from tracker.application.commands.envelope import (
    CodeTakenError,
    RequestReusedError,
    UnknownDossierError,
    VersionConflictError,
)
from tracker.application.commands.handler import StoreUnavailableError
from tracker.application.forms.case import NoSuchFormError
from tracker.application.problems.input_faults import Fault, faults_of
from tracker.application.problems.names import PROBLEM_NAMES, UNFORESEEN
from tracker.application.queries.export import NoParquetError
from tracker.application.queries.fill_form import NoPdfError
from tracker.application.queries.guessing import WholeNumberWantedError, WorkWantedError
from tracker.application.recovery.key_loss import KeyLostError
from tracker.application.recovery.store_past import StoreBehindError
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    RefusedError,
    TrackerError,
    UnknownError,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1
_RETRY_WHEN_FREE_S = "15"


class UnknownKeyError(TrackerError):
    """This needs a key that is known and not revoked: Authorization: Bearer trk_..."""


class MalformedError(TrackerError):
    """The body is not JSON in UTF-8, or is nested too deeply."""


class TooLargeError(TrackerError):
    """The body is larger than this service reads."""


class TooManyError(TooLargeError):
    """A batch holds at most 500 messages. Send the rest in another."""


class TooSlowError(TrackerError):
    """The body did not come in time. Send it again, over a better line or in smaller parts."""


class HeadersTooSlowError(TooSlowError):
    """The headers did not come in time. Send the request again over a better connection."""


class RepeatedHeaderError(TrackerError):
    """A header occurs twice that may occur only once. Send it once."""


class UnsupportedMediaError(TrackerError):
    """The body must be of a type that this address reads, and not compressed."""


class UnknownPositionError(InvalidInputError):
    """There is no event at this position yet."""


class NotYetError(TrackerError):
    """What was written is stored, but cannot be read here yet. Ask again in a moment."""


class BusyError(NotYetError):
    """Such an answer is made for one at a time, and somebody else was first. Ask again soon."""


class UnknownBlockError(UnknownError):
    """There is no such block of codes."""


class FaultyInputError(InvalidInputError):
    """What was sent does not fit; `errors` tells where."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep the faults."""
        super().__init__()
        self.faults = faults


@dataclass(frozen=True)
class ProblemKind:
    """One kind of problem: its HTTP status, its stable name, and what it is called."""

    status: int
    name: str
    title: str


KINDS: dict[type[Exception], ProblemKind] = {
    UnknownKeyError: ProblemKind(401, "unknown-key", "You are not signed in"),
    MalformedError: ProblemKind(400, "malformed", "The body cannot be read"),
    TooLargeError: ProblemKind(413, "too-large", "The body is too large"),
    TooSlowError: ProblemKind(408, "too-slow", "The body did not come in time"),
    HeadersTooSlowError: ProblemKind(408, "headers-too-slow", "The headers did not come in time"),
    HeadersTooLargeError: ProblemKind(431, "headers-too-large", "The headers are too large"),
    BadRequestError: ProblemKind(400, "bad-request", "This is not a valid request"),
    RepeatedHeaderError: ProblemKind(400, "repeated-header", "A header occurs twice"),
    UnsupportedMediaError: ProblemKind(
        415, "unsupported-media-type", "This type of body is not read"
    ),
    InvalidInputError: ProblemKind(
        422, PROBLEM_NAMES[InvalidInputError], "What was sent does not fit"
    ),
    RefusedError: ProblemKind(
        422, PROBLEM_NAMES[RefusedError], "The rules of the service do not allow this"
    ),
    UnknownError: ProblemKind(422, PROBLEM_NAMES[UnknownError], "What was named does not exist"),
    UnknownDossierError: ProblemKind(
        404, PROBLEM_NAMES[UnknownDossierError], "There is no such dossier"
    ),
    UnknownBlockError: ProblemKind(404, "unknown-block", "There is no such block of codes"),
    NoSuchFormError: ProblemKind(404, "no-such-form", "There is no such form of this dossier"),
    NoPdfError: ProblemKind(501, "no-pdf", "PDF is not installed here"),
    NoParquetError: ProblemKind(501, "no-parquet", "Parquet is not installed here"),
    NoCheckpointError: ProblemKind(404, "no-checkpoint", "Nothing of the log is signed yet"),
    NotOurCheckpointError: ProblemKind(422, "not-our-checkpoint", "We signed no such checkpoint"),
    OldCheckpointError: ProblemKind(409, "old-checkpoint", "There is a newer checkpoint"),
    NoWitnessError: ProblemKind(422, "unknown-witness", "No known witness signed this"),
    BadCosignatureError: ProblemKind(422, "bad-cosignature", "This cosignature is wrong"),
    NotAllowedError: ProblemKind(403, PROBLEM_NAMES[NotAllowedError], "You may not do this"),
    ConflictError: ProblemKind(409, PROBLEM_NAMES[ConflictError], "Somebody else was there first"),
    VersionConflictError: ProblemKind(
        409, PROBLEM_NAMES[VersionConflictError], "Somebody else acted first"
    ),
    StepNotAllowedError: ProblemKind(
        409, PROBLEM_NAMES[StepNotAllowedError], "This step cannot follow"
    ),
    RequestReusedError: ProblemKind(
        409, PROBLEM_NAMES[RequestReusedError], "This event_id was used for something else"
    ),
    CodeTakenError: ProblemKind(
        409, PROBLEM_NAMES[CodeTakenError], "There is a dossier with this code already"
    ),
    TooOftenError: ProblemKind(429, "asked-too-often", "This was asked too often"),
    BusyError: ProblemKind(503, "busy", "Somebody else is being answered"),
    NotYetError: ProblemKind(503, "not-yet", "This cannot be read yet"),
    StoreUnavailableError: ProblemKind(
        503, PROBLEM_NAMES[StoreUnavailableError], "The event store does not answer"
    ),
    WorkWantedError: ProblemKind(429, "work-wanted", "A proof of work is needed first"),
    WholeNumberWantedError: ProblemKind(
        429, "whole-number-wanted", "Four digits do not suffice for now"
    ),
    StoreBehindError: ProblemKind(
        503, "store-behind", "The event store is older than its own past"
    ),
    KeyLostError: ProblemKind(410, "key-lost", "The key of this dossier is lost"),
}
"""Each kind of error, by class; one that is not here is what it is derived from."""

UNFIT_STATUS = KINDS[InvalidInputError].status
_UNFORESEEN = ProblemKind(500, UNFORESEEN, "Something went wrong here, not with you")
STORE_SILENT = (OperationalError, InterfaceError)
FORESEEN: tuple[type[Exception], ...] = (*KINDS, *STORE_SILENT)

_ADDRESSES = {
    404: ProblemKind(404, "unknown-address", "There is nothing at this address"),
    405: ProblemKind(405, "wrong-method", "This address does not answer to this method"),
}


class Problem(BaseModel):
    """What went wrong. Nothing that was sent is repeated here."""

    type: str = Field(description="Names the kind of problem for ever.")
    title: str
    status: int
    detail: str
    errors: list[Fault] | None = Field(default=None, description="What does not fit, and where.")
    current_version: int | None = Field(
        default=None, description="On a conflict: the version the dossier has now."
    )
    challenge: dict[str, Any] | None = Field(
        default=None,
        description="Where a proof of work is wanted: an ALTCHA challenge (version 2). Find the"
        " `counter` from 0 for which PBKDF2-SHA-256 of the nonce and the counter (4 bytes, big"
        " endian), with the salt and `cost` rounds, begins with `keyPrefix`; send"
        " `{challenge, solution: {counter, derivedKey}}` as JSON in base64.",
    )


def kind_of(error: Exception) -> ProblemKind:
    """Return the kind of this error."""
    return next((KINDS[one] for one in type(error).__mro__ if one in KINDS), _UNFORESEEN)


def problem_of(error: Exception) -> Problem:
    """Tell of an error what may be told."""
    kind = kind_of(error)
    more: dict[str, Any] = {}
    if isinstance(error, FaultyInputError):
        more["errors"] = list(error.faults)
    if isinstance(error, WorkWantedError):
        more["challenge"] = error.challenge
    if isinstance(error, VersionConflictError | StepNotAllowedError):
        more["current_version"] = error.version
    return Problem(
        type=f"/problems/{kind.name}",
        title=kind.title,
        status=kind.status,
        detail="It was noted and will be looked at." if kind is _UNFORESEEN else str(error),
        **more,
    )


def answer(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """Return the problem as an answer."""
    return Response(
        problem.model_dump_json(exclude_unset=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def answer_error(error: Exception) -> Response:
    """Answer any error, those FastAPI raises included."""
    if isinstance(error, RequestValidationError):
        error = FaultyInputError(faults_of(error.errors()))
    if isinstance(error, STORE_SILENT):
        error = StoreUnavailableError()
    if isinstance(error, HTTPException):
        kind = _ADDRESSES.get(error.status_code, KINDS[MalformedError])
        problem = Problem(
            type=f"/problems/{kind.name}", title=kind.title, status=kind.status, detail=kind.title
        )
        return answer(problem, dict(error.headers or {}))
    problem = problem_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, UnknownKeyError):
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status == KINDS[NotYetError].status:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if isinstance(error, BusyError):
        headers["Retry-After"] = _RETRY_WHEN_FREE_S
    if isinstance(error, TooOftenError | WorkWantedError | WholeNumberWantedError):
        headers["Retry-After"] = str(error.retry_after_s)
    return answer(problem, headers)
