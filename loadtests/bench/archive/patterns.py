"""Patterns of dossiers' lives. Filling in a pattern makes another dossier.

The lives are those of demo dossiers, created by the service itself. The pattern of an event is its
row in PostgreSQL's binary COPY format, with `%(name)b` where dossiers differ.
"""

import base64
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from struct import Struct
from uuid import UUID

from pydantic import SecretStr

from tracker.bootstrap import open_container
from tracker.demo.filling import SPAN, DemoClock, fill
from tracker.domain.dossier.codes import DossierCode
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Stage
from tracker.serialization import decode, encode
from tracker.settings import Settings

LONGEST_WEEKS = 14
"""No life is longer, counted from the Monday of the week in which the dossier was received."""

_LIVED_UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
_DAY = re.compile(rb'"(\d{4}-\d\d-\d\d)T')
_LENGTH = Struct("!i").pack
_NUMBER = Struct("!iq").pack
_NUMBER_BYTES = 8
_COLUMNS = Struct("!h").pack


@dataclass(frozen=True)
class Line:
    """One event of a life.

    `day` counts from the Monday before the life began; `time` is the time of day. `event` is the
    row of `stored_events` without its position, which comes first. `request` is the row of
    `requests` without its position, which comes last; only the event that answers the request has
    one.
    """

    day: int
    time: str
    event: bytes
    request: bytes | None


@dataclass(frozen=True)
class Pattern:
    """One life. `days` are all days that it names; `day` is the one in the dossier's code."""

    agency: str
    day: int
    days: Sequence[int]
    lines: Sequence[Line]

    def filled_in(
        self, code: str, dossier: UUID, number: int, monday: date
    ) -> Mapping[bytes, bytes]:
        """Return the values of the dossier with this number, received in this week."""
        return {
            b"code": code.encode(),
            b"id": str(dossier).encode(),
            b"bytes": dossier.bytes,
            b"number": b"archive-%09d" % number,
            b"digest": dossier.bytes * 2,
            **{b"%d" % day: _written(monday, day) for day in self.days},
        }


def copied_event(position: int, line: bytes) -> bytes:
    """Return the row of `stored_events` for a filled-in line."""
    return _COLUMNS(5) + _NUMBER(_NUMBER_BYTES, position) + line


def copied_request(position: int, line: bytes) -> bytes:
    """Return the row of `requests` for a filled-in line."""
    return line + _NUMBER(_NUMBER_BYTES, position)


def patterns(lives: int, seed: int) -> list[Pattern]:
    """Create demo dossiers and return the patterns of those whose result was returned."""
    with tempfile.TemporaryDirectory() as made:
        settings = Settings(
            data_dir=Path(made),
            store_url="",
            views_url="",
            kafka_servers="",
            master_key=SecretStr(base64.b64encode(bytes(32)).decode()),
        )
        clock = DemoClock(_LIVED_UNTIL - SPAN)
        with open_container(settings, clock) as it:
            fill(it.tracker, it.service, clock, until=_LIVED_UNTIL, dossiers=lives, seed=seed)
            stored = it.tracker.store.select_notifications(1, it.store_feed.head())
    histories: dict[UUID, list[Event]] = defaultdict(list)
    for one in stored:
        event = decode(one.topic, one.state)
        histories[event.originator_id].append(event)
    return [_pattern(one) for one in histories.values() if _came_to_its_end(one)]


def _came_to_its_end(events: Sequence[Event]) -> bool:
    dossier = Dossier.replay(None, events)
    return dossier is not None and dossier.progress.stage is Stage.RETURNED


def _pattern(events: Sequence[Event]) -> Pattern:
    first = events[0]
    monday = first.recorded_at.date() - timedelta(days=first.recorded_at.weekday())
    code = DossierCode.parse(first.code)
    # One request may lead to two events; its answer names the last.
    told_of = {(event.source, event.event_id): event for event in events}.values()
    days: set[int] = set()
    lines = []
    for event in events:
        state = _DAY.sub(
            lambda found: _own_day(found[1], monday, days), encode(event).replace(b"%", b"%%")
        )
        for own, name in (
            (event.code, b"%(code)b"),
            (str(event.originator_id), b"%(id)b"),
            (event.event_id, _event_id(event)),
        ):
            state = state.replace(own.encode(), name)
        lines.append((event, state))
    sample = Pattern(code.agency, 0, sorted(days), ()).filled_in(
        first.code, first.originator_id, 0, monday
    )
    return Pattern(
        agency=code.agency,
        day=(code.day - monday).days,
        days=sorted(days),
        lines=[
            Line(
                day=(event.recorded_at.date() - monday).days,
                time=event.recorded_at.time().isoformat("microseconds"),
                event=_event_row(event, state, sample),
                request=_request_row(event, sample) if event in told_of else None,
            )
            for event, state in lines
        ],
    )


def _own_day(written: bytes, monday: date, days: set[int]) -> bytes:
    day = (date.fromisoformat(written.decode()) - monday).days
    days.add(day)
    return b'"%%(%d)bT' % day


def _event_id(event: Event) -> bytes:
    return b"%(number)b-" + event.event_id.rpartition("-")[2].encode()


def _event_row(event: Event, state: bytes, sample: Mapping[bytes, bytes]) -> bytes:
    version = _NUMBER(_NUMBER_BYTES, event.originator_version)
    topic = _field(event.TOPIC.encode(), sample)
    return _field(b"%(bytes)b", sample) + _still(version) + topic + _field(state, sample)


def _request_row(event: Event, sample: Mapping[bytes, bytes]) -> bytes:
    fields: Iterable[bytes] = (
        _still(event.source.encode()),
        _event_id(event),
        b"%(digest)b",
        b"%(code)b",
    )
    version = _NUMBER(_NUMBER_BYTES, event.originator_version)
    return b"".join(
        [_still(_COLUMNS(6)), *(_field(one, sample) for one in fields), _still(version)]
    )


def _field(pattern: bytes, sample: Mapping[bytes, bytes]) -> bytes:
    """Write a field with its length, which does not depend on the value filled in."""
    return _still(_LENGTH(len(pattern % sample))) + pattern


def _still(written: bytes) -> bytes:
    return written.replace(b"%", b"%%")


@cache
def _written(monday: date, day: int) -> bytes:
    return (monday + timedelta(days=day)).isoformat().encode()
