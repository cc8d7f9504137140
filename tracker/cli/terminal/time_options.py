"""Read and print times in the form that operators use."""

from datetime import date, datetime, time, tzinfo

from tracker.cli.terminal.errors import UsageError


def start(option: str, text: str | None, zone: tzinfo) -> datetime | None:
    """Return the time in `text`; a date without a time means the start of that day.

    Raise `UsageError`.
    """
    return _read(option, text, zone, time.min)


def past_end(option: str, text: str | None, zone: tzinfo, now: datetime) -> datetime | None:
    """Return the time in `text`; a date without a time means the end of that day.

    For today, return `now`. Raise `UsageError`, also for a time in the future.
    """
    moment = _read(option, text, zone, time.max)
    if moment is None or moment <= now:
        return moment
    if text and _is_date(text) and moment.date() == now.astimezone(zone).date():
        return now
    message = f"{option} {text} lies in the future. Give a time in the past."
    raise UsageError(message)


def _read(option: str, text: str | None, zone: tzinfo, time_of_day: time) -> datetime | None:
    """Return an ISO 8601 time; the default zone is the service's. Raise `UsageError`."""
    if text is None:
        return None
    try:
        if _is_date(text):
            return datetime.combine(date.fromisoformat(text), time_of_day, zone)
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = (
            f"{option} {text!r} is not a time. Write 2026-11-22 or 2026-11-22T09:10,"
            " with a zone such as +07:00 if it is not the service's."
        )
        raise UsageError(message) from None
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment


def _is_date(text: str) -> bool:
    return len(text) == len("2026-11-22")


def shown(moment: datetime | None, zone: tzinfo) -> str:
    """Return the time in this zone as text, to the second; empty for `None`."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if moment else ""
