"""OCEL 2.0 as JSON: events with every object that they relate to, not only the dossier.

JSON is the only OCEL format that can be written as a stream with the same bytes for the same
events: the bytes of SQLite depend on its library, and XML needs all objects before the first event.
A temporary file holds the objects until the last event is written.
"""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, BinaryIO

import msgspec

from tracker.adapters.exports.columns import (
    CASE_COLUMNS,
    EVENT_COLUMNS,
    ColumnKind,
    RowValues,
    as_text,
    case_values,
    event_values,
)
from tracker.adapters.exports.sinks import Sink
from tracker.application.queries.export import ExportedDossier
from tracker.domain.dossier.actors import citizen_of
from tracker.domain.dossier.events.delivery import CarrierScanned, CarrierScannedV1, HandedToCarrier

_TYPES = {
    ColumnKind.TEXT: "string",
    ColumnKind.NUMBER: "integer",
    ColumnKind.FLAG: "boolean",
    ColumnKind.TIME: "time",
}
_OFFICES = {
    "helped_at": "helped_at_office",
    "received_at": "received_at_office",
    "decided_by": "decided_by_office",
}
_NO_TIME = "1970-01-01T00:00:00Z"
"""The time of an object's attribute that never changes in the log."""

_encode = msgspec.json.Encoder().encode


class OcelFile:
    """Writes events, and the objects dossier, office, resource and parcel.

    Memory grows only with the number of offices, of staff and of step names.
    """

    def __init__(self, file: Sink, zone: tzinfo, aside: BinaryIO) -> None:
        """Write to `file` with times in `zone`; `aside` is an empty file for the objects."""
        self._file = file
        self._zone = zone
        self._objects = aside
        self._known: set[str] = set()
        self._activities: set[str] = set()
        self._separator = b""
        self._file.write(b'{"events":[')

    def add(self, exported: ExportedDossier) -> None:
        """Write the events of a dossier, and keep its objects for the end."""
        dossier = f"dossier:{exported.dossier.code}"
        own, shared = self._objects_of(exported, dossier)
        for event, values in zip(exported.events, event_values(exported, self._zone), strict=True):
            touched = {"dossier": dossier, "resource": f"resource:{values['org:resource']}"}
            objects = own if event.by == citizen_of(exported.dossier.id) else shared
            objects[touched["resource"]] = _object(touched["resource"])
            if event.by.office:
                touched["office"] = f"office:{event.by.office}"
                shared[touched["office"]] = _object(touched["office"])
            if isinstance(event, HandedToCarrier | CarrierScanned | CarrierScannedV1):
                parcel = touched["parcel"] = f"parcel:{event.code}/{event.number}"
                if parcel not in own:
                    own[parcel] = _object(parcel)
                    own[dossier]["relationships"].append(_relation("parcel", parcel))
            self._activities.add(str(values["concept:name"]))
            self._write(
                {
                    "id": values["concept:instance"],
                    "type": values["concept:name"],
                    "time": as_text(values["time:timestamp"]),
                    "attributes": _attributes(values, EVENT_COLUMNS),
                    "relationships": [
                        _relation(qualifier, name) for qualifier, name in touched.items()
                    ],
                }
            )
        new = {name: value for name, value in shared.items() if name not in self._known}
        self._known |= new.keys()
        for value in (*own.values(), *new.values()):
            self._objects.write(_encode(value) + b"\n")

    def finish(self) -> None:
        """Write the objects after the events, and then the types of both."""
        self._file.write(b'\n],\n"objects":[')
        self._separator = b""
        self._objects.seek(0)
        for line in self._objects:
            self._file.write(self._separator + b"\n" + line.rstrip(b"\n"))
            self._separator = b","
        event_types = [_type(name, EVENT_COLUMNS) for name in sorted(self._activities)]
        object_types = [_type("dossier", CASE_COLUMNS)]
        object_types += [_type(name, {}) for name in ("office", "parcel", "resource")]
        self._file.write(b'\n],\n"eventTypes":' + _encode(event_types))
        self._file.write(b',\n"objectTypes":' + _encode(object_types) + b"}\n")

    def _objects_of(
        self, exported: ExportedDossier, name: str
    ) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
        """Return the dossier as an object, and its offices, which other dossiers share."""
        case = case_values(exported, self._zone)
        offices = {
            qualifier: f"office:{case[column]}"
            for qualifier, column in _OFFICES.items()
            if case[column]
        }
        dossier = _object(name)
        dossier["attributes"] = [
            attribute | {"time": _NO_TIME} for attribute in _attributes(case, CASE_COLUMNS)
        ]
        dossier["relationships"] = [
            _relation(qualifier, office) for qualifier, office in offices.items()
        ]
        return {name: dossier}, {office: _object(office) for office in offices.values()}

    def _write(self, event: dict[str, Any]) -> None:
        self._file.write(self._separator + b"\n" + _encode(event))
        self._separator = b","


def _object(name: str) -> dict[str, Any]:
    return {"id": name, "type": name.partition(":")[0], "attributes": [], "relationships": []}


def _relation(qualifier: str, to: str) -> dict[str, str]:
    return {"objectId": to, "qualifier": qualifier}


def _attributes(values: RowValues, columns: Mapping[str, ColumnKind]) -> list[dict[str, Any]]:
    return [
        {"name": name, "value": as_text(values[name]) if kind is ColumnKind.TIME else values[name]}
        for name, kind in columns.items()
        if values[name] is not None
    ]


def _type(name: str, columns: Mapping[str, ColumnKind]) -> dict[str, Any]:
    attributes = [{"name": column, "type": _TYPES[kind]} for column, kind in columns.items()]
    return {"name": name, "attributes": attributes}
