"""Check the server's clock against the newest event: recorded times never go back."""

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
    """Return the earliest time that a new event may get, or `None` if there is no event."""
    return scan.newest_recorded_at(after=int(facts.get(_CLOCK_ACCEPTED) or 0))


def check_clock(scan: SqlStoreScan, facts: SqlFacts, now: datetime) -> None:
    """Compare this machine's clock with the newest event.

    Log a small difference. Raise `CannotStartError` for a large one: events would get wrong times
    for a long while.
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
    """Record that the clock is right although the stored events have later times."""
    facts.replace(_CLOCK_ACCEPTED, str(scan.head()))
