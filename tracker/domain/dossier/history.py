"""Select a dossier's events on two time axes: when they occurred and when they were recorded."""

from collections.abc import Iterable
from datetime import datetime

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.values import CLOCK_SKEW, Correctable


def came_late(event: Event) -> bool:
    """Return whether an event was recorded later than differing clocks can explain."""
    return event.recorded_at - event.occurred_at > CLOCK_SKEW


def out_of_order(events: Iterable[Event]) -> frozenset[int]:
    """Return the versions of events recorded after an event that occurred later.

    Corrections are ignored, because they describe events recorded before.
    """
    versions: set[int] = set()
    latest: datetime | None = None
    for event in events:
        if isinstance(event, Corrected):
            continue
        if latest is not None and event.occurred_at < latest:
            versions.add(event.originator_version)
        latest = max(event.occurred_at, latest or event.occurred_at)
    return frozenset(versions)


def turning_points(events: Iterable[Event], now: datetime) -> list[datetime]:
    """Return every moment at which the dossier's known state changed, and now, in order.

    Such a moment is when an event occurred, as first recorded or as corrected, or was recorded.
    """
    history = list(events)
    recorded = {moment for event in history for moment in (event.occurred_at, event.recorded_at)}
    return sorted({now, *recorded, *occurred_at(history).values()})


def corrections(events: Iterable[Event]) -> dict[int, list[int]]:
    """Return for each corrected version the versions of the events that correct it."""
    by_version: dict[int, list[int]] = {}
    for event in events:
        if isinstance(event, Corrected):
            by_version.setdefault(event.corrects, []).append(event.originator_version)
    return by_version


def occurred_at(events: Iterable[Event]) -> dict[int, datetime]:
    """Return when each version occurred, with corrections of the time applied.

    A correction takes effect at the time of the event that it corrects.
    """
    times: dict[int, datetime] = {}
    corrected: dict[int, int] = {}
    for event in events:
        times[event.originator_version] = event.occurred_at
        if isinstance(event, Corrected):
            corrected[event.originator_version] = event.corrects
            if event.what is Correctable.OCCURRED_AT:
                times[event.corrects] = datetime.fromisoformat(event.value)
    for version, corrects in corrected.items():
        times[version] = times.get(corrects, times[version])
    return times


def cut(
    events: Iterable[Event], *, as_of: datetime | None = None, known_at: datetime | None = None
) -> list[Event]:
    """Return the events that had occurred by `as_of`, as known at `known_at`, in stored order.

    Both limits are inclusive; `None` means no limit.
    """
    known = [event for event in events if known_at is None or event.recorded_at <= known_at]
    if as_of is None:
        return known
    times = occurred_at(known)
    return [event for event in known if times[event.originator_version] <= as_of]
