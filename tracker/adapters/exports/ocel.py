"""OCEL 2.0 as JSON: events with every object they touch, not only the dossier.

Of the three forms of OCEL this is the one that can be written as a stream, the same bytes for the
same events: a database's bytes are its library's affair, and the XML form wants all objects before
the first event. The objects wait in a file of their own until the last event is written.
"""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, BinaryIO

import msgspec

from tracker.adapters.exports.columns import (
    OF_A_CASE,
    OF_AN_EVENT,
    ColumnKind,
    Told,
    case_of,
    events_of,
    written,
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
_OF_NO_TIME = "1970-01-01T00:00:00Z"
"""The time of an object's attribute that does not change within the log."""

_encode = msgspec.json.Encoder().encode


class OcelFile:
    """Writes events and the objects dossier, office, resource and parcel.

    Memory grows with the number of offices, of people at work and of names of steps only.
    """

    def __init__(self, file: Sink, zone: tzinfo, aside: BinaryIO) -> None:
        """Write to this file, times in this zone; `aside` is an empty one to put objects in."""
        self._file = file
        self._zone = zone
        self._objects = aside
        self._known: set[str] = set()
        self._activities: set[str] = set()
        self._separator = b""
        self._file.write(b'{"events":[')

    def add(self, taken: ExportedDossier) -> None:
        """Write the events of a dossier, and put its objects aside."""
        dossier = f"dossier:{taken.dossier.code}"
        its_own, shared = self._objects_of(taken, dossier)
        for event, told in zip(taken.events, events_of(taken, self._zone), strict=True):
            touched = {"dossier": dossier, "resource": f"resource:{told['org:resource']}"}
            ours = its_own if event.by == citizen_of(taken.dossier.id) else shared
            ours[touched["resource"]] = _object(touched["resource"])
            if event.by.office:
                touched["office"] = f"office:{event.by.office}"
                shared[touched["office"]] = _object(touched["office"])
            if isinstance(event, HandedToCarrier | CarrierScanned | CarrierScannedV1):
                parcel = touched["parcel"] = f"parcel:{event.code}/{event.number}"
                if parcel not in its_own:
                    its_own[parcel] = _object(parcel)
                    its_own[dossier]["relationships"].append(_relation("parcel", parcel))
            self._activities.add(str(told["concept:name"]))
            self._write(
                {
                    "id": told["concept:instance"],
                    "type": told["concept:name"],
                    "time": written(told["time:timestamp"]),
                    "attributes": _attributes(told, OF_AN_EVENT),
                    "relationships": [_relation(*one) for one in touched.items()],
                }
            )
        new = {name: one for name, one in shared.items() if name not in self._known}
        self._known |= new.keys()
        for one in (*its_own.values(), *new.values()):
            self._objects.write(_encode(one) + b"\n")

    def finish(self) -> None:
        """Write the objects behind the events, and at the end the types of both."""
        self._file.write(b'\n],\n"objects":[')
        self._separator = b""
        self._objects.seek(0)
        for line in self._objects:
            self._file.write(self._separator + b"\n" + line.rstrip(b"\n"))
            self._separator = b","
        of_events = [_type(name, OF_AN_EVENT) for name in sorted(self._activities)]
        of_objects = [_type("dossier", OF_A_CASE)]
        of_objects += [_type(name, {}) for name in ("office", "parcel", "resource")]
        self._file.write(b'\n],\n"eventTypes":' + _encode(of_events))
        self._file.write(b',\n"objectTypes":' + _encode(of_objects) + b"}\n")

    def _objects_of(
        self, taken: ExportedDossier, name: str
    ) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
        """Return the dossier itself, and the offices it shares with others."""
        case = case_of(taken, self._zone)
        offices = {
            qualifier: f"office:{case[column]}"
            for qualifier, column in _OFFICES.items()
            if case[column]
        }
        dossier = _object(name)
        dossier["attributes"] = [
            one | {"time": _OF_NO_TIME} for one in _attributes(case, OF_A_CASE)
        ]
        dossier["relationships"] = [_relation(*one) for one in offices.items()]
        return {name: dossier}, {one: _object(one) for one in offices.values()}

    def _write(self, event: dict[str, Any]) -> None:
        self._file.write(self._separator + b"\n" + _encode(event))
        self._separator = b","


def _object(name: str) -> dict[str, Any]:
    return {"id": name, "type": name.partition(":")[0], "attributes": [], "relationships": []}


def _relation(qualifier: str, to: str) -> dict[str, str]:
    return {"objectId": to, "qualifier": qualifier}


def _attributes(told: Told, columns: Mapping[str, ColumnKind]) -> list[dict[str, Any]]:
    return [
        {"name": name, "value": written(told[name]) if kind is ColumnKind.TIME else told[name]}
        for name, kind in columns.items()
        if told[name] is not None
    ]


def _type(name: str, columns: Mapping[str, ColumnKind]) -> dict[str, Any]:
    attributes = [{"name": one, "type": _TYPES[kind]} for one, kind in columns.items()]
    return {"name": name, "attributes": attributes}
