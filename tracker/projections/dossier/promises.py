"""The read model behind the figures: every promise, and whether each dossier kept it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from tracker.domain.dossier.events.citizen import Rated
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received, Submitted
from tracker.domain.dossier.events.processing import PromiseExtended
from tracker.domain.dossier.lifecycle import Stage
from tracker.projections.dossier.dossier_status import (
    DossierStatusRow,
    changed_fields,
    corrected_time,
    initial_fields,
)
from tracker.projections.model.feed import Record
from tracker.projections.model.projection import DossierProjection
from tracker.projections.model.rows import Row


class PromiseRow(Row, frozen=True, gc=False):
    """One entry of the promise ledger: the date promised by the dossier's event `version`."""

    TABLE = "promises"
    KEY = ("dossier_id", "version")

    version: int
    step: str
    due_at: datetime
    given: bool
    made_at: datetime
    recorded_at: datetime


class SlaRow(DossierStatusRow, frozen=True, gc=False):
    """The clock of a dossier in one row; `promised_at` is the latest promise.

    `apologised_late` is true if a promise was already broken when the apology came. `ended_version`
    is the event that refused, withdrew or returned the dossier. `rated_version` is the event that
    rated it. Both are 0 before.
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
    """Translate events into promises and whether they were kept."""

    NAME = "promises"
    ROWS = (SlaRow, PromiseRow)
    ROW = SlaRow

    def fold(self, row: SlaRow | None, event: Event) -> SlaRow:
        """Return the dossier's clock after this event."""
        changed = changed_fields(row, event)
        promise = getattr(event, "promise", None)
        if promise and (row is None or row.first_promised_at is None):
            changed["first_promised_at"] = promise.due_at
        if isinstance(event, _BEGINNINGS):
            changed |= {"channel": event.channel, "procedure": event.procedure}
        if isinstance(event, PromiseExtended) and row and _is_broken(row, event.occurred_at):
            changed["apologised_late"] = True
        changed |= _rating(row, event)
        ended = _ENDS.get(changed.get("stage", ""))
        if ended and (row is None or row.ended_version == 0):
            changed |= {ended: event.occurred_at, "ended_version": event.originator_version}
        elif ended and row and (moment := corrected_time(event, row.ended_version)):
            changed[ended] = moment
        return replace(row, **changed) if row else SlaRow(**(_initial_fields(event) | changed))

    def lines(self, record: Record) -> Sequence[Row]:
        """Return the ledger entry, if the event promised a date."""
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


def _initial_fields(event: Event) -> dict[str, Any]:
    return initial_fields(event) | {
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
