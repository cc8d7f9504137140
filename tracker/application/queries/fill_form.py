"""Fills in the forms of a dossier, checks permissions, and records each access."""

from enum import StrEnum

from tracker.application.forms.apology import Apology, apology
from tracker.application.forms.case import Case
from tracker.application.forms.control import ControlSlip, control_slip
from tracker.application.forms.receipt import Receipt, receipt
from tracker.application.forms.refusal import Refusal, refusal
from tracker.application.forms.register import Register
from tracker.application.forms.stopping import StopNotice, stop_notice
from tracker.application.forms.supplement import SupplementRequest, supplement_request
from tracker.application.queries.dossier_reader import DossierReader
from tracker.application.queries.receipt_links import ReceiptLinks
from tracker.domain.dossier.actors import Actor, Read
from tracker.domain.errors import NotAllowedError, TrackerError

Form = Receipt | SupplementRequest | Refusal | Apology | StopNotice | ControlSlip | Register


class NoPdfError(TrackerError):
    """PDF is not installed here (the extra `pdf`). The page of the form can be printed instead."""


class FormNumber(StrEnum):
    """The forms of one dossier, by their number in the circular."""

    RECEIPT = "01"
    SUPPLEMENT = "02"
    REFUSAL = "03"
    APOLOGY = "04"
    STOPPING = "05"
    CONTROL = "06"


class FillForm:
    """Fills in forms of one dossier. The access record has the number of the form."""

    def __init__(self, reader: DossierReader, receipts: ReceiptLinks) -> None:
        """Read dossiers with this reader; receipts get their links from `receipts`."""
        self._reader = reader
        self._receipts = receipts

    def fill(self, actor: Actor, code: str, number: FormNumber, which: int | None) -> Form:
        """Return a filled form; `which` counts forms of one kind from 1, by default the last.

        An actor who may not see the applicant gets a receipt without the applicant, and no form
        with reasons. Raise `NoSuchFormError`, `UnknownDossierError`, `NotAllowedError`.
        """
        case = self._case(actor, code, number)
        match number:
            case FormNumber.RECEIPT:
                return receipt(case, self._receipts.link(case.dossier.code))
            case FormNumber.SUPPLEMENT:
                return supplement_request(case, which)
            case FormNumber.REFUSAL:
                return refusal(case)
            case FormNumber.APOLOGY:
                return apology(case, which)
            case FormNumber.STOPPING:
                return stop_notice(case, which)
            case FormNumber.CONTROL:
                return control_slip(case)

    def _case(self, actor: Actor, code: str, number: FormNumber) -> Case:
        printed = f"mẫu số {number}"
        if number is FormNumber.CONTROL:
            return self._reader.case(actor, code, Read.HISTORY, printed)
        try:
            return self._reader.case(actor, code, Read.PERSONAL_DATA, printed)
        except NotAllowedError:
            if number is not FormNumber.RECEIPT:
                raise
            return self._reader.case(actor, code, Read.DOSSIER, printed)
