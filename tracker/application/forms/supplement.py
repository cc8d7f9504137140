"""Form 02: papers are asked of the applicant."""

from dataclasses import dataclass
from datetime import datetime

from tracker.application.forms.case import Case, Gap, Head
from tracker.domain.dossier.events.processing import SupplementAsked
from tracker.domain.dossier.values import Paper


@dataclass(frozen=True, kw_only=True)
class SupplementRequest:
    """Which papers are missing, why, and by when; the `number`-th time they are asked."""

    head: Head
    number: int
    papers: tuple[Paper, ...]
    reason: str | Gap
    basis: str
    papers_due_at: datetime | None


def supplement_request(case: Case, which: int | None = None) -> SupplementRequest:
    """Make the request, by default the last. Raise `NoSuchFormError`."""
    number, asked = case.nth(SupplementAsked, which)
    return SupplementRequest(
        head=case.head_of(asked),
        number=number,
        papers=asked.papers,
        reason=case.reason(asked),
        basis=asked.basis,
        papers_due_at=asked.papers_due_at,
    )
