"""Recorded times never go back, although the server's clock may."""

from datetime import datetime, timedelta

import structlog

from tracker.adapters.sql.event_store.store_scan import SqlStoreScan
from tracker.adapters.sql.service_tables.installation_facts import SqlFacts
from tracker.application.commands.steady_clock import TOLERATED
from tracker.domain.errors import CannotStartError

_CLOCK_ACCEPTED = "clock accepted after position"
_MOST_AHEAD = timedelta(days=1)
_RUNBOOK = "ops/README.md"

_log = structlog.get_logger("tracker.start")


def newest_recorded_at(scan: SqlStoreScan, facts: SqlFacts) -> datetime | None:
    """Return the time before which nothing may be recorded any more, if there is one."""
    return scan.newest_recorded_at(after=int(facts.get(_CLOCK_ACCEPTED) or 0))


def check_clock(scan: SqlStoreScan, facts: SqlFacts, now: datetime) -> None:
    """Compare this machine's clock with the newest event.

    A small difference is logged. After a large one, events would get a wrong time for long.
    """
    newest = newest_recorded_at(scan, facts)
    ahead = newest - now if newest else timedelta()
    if ahead > _MOST_AHEAD:
        message = (
            f"The newest event was recorded at {newest:%Y-%m-%d %H:%M} UTC, which is {ahead.days}"
            " days after this machine's clock. Set the clock right; if it is right, see 'The clock'"
            f" in {_RUNBOOK}."
        )
        raise CannotStartError(message)
    if ahead > TOLERATED:
        warn_of_clock(ahead)


def warn_of_clock(behind: timedelta) -> None:
    """Log that the newest recorded time is used instead of this machine's clock."""
    _log.warning(
        "the clock is behind the newest event; recorded times wait for it",
        behind_s=round(behind.total_seconds(), 1),
    )


def accept_clock(scan: SqlStoreScan, facts: SqlFacts) -> None:
    """Record that the times of the events stored so far are ahead, and that the clock is right."""
    facts.replace(_CLOCK_ACCEPTED, str(scan.head()))
