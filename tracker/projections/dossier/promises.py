"""The read model behind the figures: every promise, and how each dossier stands against it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from tracker.domain.dossier.events.citizen import Rated
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received, Submitted
from tracker.domain.dossier.events.processing import PromiseExtended
from tracker.domain.dossier.lifecycle import Stage
from tracker.projections.dossier.dossier_status import Standing, begun, changes, corrected_time
from tracker.projections.model.feed import Record
from tracker.projections.model.projection import DossierProjection
from tracker.projections.model.rows import Row


class PromiseRow(Row, frozen=True, gc=False):
    """One line of the promise ledger: the date promised by the dossier's event `version`."""

    TABLE = "promises"
    KEY = ("dossier_id", "version")

    version: int
    step: str
    due_at: datetime
    given: bool
    made_at: datetime
    recorded_at: datetime


class SlaRow(Standing, frozen=True, gc=False):
    """A dossier's clock in one row; `promised_at` is the latest promise.

    `apologised_late`: a promise had passed, while the clock ran, before the apology came.
    `ended_version` is the event by which it was refused, withdrawn or returned, `rated_version`
    the one by which it was rated; 0 before.
    """

    TABLE = "sla"
    INDEXES = (("received_at",), ("finished_at",))

    channel: str
    procedure: str
    first_promised_at: datetime | None
    apologised_late: bool
    refused_at: datetime | None
    withdrawn_at: datetime | None
    returned_at: datetime | None
    ended_version: int
    score: int | None
    rated_at: datetime | None
    rated_version: int


class PromisesProjection(DossierProjection[SlaRow]):
    """Translates events into promises and what became of them."""

    NAME = "promises"
    ROWS = (SlaRow, PromiseRow)
    ROW = SlaRow

    def fold(self, row: SlaRow | None, event: Event) -> SlaRow:
        """Return the dossier's clock after this event."""
        new = changes(row, event)
        promise = getattr(event, "promise", None)
        if promise and (row is None or row.first_promised_at is None):
            new["first_promised_at"] = promise.due_at
        if isinstance(event, _BEGINNINGS):
            new |= {"channel": event.channel, "procedure": event.procedure}
        if isinstance(event, PromiseExtended) and row and _is_broken(row, event.occurred_at):
            new["apologised_late"] = True
        new |= _rating(row, event)
        ended = _ENDS.get(new.get("stage", ""))
        if ended and (row is None or row.ended_version == 0):
            new |= {ended: event.occurred_at, "ended_version": event.originator_version}
        elif ended and row and (moment := corrected_time(event, row.ended_version)):
            new[ended] = moment
        return replace(row, **new) if row else SlaRow(**(_begun(event) | new))

    def lines(self, record: Record) -> Sequence[Row]:
        """Return the line of the ledger, where the event promised a date."""
        event = record.event
        promise = getattr(event, "promise", None)
        if promise is None:
            return ()
        line = PromiseRow(
            dossier_id=event.originator_id,
            version=event.originator_version,
            step=str(event.step),
            due_at=promise.due_at,
            given=promise.given,
            made_at=event.occurred_at,
            recorded_at=event.recorded_at,
        )
        return (line,)


_BEGINNINGS = (Submitted, Received)
_ENDS = {
    Stage.REFUSED.value: "refused_at",
    Stage.WITHDRAWN.value: "withdrawn_at",
    Stage.RETURNED.value: "returned_at",
}


def _rating(row: SlaRow | None, event: Event) -> dict[str, Any]:
    if isinstance(event, Rated):
        return {
            "score": event.score,
            "rated_at": event.occurred_at,
            "rated_version": event.originator_version,
        }
    if row and row.rated_version and (moment := corrected_time(event, row.rated_version)):
        return {"rated_at": moment}
    return {}


def _is_broken(row: SlaRow, at: datetime) -> bool:
    if row.promised_at is None:
        return False
    return row.promised_at < min(at, row.paused_at or at)


def _begun(event: Event) -> dict[str, Any]:
    return begun(event) | {
        "channel": "",
        "procedure": "",
        "first_promised_at": None,
        "apologised_late": False,
        "refused_at": None,
        "withdrawn_at": None,
        "returned_at": None,
        "ended_version": 0,
        "score": None,
        "rated_at": None,
        "rated_version": 0,
    }
