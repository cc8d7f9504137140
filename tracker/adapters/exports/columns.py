"""The columns of a dossier and of an event, the same in every export format.

The names are those of XES 1849-2016 where it has one (`concept:name`, `time:timestamp`, `org:…`).
docs/exports.md explains them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, tzinfo
from enum import Enum

import msgspec

from tracker.application.queries.dossier_reader import SEALED_FIELDS
from tracker.application.queries.export import ExportedDossier
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.processing import InternalStepTaken
from tracker.domain.dossier.history import came_late, corrections
from tracker.domain.dossier.values import Promise

Value = str | int | bool | datetime | None
RowValues = Mapping[str, Value]


class ColumnKind(Enum):
    """The type of a column."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    TIME = "time"


CASE_COLUMNS: Mapping[str, ColumnKind] = {
    "concept:name": ColumnKind.TEXT,
    "channel": ColumnKind.TEXT,
    "procedure": ColumnKind.TEXT,
    "procedure_version": ColumnKind.NUMBER,
    "helped_at_office": ColumnKind.TEXT,
    "received_at_office": ColumnKind.TEXT,
    "decided_by_office": ColumnKind.TEXT,
    "way_of_return": ColumnKind.TEXT,
    "status": ColumnKind.NUMBER,
    "stage": ColumnKind.TEXT,
    "outcome": ColumnKind.TEXT,
    "came_in_at": ColumnKind.TIME,
    "received_at": ColumnKind.TIME,
    "first_promised_at": ColumnKind.TIME,
    "promised_at": ColumnKind.TIME,
    "finished_at": ColumnKind.TIME,
    "returned_at": ColumnKind.TIME,
    "erased": ColumnKind.FLAG,
}
"""The columns of a dossier, after its last exported event."""

EVENT_COLUMNS: Mapping[str, ColumnKind] = {
    "concept:name": ColumnKind.TEXT,
    "concept:instance": ColumnKind.TEXT,
    "lifecycle:transition": ColumnKind.TEXT,
    "time:timestamp": ColumnKind.TIME,
    "org:resource": ColumnKind.TEXT,
    "org:role": ColumnKind.TEXT,
    "org:group": ColumnKind.TEXT,
    "recorded_at": ColumnKind.TIME,
    "late": ColumnKind.FLAG,
    "corrected_by": ColumnKind.TEXT,
    "step": ColumnKind.TEXT,
    "version": ColumnKind.NUMBER,
    "position": ColumnKind.NUMBER,
    "told_by": ColumnKind.TEXT,
    "source": ColumnKind.TEXT,
    "event_id": ColumnKind.TEXT,
    "details": ColumnKind.TEXT,
    "sealed": ColumnKind.TEXT,
    "opened": ColumnKind.TEXT,
}
"""The columns of an event."""

CASE = "case:"
"""The prefix of a dossier's columns in a table of events."""

COLUMNS: Mapping[str, ColumnKind] = {
    **{CASE + name: kind for name, kind in CASE_COLUMNS.items()},
    **EVENT_COLUMNS,
}
"""The columns of a table with a row for each event."""

_COMMON_FIELDS = frozenset(field.name for field in fields(Event))


def case_values(exported: ExportedDossier, zone: tzinfo) -> RowValues:
    """Return the values of a dossier's columns; times are in `zone`."""
    dossier = exported.dossier
    ledger = dossier.ledger
    values: RowValues = {
        "concept:name": dossier.code,
        "channel": dossier.channel,
        "procedure": dossier.procedure,
        "procedure_version": dossier.procedure_version,
        "helped_at_office": dossier.offices.helped_at,
        "received_at_office": dossier.offices.received_at,
        "decided_by_office": dossier.offices.decided_by,
        "way_of_return": dossier.way_of_return.value,
        "status": dossier.progress.status,
        "stage": dossier.progress.stage,
        "outcome": dossier.outcome.value if dossier.outcome else None,
        "came_in_at": exported.came_in_at,
        "received_at": dossier.received_at,
        "first_promised_at": _due(ledger[0].promise) if ledger else None,
        "promised_at": _due(dossier.promise),
        "finished_at": dossier.finished_at,
        "returned_at": dossier.returned_at,
        "erased": dossier.personal_data_erased,
    }
    return {name: _local(value, zone) for name, value in values.items()}


def event_values(exported: ExportedDossier, zone: tzinfo) -> Iterator[RowValues]:
    """Yield the values of each event of a dossier, in stored order; times are in `zone`."""
    corrected = corrections(exported.events)
    for row, event in zip(exported.rows, exported.events, strict=True):
        own = {
            name: value
            for name, value in msgspec.to_builtins(event).items()
            if name not in _COMMON_FIELDS and value is not None
        }
        version = event.originator_version
        by, name, clerk, unit = event.by, event.step.value, event.by.id, ""
        if isinstance(event, InternalStepTaken):
            name, clerk, unit = event.name, event.clerk, event.unit
        else:
            unit = by.office or by.partner
        details = {field: value for field, value in own.items() if field not in SEALED_FIELDS}
        values: RowValues = {
            "concept:name": name,
            "concept:instance": f"{event.code}/{version}",
            "lifecycle:transition": "complete",
            "time:timestamp": event.occurred_at,
            "org:resource": clerk,
            "org:role": by.role.value,
            "org:group": unit or None,
            "recorded_at": event.recorded_at,
            "late": came_late(event),
            "corrected_by": " ".join(map(str, corrected.get(version, []))) or None,
            "step": event.step.value,
            "version": version,
            "position": row.position,
            "told_by": by.id,
            "source": event.source,
            "event_id": event.event_id,
            "details": _json(details),
            "sealed": " ".join(field for field in own if field in SEALED_FIELDS) or None,
            "opened": _json(exported.texts.get(version, {})) if exported.texts else None,
        }
        yield {column: _local(value, zone) for column, value in values.items()}


def table_rows(exported: ExportedDossier, zone: tzinfo) -> Iterator[RowValues]:
    """Yield the values of `COLUMNS` for each event of a dossier."""
    case = {CASE + name: value for name, value in case_values(exported, zone).items()}
    for event in event_values(exported, zone):
        yield {**case, **event}


def as_text(value: Value) -> str:
    """Return a value as text: times as ISO 8601 with offset, flags as `true` or `false`."""
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _due(promise: Promise | None) -> datetime | None:
    return promise.due_at if promise else None


def _local(value: Value, zone: tzinfo) -> Value:
    return value.astimezone(zone) if isinstance(value, datetime) else value


def _json(value: Mapping[str, object]) -> str | None:
    return msgspec.json.encode(value).decode() if value else None
