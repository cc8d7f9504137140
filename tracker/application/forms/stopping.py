"""Form 05: the notice that an office stops processing a dossier."""

from dataclasses import dataclass
from datetime import datetime

from tracker.application.forms.case import Case, Gap, Head
from tracker.domain.dossier.events.processing import Stopped


@dataclass(frozen=True, kw_only=True)
class StopNotice:
    """The reason of a stop; `number` counts the stops of the dossier from 1."""

    head: Head
    number: int
    received_at: datetime | None
    reason: str | Gap
    basis: str


def stop_notice(case: Case, which: int | None = None) -> StopNotice:
    """Return a notice, by default the last. Raise `NoSuchFormError`."""
    number, stopped = case.nth(Stopped, which)
    return StopNotice(
        head=case.head_of(stopped),
        number=number,
        received_at=case.dossier.received_at,
        reason=case.reason(stopped),
        basis=stopped.basis,
    )
