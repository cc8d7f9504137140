"""The stable names of the errors of commands, the same for HTTP and Kafka."""

from tracker.application.commands.envelope import (
    CodeTakenError,
    RequestReusedError,
    UnknownDossierError,
    VersionConflictError,
)
from tracker.application.commands.handler import StoreUnavailableError
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    RefusedError,
    UnknownError,
)

UNFORESEEN = "internal"
PROBLEM_NAMES: dict[type[Exception], str] = {
    InvalidInputError: "invalid-input",
    RefusedError: "refused",
    UnknownError: "unknown-reference",
    UnknownDossierError: "unknown-dossier",
    NotAllowedError: "not-allowed",
    ConflictError: "conflict",
    VersionConflictError: "version-conflict",
    StepNotAllowedError: "step-not-allowed",
    RequestReusedError: "event-id-reused",
    CodeTakenError: "code-taken",
    StoreUnavailableError: "store-unavailable",
}
"""The stable name of each error class. A missing class has the name of its base class."""


def problem_name(error: Exception) -> str:
    """Return the stable name of this error."""
    classes = type(error).__mro__
    return next((PROBLEM_NAMES[kind] for kind in classes if kind in PROBLEM_NAMES), UNFORESEEN)
