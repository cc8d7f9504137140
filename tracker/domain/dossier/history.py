"""A dossier's events cut along two axes: what had happened, and what we knew."""

from collections.abc import Iterable
from datetime import datetime

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.values import CLOCK_SKEW, Correctable


def came_late(event: Event) -> bool:
    """Return whether we heard of an event later than clocks differ."""
    return event.recorded_at - event.occurred_at > CLOCK_SKEW


def out_of_order(events: Iterable[Event]) -> frozenset[int]:
    """Return the versions of what we heard of only after something that happened later.

    Corrections, which tell of what we had heard already, have no part in it.
    """
    found: set[int] = set()
    latest: datetime | None = None
    for event in events:
        if isinstance(event, Corrected):
            continue
        if latest is not None and event.occurred_at < latest:
            found.add(event.originator_version)
        latest = max(event.occurred_at, latest or event.occurred_at)
    return frozenset(found)


def turning_points(events: Iterable[Event], now: datetime) -> list[datetime]:
    """Return every moment at which a dossier came to look different, in order, and now.

    Something happened, as it was told or by a correction, or we heard of it.
    """
    every = list(events)
    told = {moment for event in every for moment in (event.occurred_at, event.recorded_at)}
    return sorted({now, *told, *occurred_at(every).values()})


def corrections(events: Iterable[Event]) -> dict[int, list[int]]:
    """Return by version the versions of the events that correct it."""
    found: dict[int, list[int]] = {}
    for event in events:
        if isinstance(event, Corrected):
            found.setdefault(event.corrects, []).append(event.originator_version)
    return found


def occurred_at(events: Iterable[Event]) -> dict[int, datetime]:
    """Return by version when each event happened, corrections of the time taken into account.

    A correction tells what was so since the event it corrects: it counts from then.
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
    """Keep what had happened by `as_of`, as far as it was known at `known_at`, in stored order.

    Both ends count as reached at their very instant; `None` does not cut.
    """
    known = [event for event in events if known_at is None or event.recorded_at <= known_at]
    if as_of is None:
        return known
    times = occurred_at(known)
    return [event for event in known if times[event.originator_version] <= as_of]
