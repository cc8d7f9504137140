"""`tracker history`: every event of one dossier, when it happened and when it was recorded."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime, tzinfo
from typing import Annotated, Any

import msgspec
import orjson
import typer

from tracker.application.queries.dossier_reader import SEALED_FIELDS, Moment
from tracker.bootstrap import wall_clock
from tracker.cli.figures import Format
from tracker.cli.terminal.console import note, say, show_table
from tracker.cli.terminal.context import me, opened
from tracker.cli.terminal.time_options import past_end, shown
from tracker.domain.dossier.actors import Role
from tracker.domain.dossier.codes import tidied
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.history import came_late, corrections, occurred_at, out_of_order

_COMMON_FIELDS = frozenset(field.name for field in fields(Event))


def history(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Such as H26.05-261122-0042.")],
    *,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what had happened by then.")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what was known by then.")
    ] = None,
    reads: Annotated[
        bool, typer.Option("--reads", help="Also list which staff read it, and why.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="The output format.")] = Format.TABLE,
) -> None:
    """List every event of one dossier.

    Each line shows who acted and where, when it happened and when it was recorded. Events that
    came late, out of order, or were corrected are marked. Sealed texts stay sealed. This access is
    recorded, like every access to a dossier.
    """
    now = wall_clock()
    with opened(now=lambda: now) as container:
        zone = container.service.calendar.zone
        moment = Moment(
            past_end("--as-of", as_of, zone, now), past_end("--known-at", known_at, zone, now)
        )
        accesses = container.reader.readers(me(Role.AUDITOR), tidied(code)) if reads else []
        events = container.reader.history(me(Role.AUDITOR), tidied(code), moment)
    lines = _lines(events, zone)
    if form is Format.JSON:
        answer = {
            "code": events[0].code if events else tidied(code),
            "as_of": _iso(moment.as_of, zone),
            "known_at": _iso(moment.known_at, zone),
            "events": lines,
        }
        if reads:
            answer["reads"] = [
                asdict(access) | {"read_at": _iso(access.read_at, zone)} for access in accesses
            ]
        say(orjson.dumps(answer).decode())
        return
    show_table(
        ["version", "step", "occurred at", "recorded at", "who", "office", "notes"],
        [_cells(event, line, zone) for event, line in zip(events, lines, strict=True)],
    )
    if not events:
        note("No event of this dossier had happened, or was known, by then.")
    if reads:
        show_table(
            ["read at", "what", "who", "office", "reason"],
            [
                [
                    shown(access.read_at, zone),
                    access.what,
                    f"{access.role} {access.actor}",
                    access.office,
                    access.reason,
                ]
                for access in accesses
            ],
            title="\nWho read it",
        )


def _lines(events: Sequence[Event], zone: tzinfo) -> list[dict[str, Any]]:
    misplaced, corrected_by = out_of_order(events), corrections(events)
    counts_from = occurred_at(events)
    return [
        _line(event, zone)
        | {
            "out_of_order": event.originator_version in misplaced,
            "corrected_by": corrected_by.get(event.originator_version, []),
            "counts_from": _iso(counts_from[event.originator_version], zone),
        }
        for event in events
    ]


def _line(event: Event, zone: tzinfo) -> dict[str, Any]:
    own = {
        name: value
        for name, value in msgspec.to_builtins(event).items()
        if name not in _COMMON_FIELDS and value is not None
    }
    return {
        "version": event.originator_version,
        "step": event.step.value,
        "occurred_at": _iso(event.occurred_at, zone),
        "recorded_at": _iso(event.recorded_at, zone),
        "late": came_late(event),
        "by": asdict(event.by),
        "event_id": event.event_id,
        "details": {name: value for name, value in own.items() if name not in SEALED_FIELDS},
        "sealed": [name for name in own if name in SEALED_FIELDS],
    }


def _cells(event: Event, line: dict[str, Any], zone: tzinfo) -> list[str]:
    notes = []
    if line["late"]:
        notes.append(f"LATE by {str(event.recorded_at - event.occurred_at).split('.')[0]}")
    if line["out_of_order"]:
        notes.append("OUT OF ORDER")
    notes += [f"CORRECTED by {version}" for version in line["corrected_by"]]
    if line["counts_from"] != line["occurred_at"]:
        notes.append(f"counts from {shown(datetime.fromisoformat(line['counts_from']), zone)}")
    notes += [f"{name}: {_short(value)}" for name, value in line["details"].items() if value]
    notes += [f"{name}: (sealed)" for name in line["sealed"]]
    return [
        str(event.originator_version),
        event.step.value,
        shown(event.occurred_at, zone),
        shown(event.recorded_at, zone),
        f"{event.by.role} {event.by.id}",
        event.by.office or event.by.partner or "-",
        "; ".join(notes),
    ]


def _short(value: object) -> str:
    match value:
        case dict():
            return ", ".join(f"{name} {_short(item)}" for name, item in value.items() if item)
        case list() | tuple():
            return str(len(value))
        case _:
            return str(value)


def _iso(moment: datetime | None, zone: tzinfo) -> str | None:
    return moment.astimezone(zone).isoformat() if moment else None
