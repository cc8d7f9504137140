"""Fills an event store on PostgreSQL with an archive of finished dossiers, fast.

Every dossier is the life of a demo dossier with a code, an id, days and sender's ids of its own.
Events stand in the order in which the service would have heard of them, thousands of dossiers being
under way at a time. Keys are real, so that a life may go on; what is sealed in a demo dossier's
events stays as it was there, and no key of the archive's opens it. The same seed gives the same
archive, but for what is sealed and the keys.

The archive ends months before a demo begins, so that it may be added to one: its positions follow
on what is there. The tables must have been made, by `tracker migrate`, the database's user be a
superuser, and nobody else write meanwhile.
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
"""How many demo dossiers are lived; about two in three come to their end and serve as patterns."""

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
    told: Callable[[str], None] = lambda _: None,
) -> int:
    """Add so many dossiers to the store and give how many events they have.

    The last event of them lies before the Monday `ends_on`. Two archives in one store must share
    neither a day nor a number, else codes or requests' ids would be the same: let the next end
    where `begins_on` says, and count from the `first` number still free.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        there = head(connection)
        told(f"{lives} demo dossiers live their lives.")
        known = patterns(lives, seed)
        # The guards look for the predecessor of every row. Here versions follow each other as they
        # are made, and nobody else writes: for this session the guards stand aside.
        connection.execute("SET session_replication_role = replica")
        began, done = time.perf_counter(), 0
        chance, vault = random.Random(seed), AesVault(master_key)
        numbers = range(first, first + dossiers)
        days = _days(known, begins_on(dossiers, ends_on), numbers, chance, vault)
        with ThreadPoolExecutor(1) as writer:  # the next day is made while PostgreSQL writes this
            written = writer.submit(_write, connection, (), ())
            for rows, keys in days:
                numbered = list(enumerate(rows, there + done + 1))
                done += len(rows)
                written.result()
                told(f"{done:,} events, {done / (time.perf_counter() - began):,.0f} a second")
                written = writer.submit(_write, connection, numbered, keys)
            written.result()
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('stored_events', 'notification_id'),"
            " max(notification_id)) FROM stored_events"
        )
        connection.execute("ANALYZE stored_events, requests, dossier_keys")
        return done


def begins_on(dossiers: int, ends_on: date = ENDS_ON) -> date:
    """Give the Monday on which an archive of so many dossiers begins."""
    return ends_on - timedelta(weeks=_weeks(dossiers))


def _weeks(dossiers: int) -> int:
    return -(-dossiers // _A_WEEK) + LONGEST_WEEKS


def head(connection: psycopg.Connection) -> int:
    """Give the position of the last event in the store; 0 where there is none."""
    found = connection.execute("SELECT max(notification_id) FROM stored_events").fetchone()
    return (found and found[0]) or 0


def _days(
    known: Sequence[Pattern],
    monday: date,
    numbers: range,
    chance: random.Random,
    vault: AesVault,
) -> Iterator[tuple[list[_Row], list[bytes]]]:
    """Give what is heard of on each day, in order, and the keys of those who came in that week."""
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
    """Fill the store that Tracker's own settings name."""
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
        told=lambda line: print(line, flush=True),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
