"""Form 07: the register of the dossiers that an office took in or decides in a period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tracker.application.forms.case import Case, Gap, Person
from tracker.domain.dossier.lifecycle import PublicStatus
from tracker.domain.network.network import Office


@dataclass(frozen=True, kw_only=True)
class Line:
    """One dossier; `decided_by` is the name of the office, or its id if it is unknown here."""

    code: str
    procedure: str
    applicant: Person | Gap
    decided_by: str
    received_at: datetime
    promised_at: datetime | None
    finished_at: datetime | None
    returned_at: datetime | None
    status: PublicStatus


@dataclass(frozen=True, kw_only=True)
class Register:
    """The dossiers of an office from `first` to `last`, both included, oldest first.

    `is_cut` says that there are more dossiers than the register may list.
    """

    issuer: Office
    above: Office | None
    issued_at: datetime
    first: date
    last: date
    lines: tuple[Line, ...]
    is_cut: bool


def register(
    cases: Sequence[Case],
    *,
    office: Office,
    above: Office | None,
    issued_at: datetime,
    first: date,
    last: date,
    is_cut: bool,
) -> Register:
    """Return the register of these dossiers."""
    lines = (line for case in cases if (line := _line(case)))
    return Register(
        issuer=office,
        above=above,
        issued_at=issued_at,
        first=first,
        last=last,
        lines=tuple(sorted(lines, key=lambda line: (line.received_at, line.code))),
        is_cut=is_cut,
    )


def _line(case: Case) -> Line | None:
    dossier = case.dossier
    status = dossier.progress.status
    if dossier.received_at is None or status is None:
        return None
    decided_by = dossier.offices.decided_by
    office = case.office(decided_by)
    return Line(
        code=dossier.code,
        procedure=case.procedure.name if case.procedure else dossier.procedure,
        applicant=case.applicant(),
        decided_by=office.name if office else decided_by,
        received_at=dossier.received_at,
        promised_at=dossier.promise.due_at if dossier.promise else None,
        finished_at=dossier.finished_at,
        returned_at=dossier.returned_at,
        status=status,
    )
