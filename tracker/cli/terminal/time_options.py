"""Times as an operator writes them."""

from datetime import date, datetime, time, tzinfo

from tracker.cli.terminal.errors import UsageError


def start(option: str, text: str | None, zone: tzinfo) -> datetime | None:
    """Read a time at which something starts; a bare date means the beginning of that day."""
    return _read(option, text, zone, time.min)


def past_end(option: str, text: str | None, zone: tzinfo, now: datetime) -> datetime | None:
    """Read a time by which something ended; a bare date means the end of that day, or now.

    Raise `UsageError` for a time in the future.
    """
    moment = _read(option, text, zone, time.max)
    if moment is None or moment <= now:
        return moment
    if text and _is_bare(text) and moment.date() == now.astimezone(zone).date():
        return now
    message = f"{option} {text} lies in the future."
    raise UsageError(message)


def _read(option: str, text: str | None, zone: tzinfo, of_a_day: time) -> datetime | None:
    """Read ISO 8601; without a zone it is the service's. Raise `UsageError`."""
    if text is None:
        return None
    try:
        if _is_bare(text):
            return datetime.combine(date.fromisoformat(text), of_a_day, zone)
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = (
            f"{option} {text!r} is no time. Write 2026-11-22 or 2026-11-22T09:10,"
            " with a zone such as +07:00 where it is not the service's own."
        )
        raise UsageError(message) from None
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment


def _is_bare(text: str) -> bool:
    return len(text) == len("2026-11-22")


def shown(moment: datetime | None, zone: tzinfo) -> str:
    """Write a time as people in the service read it, to the second."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if moment else ""
