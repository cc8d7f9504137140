"""Form 03: a dossier is not taken in."""

from dataclasses import dataclass

from tracker.application.forms.case import Case, Gap, Head
from tracker.domain.dossier.events.intake import Refused


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why it is not taken in."""

    head: Head
    reason: str | Gap
    basis: str


def refusal(case: Case) -> Refusal:
    """Make the refusal. Raise `NoSuchFormError` where there was none."""
    _, refused = case.nth(Refused, None)
    return Refusal(
        head=case.head_of(refused),
        reason=case.reason(refused),
        basis=refused.basis,
    )
