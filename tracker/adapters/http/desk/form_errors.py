"""The errors of a form, by field. The template `desk/error_texts.html` has their texts.

An error never repeats the input.
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
    """An error, by its name in `desk/error_texts.html`, with the limits that its text shows."""

    name: str
    limits: Mapping[str, int] = field(default_factory=dict)


Faults = Mapping[str, FormError]
"""Errors by field name. The empty name has the error of the whole form."""

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
"""The pydantic error types that have their own text."""

OWN_FORMAT_FIELDS: Final = frozenset({"phone", "email", "value", "notices"})
"""The fields with their own text for a wrong format, by the last part of their name."""

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
"""The fields of each refusal: the error is shown at the first of them that the form has."""


def errors_in(error: ValidationError, fields: Iterable[FormField]) -> Faults:
    """Return the validation errors, at most one for each field."""
    fields = tuple(fields)
    faults: dict[str, FormError] = {}
    kinds = {field.name: field.kind for field in fields}
    for detail in error.errors(include_url=False, include_input=False):
        name = field_at(detail["loc"], fields)
        faults.setdefault(name, _form_error(detail, kinds.get(name)))
    return faults


def errors_from(error: Exception, fields: Iterable[FormField] = ()) -> Faults:
    """Return the error for a refused command, with the field it belongs to."""
    names = {field.name for field in fields}
    kind = next((base for base in type(error).__mro__ if base in REFUSALS), None)
    if kind is None:
        return {"": FormError(OTHERWISE)}
    place = next((place for place in REFUSALS[kind] if place in names), "")
    return {place: FormError(kind.__name__)}


def _form_error(error: Mapping[str, Any], field_kind: FieldKind | None) -> FormError:
    if field_kind is FieldKind.MOMENT:
        return FormError(MOMENT)
    if field_kind is FieldKind.SEVERAL and error["type"] == "missing":
        return FormError(NONE_TICKED)
    kind, place = str(error["type"]), error["loc"]
    name = str(place[-1]) if place else "value"
    if name in OWN_FORMAT_FIELDS and kind not in KINDS - _OF_FORM:
        return FormError(name)
    context = error.get("ctx") or {}
    limits = {limit: int(context[limit]) for limit in _LIMITS if limit in context}
    return FormError(kind if kind in KINDS else OTHERWISE, limits)
