"""Form 04: the apology for a late result, with a new date."""

from dataclasses import dataclass
from datetime import datetime

from tracker.application.forms.case import Case, Gap, Head
from tracker.domain.dossier.events.processing import PromiseExtended
from tracker.domain.dossier.state import DossierState


@dataclass(frozen=True, kw_only=True)
class Apology:
    """The missed date, the new date, the reason and the signer.

    This is extension `number` of `of`. `previous_due_at` is `None` if no date was promised before.
    """

    head: Head
    number: int
    of: int
    received_at: datetime | None
    previous_due_at: datetime | None
    due_at: datetime
    reason: str | Gap
    basis: str
    signer: str


def apology(case: Case, which: int | None = None) -> Apology:
    """Return an apology, by default the last. Raise `NoSuchFormError`."""
    number, extended = case.nth(PromiseExtended, which)
    before = DossierState.picture(case.events[: extended.originator_version - 1])
    previous = before.promise if before else None
    return Apology(
        head=case.head_of(extended),
        number=number,
        of=len(case.all(PromiseExtended)),
        received_at=case.dossier.received_at,
        previous_due_at=previous.due_at if previous else None,
        due_at=extended.promise.due_at,
        reason=case.reason(extended),
        basis=extended.basis,
        signer=extended.signer,
    )
