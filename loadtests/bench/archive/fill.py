"""Fills an event store on PostgreSQL with an archive of finished dossiers, fast.

Every dossier copies the life of a demo dossier, with its own code, id, days and event ids. The
events are in the order in which the service would have received them, with thousands of dossiers
open at a time. The keys are real, so new steps on a dossier work. The sealed texts are copies from
the demo dossier, and no key of the archive opens them. The same seed gives the same archive, except
for sealed texts and keys.

The archive ends months before a demo begins, so it can be added to a demo: its positions continue
after the existing ones. `tracker migrate` must have made the tables, the database user must be a
superuser, and no other program may write at the same time.
"""

import argparse
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from operator import itemgetter
from struct import Struct

import psycopg

from loadtests.bench.archive.patterns import (
    LONGEST_WEEKS,
    Pattern,
    copied_event,
    copied_request,
    patterns,
)
from tracker.adapters.vault.aes import AesVault
from tracker.domain.dossier.codes import DossierCode, dossier_id
from tracker.settings import Settings

LIVES = 160
"""The number of demo dossiers; about two in three finish and serve as patterns."""

_A_WEEK = 14_000
ENDS_ON = date(2026, 6, 1)
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_KEY = Struct("!hi16si").pack
_KEY_COLUMNS, _ID_BYTES = 2, 16

_Row = tuple[str, bytes, bytes | None]
"""The time of the day, the row of the event, and that of its request."""


def load(
    url: str,
    dossiers: int,
    *,
    seed: int,
    master_key: bytes,
    lives: int = LIVES,
    first: int = 0,
    ends_on: date = ENDS_ON,
    say: Callable[[str], None] = lambda _: None,
) -> int:
    """Add dossiers to the store and return the number of their events.

    Their last event is before the Monday `ends_on`. Two archives in one store must not share a day
    or a number, because codes or request ids would then repeat. End the next archive at
    `begins_on`, and count from the `first` free number.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        there = head(connection)
        say(f"{lives} demo dossiers live their lives.")
        known = patterns(lives, seed)
        # The triggers look up the predecessor of every row. Here the versions are consecutive by
        # construction and no other program writes, so this session turns the triggers off.
        connection.execute("SET session_replication_role = replica")
        began, done = time.perf_counter(), 0
        chance, vault = random.Random(seed), AesVault(master_key)
        numbers = range(first, first + dossiers)
        days = _days(known, begins_on(dossiers, ends_on), numbers, chance, vault)
        with ThreadPoolExecutor(
            1
        ) as writer:  # prepares the next day while PostgreSQL writes this one
            written = writer.submit(_write, connection, (), ())
            for rows, keys in days:
                numbered = list(enumerate(rows, there + done + 1))
                done += len(rows)
                written.result()
                say(f"{done:,} events, {done / (time.perf_counter() - began):,.0f} a second")
                written = writer.submit(_write, connection, numbered, keys)
            written.result()
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('stored_events', 'notification_id'),"
            " max(notification_id)) FROM stored_events"
        )
        connection.execute("ANALYZE stored_events, requests, dossier_keys")
        return done


def begins_on(dossiers: int, ends_on: date = ENDS_ON) -> date:
    """Return the Monday on which an archive of this size begins."""
    return ends_on - timedelta(weeks=_weeks(dossiers))


def _weeks(dossiers: int) -> int:
    return -(-dossiers // _A_WEEK) + LONGEST_WEEKS


def head(connection: psycopg.Connection) -> int:
    """Return the position of the last event in the store, or 0."""
    found = connection.execute("SELECT max(notification_id) FROM stored_events").fetchone()
    return (found and found[0]) or 0


def _days(
    known: Sequence[Pattern],
    monday: date,
    numbers: range,
    chance: random.Random,
    vault: AesVault,
) -> Iterator[tuple[list[_Row], list[bytes]]]:
    """Yield the rows of each day, in order, and the keys of the dossiers received in that week."""
    heard: dict[date, list[_Row]] = defaultdict(list)
    codes: Counter[date] = Counter()
    for week in range(_weeks(len(numbers))):
        keys = []
        for number in numbers[week * _A_WEEK : (week + 1) * _A_WEEK]:
            pattern = chance.choice(known)
            day = monday + timedelta(days=pattern.day)
            codes[day] += 1
            code = DossierCode.issue(pattern.agency, day, codes[day]).text
            dossier = dossier_id(code)
            wrapped, _ = vault.new_key(dossier)
            keys.append(_KEY(_KEY_COLUMNS, _ID_BYTES, dossier.bytes, len(wrapped)) + wrapped)
            own = pattern.filled_in(code, dossier, number, monday)
            for line in pattern.lines:
                request = line.request % own if line.request else None
                row = (line.time, line.event % own, request)
                heard[monday + timedelta(days=line.day)].append(row)
        monday += timedelta(weeks=1)
        for day in sorted(one for one in heard if one < monday):
            yield sorted(heard.pop(day), key=itemgetter(0)), keys
            keys = []


def _write(
    connection: psycopg.Connection, rows: Sequence[tuple[int, _Row]], keys: Sequence[bytes]
) -> None:
    with connection.transaction():
        _copy(
            connection,
            "stored_events (notification_id, originator_id, originator_version, topic, state)",
            [copied_event(position, event) for position, (_, event, _) in rows],
        )
        _copy(
            connection,
            "requests (source, event_id, digest, code, version, position)",
            [copied_request(position, request) for position, (_, _, request) in rows if request],
        )
        _copy(connection, "dossier_keys (dossier_id, wrapped)", keys)


def _copy(connection: psycopg.Connection, table: str, rows: Sequence[bytes]) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
        copy.write(b"".join([_COPY_HEAD, *rows, _COPY_END]))


def main() -> int:
    """Fill the store that the settings of Tracker name."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.bench.archive.fill",
        description=__doc__,
        epilog="TRACKER_STORE_URL and TRACKER_MASTER_KEY say where, as they do for the service.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--dossiers", type=int, default=1_000_000, help="with some nine events each"
    )
    parser.add_argument("--seed", type=int, default=1, help="another archive for another number")
    chosen, settings = parser.parse_args(), Settings()
    if not settings.store_url.startswith("postgresql://"):
        parser.error("TRACKER_STORE_URL must name a PostgreSQL database")
    with psycopg.connect(settings.store_url) as connection:
        if head(connection):
            parser.error("there are events in this store already")
    load(
        settings.store_url,
        chosen.dossiers,
        seed=chosen.seed,
        master_key=settings.master_key_bytes(),
        say=lambda line: print(line, flush=True),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
