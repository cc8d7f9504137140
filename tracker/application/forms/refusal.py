"""Form 03: the refusal to take a dossier in."""

from dataclasses import dataclass

from tracker.application.forms.case import Case, Gap, Head
from tracker.domain.dossier.events.intake import Refused


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The reason and the legal basis of a refusal."""

    head: Head
    reason: str | Gap
    basis: str


def refusal(case: Case) -> Refusal:
    """Return the refusal. Raise `NoSuchFormError` if there was none."""
    _, refused = case.nth(Refused, None)
    return Refusal(
        head=case.head_of(refused),
        reason=case.reason(refused),
        basis=refused.basis,
    )
