"""What stands against a form, by the box it belongs to: named, and put into words by the template.

Nothing typed is repeated.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from tracker.adapters.http.desk.auth import ForeignFormError
from tracker.adapters.http.desk.form_fields import FieldKind, FormField
from tracker.adapters.http.desk.form_parsing import field_at
from tracker.adapters.http.schema.problems import NotYetError, TooLargeError, TooSlowError
from tracker.application.commands.code_allocation import NotYourCodeError
from tracker.application.commands.envelope import (
    CodeTakenError,
    RequestReusedError,
    UnknownDossierError,
    VersionConflictError,
)
from tracker.application.commands.handler import PersonalDataGoneError, StoreUnavailableError
from tracker.application.commands.reception import WrongPlaceError
from tracker.application.commands.text_types import UNFIT
from tracker.application.queries.export import NoReasonError
from tracker.application.recovery.key_loss import KeyLostError
from tracker.application.recovery.store_past import StoreBehindError
from tracker.application.service import CannotDecideError, NotACarrierError
from tracker.domain.deadlines.calendar import CalendarHorizonError
from tracker.domain.dossier.codes import CodesUsedUpError, InvalidCodeError
from tracker.domain.dossier.dossier import (
    DateNotLaterError,
    DueTooSoonError,
    NoSuchEventError,
    SameOfficeError,
)
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.dossier.values import FutureTimeError
from tracker.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    RefusedError,
    TrackerError,
    UnknownError,
)
from tracker.domain.network.admission import (
    CollaboratorMissingError,
    CollaboratorNotAdmittedError,
    NotOpenToAgentsError,
    OfficeClosedError,
    UnknownAtIntakeError,
)
from tracker.domain.network.network import (
    NotAReceptionPlaceError,
    UnknownCollaboratorError,
    UnknownOfficeError,
    UnknownPartnerError,
)
from tracker.domain.network.procedures import ProcedureNotInForceError, UnknownProcedureError


@dataclass(frozen=True)
class FormError:
    """What to say, by its name in `desk/sayings.html`, and the limits it tells."""

    name: str
    limits: Mapping[str, int] = field(default_factory=dict)


Faults = Mapping[str, FormError]
"""What does not fit, by the box it belongs to; under no name: what belongs to none."""

KINDS: Final = frozenset(
    {
        "missing",
        "string_too_short",
        "string_too_long",
        "string_pattern_mismatch",
        "enum",
        "int_type",
        "greater_than_equal",
        "less_than_equal",
        "too_long",
        UNFIT,
    }
)
"""The kinds of pydantic's faults that have words of their own."""

BOXES: Final = frozenset({"phone", "email", "value", "notices"})
"""The boxes with words of their own for what does not fit their form, by their last name."""

MOMENT: Final = "moment"
NONE_TICKED: Final = "none_ticked"
OTHERWISE: Final = "otherwise"
_OF_FORM = frozenset({"string_pattern_mismatch", UNFIT})
_LIMITS = ("max_length", "ge", "le")
_OFFICES = ("to_office", "at_office", "received_at", "helped_at")

REFUSALS: Final[Mapping[type[TrackerError], tuple[str, ...]]] = {
    FutureTimeError: ("occurred_at",),
    DateNotLaterError: ("due_at",),
    DueTooSoonError: ("papers_due_at", "fee_due_at"),
    CalendarHorizonError: ("due_at", "occurred_at"),
    SameOfficeError: ("to_office",),
    CannotDecideError: ("to_office",),
    UnknownOfficeError: _OFFICES,
    UnknownPartnerError: ("carrier",),
    NotACarrierError: ("carrier",),
    UnknownCollaboratorError: ("collaborator",),
    CollaboratorMissingError: ("collaborator",),
    CollaboratorNotAdmittedError: ("collaborator",),
    NoSuchEventError: ("corrects",),
    NotOpenToAgentsError: ("procedure",),
    UnknownProcedureError: ("procedure",),
    ProcedureNotInForceError: ("procedure",),
    UnknownAtIntakeError: (),
    OfficeClosedError: (),
    NotAReceptionPlaceError: (),
    WrongPlaceError: (),
    NotYourCodeError: (),
    InvalidCodeError: (),
    CodeTakenError: (),
    CodesUsedUpError: (),
    UnknownDossierError: (),
    NoReasonError: (),
    PersonalDataGoneError: (),
    KeyLostError: (),
    StepNotAllowedError: (),
    VersionConflictError: (),
    RequestReusedError: (),
    StoreBehindError: (),
    StoreUnavailableError: (),
    NotYetError: (),
    TooLargeError: (),
    TooSlowError: (),
    ForeignFormError: (),
    NotAllowedError: (),
    ConflictError: (),
    UnknownError: (),
    RefusedError: (),
    InvalidInputError: (),
}
"""Which refusals have words, and where each belongs: to the first of these boxes the form has."""


def errors_in(error: ValidationError, boxes: Iterable[FormField]) -> Faults:
    """Say what pydantic found, one saying a box."""
    boxes = tuple(boxes)
    faults: dict[str, FormError] = {}
    kinds = {box.name: box.kind for box in boxes}
    for one in error.errors(include_url=False, include_input=False):
        name = field_at(one["loc"], boxes)
        faults.setdefault(name, _saying(one, kinds.get(name)))
    return faults


def errors_from(error: Exception, boxes: Iterable[FormField] = ()) -> Faults:
    """Say why the tracker refused."""
    names = {box.name for box in boxes}
    kind = next((one for one in type(error).__mro__ if one in REFUSALS), None)
    if kind is None:
        return {"": FormError(OTHERWISE)}
    place = next((place for place in REFUSALS[kind] if place in names), "")
    return {place: FormError(kind.__name__)}


def _saying(error: Mapping[str, Any], box_kind: FieldKind | None) -> FormError:
    if box_kind is FieldKind.MOMENT:
        return FormError(MOMENT)
    if box_kind is FieldKind.SEVERAL and error["type"] == "missing":
        return FormError(NONE_TICKED)
    kind, place = str(error["type"]), error["loc"]
    name = str(place[-1]) if place else "value"
    if name in BOXES and kind not in KINDS - _OF_FORM:
        return FormError(name)
    context = error.get("ctx") or {}
    limits = {limit: int(context[limit]) for limit in _LIMITS if limit in context}
    return FormError(kind if kind in KINDS else OTHERWISE, limits)
