"""The status fields that every read model with one row a dossier shares."""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from tracker.domain.deadlines.time_rules import PauseKind
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received, Submitted
from tracker.domain.dossier.events.processing import Decided, Forwarded
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.lifecycle import Progress, Stage, Step
from tracker.domain.dossier.values import Correctable
from tracker.projections.model.rows import DossierRow


class DossierStatusRow(DossierRow, frozen=True, gc=False):
    """The status of a dossier.

    `pauses` lists the open pauses. `underneath` is the stage without them. `received_version` and
    `finished_version` are the events that set `received_at` and `finished_at`, so that a correction
    finds the right field; 0 if there is none yet.
    """

    stage: str
    status: int
    underneath: str
    pauses: str
    paused_at: datetime | None
    helped_at: str
    received_at_office: str
    decided_by: str
    promised_at: datetime | None
    received_at: datetime | None
    received_version: int
    finished_at: datetime | None
    finished_version: int


def initial_fields(event: Event) -> dict[str, Any]:
    """Return the fields of a dossier before its first event."""
    return {
        "dossier_id": event.originator_id,
        "code": event.code,
        "paused_at": None,
        "helped_at": "",
        "received_at_office": "",
        "decided_by": "",
        "promised_at": None,
        "received_at": None,
        "received_version": 0,
        "finished_at": None,
        "finished_version": 0,
    }


def changed_fields(row: DossierStatusRow | None, event: Event) -> dict[str, Any]:
    """Return the fields that this event changes, relative to `row` or `initial_fields`."""
    move = _move(row.underneath, row.pauses, event.step) if row else _move("", "", event.step)
    changed = {"version": event.originator_version, **move.fields}
    if not move.fields:
        return changed
    if not move.is_paused:
        changed["paused_at"] = None
    elif move.opens:
        paused_at = row.paused_at if row else None
        changed["paused_at"] = min(paused_at or event.occurred_at, event.occurred_at)
    promise = getattr(event, "promise", None)
    if promise:
        changed["promised_at"] = promise.due_at
    match event:
        case Submitted() | Received():
            changed["helped_at"] = event.offices.helped_at
            changed["received_at_office"] = event.offices.received_at
            changed["decided_by"] = event.offices.decided_by
            if isinstance(event, Received):
                changed["received_at"] = event.occurred_at
                changed["received_version"] = event.originator_version
        case Forwarded():
            changed["decided_by"] = event.to_office
        case Decided():
            changed["finished_at"] = event.occurred_at
            changed["finished_version"] = event.originator_version
        case Corrected():
            changed |= _correction(row, event)
    return changed


def _correction(row: DossierStatusRow | None, event: Corrected) -> dict[str, Any]:
    match event.what:
        case Correctable.HELPED_AT:
            return {"helped_at": event.value}
        case Correctable.RECEIVED_AT:
            return {"received_at_office": event.value}
        case Correctable.OCCURRED_AT if row:
            if moment := corrected_time(event, row.received_version):
                return {"received_at": moment}
            if moment := corrected_time(event, row.finished_version):
                return {"finished_at": moment}
    return {}


def corrected_time(event: Event, version: int) -> datetime | None:
    """Return the corrected time of event `version`, if this event corrects it."""
    if not isinstance(event, Corrected) or event.corrects != version:
        return None
    is_time = event.what is Correctable.OCCURRED_AT
    return datetime.fromisoformat(event.value) if is_time else None


class _Move(NamedTuple):
    """The effect of a step on stage and pauses, as fields; empty before there is a stage."""

    fields: dict[str, Any]
    opens: bool = False
    is_paused: bool = False


@cache  # few distinct inputs, and every event needs the result
def _move(underneath: str, pauses: str, step: Step) -> _Move:
    opened = frozenset(PauseKind(kind) for kind in pauses.split(",") if kind)
    before = Progress(Stage(underneath) if underneath else None, opened)
    after = before.after(step)
    if after.stage is None or after.status is None or after.underneath is None:
        return _Move({})
    fields = {
        "stage": after.stage.value,
        "status": int(after.status),
        "underneath": after.underneath.value,
        "pauses": ",".join(sorted(after.pauses)),
    }
    return _Move(fields, opens=bool(after.pauses - before.pauses), is_paused=bool(after.pauses))
