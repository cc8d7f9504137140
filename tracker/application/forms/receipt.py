"""Form 01: the receipt, and the appointment for the result."""

from dataclasses import dataclass, replace
from datetime import datetime

from tracker.application.forms.case import Case, Head, NoSuchFormError, Person
from tracker.domain.deadlines.time_rules import ProcessingTime
from tracker.domain.dossier.events.intake import Received
from tracker.domain.dossier.values import Paper, WayOfReturn
from tracker.domain.network.network import Office


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The papers and the promised date at intake. `link` is the content of the QR code.

    `tariff` is the fee of the procedure in VND. The payment at the desk is not recorded.
    """

    head: Head
    link: str
    decided_by: Office | None
    papers: tuple[Paper, ...]
    time: ProcessingTime | None
    received_at: datetime
    promised_at: datetime | None
    way_of_return: WayOfReturn
    tariff: int | None

    def masked(self) -> "Receipt":
        """Return the receipt without contact details, for a reader who has its link."""
        applicant = self.head.applicant
        shown = applicant.masked() if isinstance(applicant, Person) else applicant
        return replace(self, head=replace(self.head, applicant=shown))


def receipt(case: Case, link: str) -> Receipt:
    """Return the receipt. Raise `NoSuchFormError` if the dossier was not taken in."""
    dossier, procedure = case.dossier, case.procedure
    taken_in = case.all(Received)
    if not taken_in or dossier.received_at is None:
        raise NoSuchFormError
    promise = taken_in[0].promise
    return Receipt(
        head=case.head(dossier.offices.received_at, dossier.received_at),
        link=link,
        decided_by=case.office(taken_in[0].offices.decided_by),
        papers=dossier.papers,
        time=procedure.rule.time if procedure else None,
        received_at=dossier.received_at,
        promised_at=promise.due_at if promise else None,
        way_of_return=dossier.way_of_return,
        tariff=procedure.fee if procedure else None,
    )
