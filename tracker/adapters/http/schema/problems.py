"""Problem answers (RFC 9457). Only this module gives errors their HTTP status."""

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
    """A valid API key is required: Authorization: Bearer trk_..."""


class MalformedError(TrackerError):
    """The body is not JSON in UTF-8, or it is nested too deeply."""


class TooLargeError(TrackerError):
    """The body is larger than this service accepts."""


class TooManyError(TooLargeError):
    """A batch holds at most 500 commands. Send the rest in another batch."""


class TooSlowError(TrackerError):
    """The body did not arrive in time. Use a better connection or send smaller batches."""


class HeadersTooSlowError(TooSlowError):
    """The headers did not arrive in time. Send the request again over a better connection."""


class RepeatedHeaderError(TrackerError):
    """A header that may occur only once occurs twice. Send it once."""


class UnsupportedMediaError(TrackerError):
    """The body must have a media type that this address accepts, and must not be compressed."""


class UnknownPositionError(InvalidInputError):
    """No event has this position yet."""


class NotYetError(TrackerError):
    """The event is stored, but it cannot be read here yet. Try again in a moment."""


class BusyError(NotYetError):
    """The service makes one such answer at a time, and one is in progress. Try again soon."""


class TooBusyError(StoreUnavailableError):
    """The service has too many requests. Nothing was stored. Send the request again soon."""


class UnknownBlockError(UnknownError):
    """No block of codes has this id."""


class FaultyInputError(InvalidInputError):
    """The request is not valid; `errors` lists each fault and its place."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Store the faults."""
        super().__init__()
        self.faults = faults


@dataclass(frozen=True)
class ProblemKind:
    """One kind of problem: its HTTP status, its stable name, and its title."""

    status: int
    name: str
    title: str


KINDS: dict[type[Exception], ProblemKind] = {
    UnknownKeyError: ProblemKind(401, "unknown-key", "You are not signed in"),
    MalformedError: ProblemKind(400, "malformed", "The body cannot be read"),
    TooLargeError: ProblemKind(413, "too-large", "The body is too large"),
    TooSlowError: ProblemKind(408, "too-slow", "The body did not arrive in time"),
    HeadersTooSlowError: ProblemKind(408, "headers-too-slow", "The headers did not arrive in time"),
    HeadersTooLargeError: ProblemKind(431, "headers-too-large", "The headers are too large"),
    BadRequestError: ProblemKind(400, "bad-request", "This is not a valid request"),
    RepeatedHeaderError: ProblemKind(400, "repeated-header", "A header occurs twice"),
    UnsupportedMediaError: ProblemKind(
        415, "unsupported-media-type", "This media type is not accepted"
    ),
    InvalidInputError: ProblemKind(
        422, PROBLEM_NAMES[InvalidInputError], "The request is not valid"
    ),
    RefusedError: ProblemKind(
        422, PROBLEM_NAMES[RefusedError], "The rules of the service do not allow this"
    ),
    UnknownError: ProblemKind(
        422, PROBLEM_NAMES[UnknownError], "Something named in the request does not exist"
    ),
    UnknownDossierError: ProblemKind(
        404, PROBLEM_NAMES[UnknownDossierError], "There is no such dossier"
    ),
    UnknownBlockError: ProblemKind(404, "unknown-block", "There is no such block of codes"),
    NoSuchFormError: ProblemKind(404, "no-such-form", "There is no such form of this dossier"),
    NoPdfError: ProblemKind(501, "no-pdf", "PDF is not installed here"),
    NoParquetError: ProblemKind(501, "no-parquet", "Parquet is not installed here"),
    NoCheckpointError: ProblemKind(404, "no-checkpoint", "The log has no signed checkpoint yet"),
    NotOurCheckpointError: ProblemKind(422, "not-our-checkpoint", "We signed no such checkpoint"),
    OldCheckpointError: ProblemKind(409, "old-checkpoint", "There is a newer checkpoint"),
    NoWitnessError: ProblemKind(422, "unknown-witness", "No known witness signed this"),
    BadCosignatureError: ProblemKind(422, "bad-cosignature", "This cosignature is wrong"),
    NotAllowedError: ProblemKind(403, PROBLEM_NAMES[NotAllowedError], "You may not do this"),
    ConflictError: ProblemKind(409, PROBLEM_NAMES[ConflictError], "Another request came first"),
    VersionConflictError: ProblemKind(
        409, PROBLEM_NAMES[VersionConflictError], "Another request changed the dossier first"
    ),
    StepNotAllowedError: ProblemKind(
        409, PROBLEM_NAMES[StepNotAllowedError], "This step is not allowed now"
    ),
    RequestReusedError: ProblemKind(
        409, PROBLEM_NAMES[RequestReusedError], "This event_id was used for another request"
    ),
    CodeTakenError: ProblemKind(
        409, PROBLEM_NAMES[CodeTakenError], "This code already has a dossier"
    ),
    TooOftenError: ProblemKind(429, "asked-too-often", "Too many requests"),
    BusyError: ProblemKind(503, "busy", "Another such answer is in progress"),
    NotYetError: ProblemKind(503, "not-yet", "This cannot be read yet"),
    StoreUnavailableError: ProblemKind(
        503, PROBLEM_NAMES[StoreUnavailableError], "The event store does not answer"
    ),
    WorkWantedError: ProblemKind(429, "work-wanted", "A proof of work is required"),
    WholeNumberWantedError: ProblemKind(
        429, "whole-number-wanted", "The whole phone number is required for now"
    ),
    StoreBehindError: ProblemKind(
        503, "store-behind", "The event store is older than its recorded past"
    ),
    KeyLostError: ProblemKind(410, "key-lost", "The key of this dossier is lost"),
}
"""The kind of problem by class of error. A class without an entry uses that of its base class."""

UNFIT_STATUS = KINDS[InvalidInputError].status
_UNFORESEEN = ProblemKind(500, UNFORESEEN, "Internal error of the service")
STORE_SILENT = (OperationalError, InterfaceError)
FORESEEN: tuple[type[Exception], ...] = (*KINDS, *STORE_SILENT)

_ADDRESSES = {
    404: ProblemKind(404, "unknown-address", "Nothing exists at this address"),
    405: ProblemKind(405, "wrong-method", "This address does not support this method"),
}


class Problem(BaseModel):
    """What went wrong. It never repeats the content of the request."""

    type: str = Field(description="The kind of problem. It never changes.")
    title: str
    status: int
    detail: str
    errors: list[Fault] | None = Field(
        default=None, description="The faults of the request, and their places."
    )
    current_version: int | None = Field(
        default=None, description="On a conflict: the current version of the dossier."
    )
    challenge: dict[str, Any] | None = Field(
        default=None,
        description="If a proof of work is required: an ALTCHA challenge (version 2). Find the"
        " `counter` from 0 for which PBKDF2-SHA-256 of the nonce and the counter (4 bytes, big"
        " endian), with the salt and `cost` rounds, begins with `keyPrefix`; send"
        " `{challenge, solution: {counter, derivedKey}}` as JSON in base64.",
    )


def kind_of(error: Exception) -> ProblemKind:
    """Return the kind of problem of an error, from its class or its nearest base class."""
    return next((KINDS[base] for base in type(error).__mro__ if base in KINDS), _UNFORESEEN)


def problem_of(error: Exception) -> Problem:
    """Return the problem for an error, with only what may be public."""
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
        detail="The error was logged." if kind is _UNFORESEEN else str(error),
        **more,
    )


def answer(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """Return the problem as an HTTP answer."""
    return Response(
        problem.model_dump_json(exclude_unset=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def answer_error(error: Exception) -> Response:
    """Return the HTTP answer to an error, also to an error that FastAPI raises."""
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
