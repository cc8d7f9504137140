"""The stable names of what can go wrong with a command: the same over HTTP and Kafka."""

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
"""The stable name of each error, by class. A class that is missing has its base class's name."""


def problem_name(error: Exception) -> str:
    """Return the stable name of this error."""
    classes = type(error).__mro__
    return next((PROBLEM_NAMES[one] for one in classes if one in PROBLEM_NAMES), UNFORESEEN)
