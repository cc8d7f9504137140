"""Form 02: the request for missing papers."""

from dataclasses import dataclass
from datetime import datetime

from tracker.application.forms.case import Case, Gap, Head
from tracker.domain.dossier.events.processing import SupplementAsked
from tracker.domain.dossier.values import Paper


@dataclass(frozen=True, kw_only=True)
class SupplementRequest:
    """The missing papers, the reason and the date; `number` counts the requests from 1."""

    head: Head
    number: int
    papers: tuple[Paper, ...]
    reason: str | Gap
    basis: str
    papers_due_at: datetime | None


def supplement_request(case: Case, which: int | None = None) -> SupplementRequest:
    """Return a request, by default the last. Raise `NoSuchFormError`."""
    number, asked = case.nth(SupplementAsked, which)
    return SupplementRequest(
        head=case.head_of(asked),
        number=number,
        papers=asked.papers,
        reason=case.reason(asked),
        basis=asked.basis,
        papers_due_at=asked.papers_due_at,
    )
