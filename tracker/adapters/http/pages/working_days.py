"""Counts the working days to a promised date."""

from datetime import datetime

from tracker.domain.deadlines.calendar import CalendarHorizonError, WorkCalendar


def working_days_left(calendar: WorkCalendar, now: datetime, due_at: datetime) -> int | None:
    """Return the number of working days until a date; negative for a past date.

    0 is the same day, or a day off right after it. Return `None` if the calendar does not cover it.
    """
    today, due_on = (moment.astimezone(calendar.zone).date() for moment in (now, due_at))
    try:
        if due_on >= today:
            return calendar.working_days_between(today, due_on)
        return -calendar.working_days_between(due_on, today)
    except CalendarHorizonError:
        return None
