"""The event store on PostgreSQL: the library's recorder, with one statement a commit.

The library finds `Factory` here by the variable `PERSISTENCE_MODULE`. The tables, and the triggers
that guard them, come from the migrations: whoever inserts holds one lock until the commit, so that
the order of positions is the order of commits and no follower ever skips an event; events cannot
be changed or deleted; a version follows its predecessor.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import unwrap
from itertools import groupby
from operator import itemgetter
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import psycopg

# The library counts the factories it finds in this module: names of its own stay in theirs.
from eventsourcing import postgres
from eventsourcing.persistence import InterfaceError, Notification, OperationalError, StoredEvent
from eventsourcing.utils import Environment, EnvType, retry, strtobool
from psycopg.rows import tuple_row

from tracker.adapters.sql.binary_arrays import (
    BigintArray,
    ByteaArray,
    TextArray,
    UuidArray,
    send_binary_arrays,
)
from tracker.adapters.sql.engine import PLAN_EACH_TIME
from tracker.adapters.sql.event_store.postgres_pool import checked_pool
from tracker.application.ports import (
    UNKNOWN_DIGEST,
    DossierRecorder,
    History,
    OutcomeUnknownError,
    Request,
    RequestKey,
)
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.errors import TrackerError

P = ParamSpec("P")
R = TypeVar("R")

_APPEND = """
WITH added AS (
    INSERT INTO stored_events (originator_id, originator_version, topic, state)
    SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::bytea[])
    RETURNING notification_id, originator_id, originator_version
), requested AS (
    INSERT INTO requests (source, event_id, digest, code, version, position)
    SELECT r.source, r.event_id, r.digest, r.code, r.version, added.notification_id
    FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::text[], %s::uuid[], %s::bigint[])
        AS r (source, event_id, digest, code, dossier_id, version)
    JOIN added ON (added.originator_id, added.originator_version) = (r.dossier_id, r.version)
), keyed AS (
    INSERT INTO dossier_keys (dossier_id, wrapped)
    SELECT * FROM unnest(%s::uuid[], %s::bytea[])
), erased AS (
    DELETE FROM dossier_keys WHERE dossier_id = ANY (%s::uuid[])
), forgotten AS (
    UPDATE requests SET digest = %s
    FROM unnest(%s::text[], %s::text[]) AS f (source, event_id)
    WHERE (requests.source, requests.event_id) = (f.source, f.event_id)
)
SELECT notification_id FROM added ORDER BY notification_id
"""
_SELECT_REQUESTS = """
SELECT source, event_id, digest, code, version, position
FROM unnest(%s::text[], %s::text[]) AS asked (source, event_id)
JOIN requests USING (source, event_id)
"""
_SELECT_HISTORIES = """
SELECT uuid_send(originator_id), topic, state FROM stored_events
WHERE originator_id = ANY (%s::uuid[]) ORDER BY originator_id, originator_version
"""
_SELECT_NOTIFICATIONS = """
SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events
WHERE notification_id >= %s AND notification_id <= %s AND (%s OR topic = ANY (%s::text[]))
ORDER BY notification_id LIMIT %s
"""
_SELECT_STATES = """
SELECT notification_id, topic, state FROM stored_events
WHERE notification_id > %s ORDER BY notification_id LIMIT %s
"""
_NO_END = 2**63 - 1
_SELECT_KEYS = "SELECT dossier_id, wrapped FROM dossier_keys WHERE dossier_id = ANY (%s::uuid[])"


_RESTORE = """
INSERT INTO stored_events (notification_id, originator_id, originator_version, topic, state)
OVERRIDING SYSTEM VALUE
SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[], %s::text[], %s::bytea[])
"""
_RESTORE_REQUESTS = """
INSERT INTO requests (source, event_id, digest, code, version, position)
SELECT DISTINCT ON (source, event_id) *
FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::text[], %s::bigint[], %s::bigint[])
    AS r (source, event_id, digest, code, version, position)
ORDER BY source, event_id, position DESC
ON CONFLICT (source, event_id) DO UPDATE
SET code = excluded.code, version = excluded.version, position = excluded.position
"""
_RESTORE_SEQUENCE = """
SELECT setval(pg_get_serial_sequence('stored_events', 'notification_id'), max(notification_id))
FROM stored_events
"""


class UnsafeFunctionsError(TrackerError):
    """POSTGRES_ENABLE_DB_FUNCTIONS takes no lock: a follower could skip an event. Unset it."""


def _twice(method: Callable[P, R]) -> Callable[P, R]:
    """Let the library's method be tried twice, for a connection may be stale, and not ten times."""
    tried: Callable[P, R] = retry((InterfaceError, OperationalError), max_attempts=2)(
        unwrap(method)
    )
    return tried


class PostgresDossierRecorder(postgres.PostgresApplicationRecorder, DossierRecorder):
    """Stores events with their requests and keys in one statement, which is one transaction."""

    def __init__(
        self,
        datastore: postgres.PostgresDatastore,
        *,
        events_table_name: str = "",  # noqa: ARG002  the library's name for it is not ours
    ) -> None:
        """Use the datastore's connections."""
        super().__init__(datastore, events_table_name="stored_events")

    select_events = _twice(postgres.PostgresApplicationRecorder.select_events)
    max_notification_id = _twice(postgres.PostgresApplicationRecorder.max_notification_id)

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        requests: Sequence[Request] = (),
        new_keys: Mapping[UUID, bytes] | None = None,
        erased_keys: Sequence[UUID] = (),
        forgotten: Sequence[RequestKey] = (),
        **kwargs: Any,  # noqa: ANN401, ARG002  the library's signature
    ) -> Sequence[int]:
        """Store all of it or nothing, and give the events' positions.

        It is tried once: after a lost connection nobody knows whether it was stored, and the
        caller finds out by the requests.
        """
        keys = new_keys or {}
        parameters = (
            UuidArray.of([_uuid(event.originator_id) for event in stored_events]),
            BigintArray.of([event.originator_version for event in stored_events]),
            TextArray.of([event.topic for event in stored_events]),
            ByteaArray.of([event.state for event in stored_events]),
            TextArray.of([one.key[0] for one in requests]),
            TextArray.of([one.key[1] for one in requests]),
            ByteaArray.of([one.digest for one in requests]),
            TextArray.of([one.code for one in requests]),
            UuidArray.of([dossier_id(one.code) for one in requests]),
            BigintArray.of([one.version for one in requests]),
            UuidArray.of(list(keys)),
            ByteaArray.of(list(keys.values())),
            UuidArray.of(erased_keys),
            UNKNOWN_DIGEST,
            TextArray.of([key[0] for key in forgotten]),
            TextArray.of([key[1] for key in forgotten]),
        )
        with self._cursor() as cursor:
            try:
                # The numbers are drawn in the order of the rows given, under the store's lock.
                return [position for (position,) in cursor.execute(_APPEND, parameters).fetchall()]
            except psycopg.OperationalError as error:
                if cursor.connection.closed:
                    raise OutcomeUnknownError from error
                raise

    @contextmanager
    def _cursor(self) -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
        """Return a cursor that speaks binary, on a connection whose statements stay prepared."""
        with self.datastore.get_connection() as connection:
            connection.prepare_threshold = 0
            with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
                yield cursor

    @_twice
    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return events in the order of the store, as the library does but read in binary."""
        first = 0 if start is None else start if inclusive_of_start else start + 1
        last = _NO_END if stop is None else stop
        asked = (first, last, not topics, TextArray.of(topics), limit)
        with self._cursor() as cursor:
            found = cursor.execute(_SELECT_NOTIFICATIONS, asked).fetchall()
        return [
            Notification(dossier, version, topic, state, id=position)
            for position, dossier, version, topic, state in found
        ]

    @_twice
    def select_states(self, after: int, limit: int) -> Sequence[tuple[int, str, bytes]]:
        """Return position, stored name and bytes of the events after this position, in order."""
        with self._cursor() as cursor:
            return cursor.execute(_SELECT_STATES, (after, limit)).fetchall()

    @_twice
    def select_requests(self, keys: Sequence[RequestKey]) -> dict[RequestKey, Request]:
        """Return those of these requests that were carried out."""
        sources = TextArray.of([key[0] for key in keys])
        event_ids = TextArray.of([key[1] for key in keys])
        with self._cursor() as cursor:
            return {
                (source, event_id): Request(
                    (source, event_id), bytes(digest), code, version, position
                )
                for source, event_id, digest, code, version, position in cursor.execute(
                    _SELECT_REQUESTS, (sources, event_ids)
                )
            }

    def restore_events(self, events: Sequence[Notification], requests: Sequence[Request]) -> None:
        """Store events under the very positions they bear, and requests, in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                _RESTORE,
                (
                    [one.id for one in events],
                    [one.originator_id for one in events],
                    [one.originator_version for one in events],
                    [one.topic for one in events],
                    [one.state for one in events],
                ),
            )
            cursor.execute(
                _RESTORE_REQUESTS,
                (
                    [one.key[0] for one in requests],
                    [one.key[1] for one in requests],
                    [one.digest for one in requests],
                    [one.code for one in requests],
                    [one.version for one in requests],
                    [one.position for one in requests],
                ),
            )
            cursor.execute(_RESTORE_SEQUENCE)

    @_twice
    def select_keys(self, dossier_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Return the wrapped keys of these dossiers; an erased one is not among them."""
        with self._cursor() as cursor:
            found = cursor.execute(_SELECT_KEYS, (UuidArray.of(dossier_ids),))
            return {dossier: bytes(wrapped) for dossier, wrapped in found}

    @_twice
    def select_histories(self, dossier_ids: Sequence[UUID]) -> dict[UUID, History]:
        """Return all events of these dossiers, each dossier's in order."""
        with self._cursor() as cursor:
            asked = (UuidArray.of(dossier_ids),)
            found = cursor.execute(_SELECT_HISTORIES, asked).fetchall()
        # Bytes are compared faster than ids, which is done for each event.
        return {
            UUID(bytes=dossier): [(topic, state) for _, topic, state in events]
            for dossier, events in groupby(found, itemgetter(0))
        }


class Factory(postgres.PostgresFactory):
    """Makes our recorder on the library's connections. Raise `UnsafeFunctionsError`."""

    application_recorder_class: type[postgres.PostgresApplicationRecorder] = PostgresDossierRecorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        """Read the library's variables from `env`."""
        super().__init__(env)
        send_binary_arrays()
        self.datastore.pool = checked_pool(self.datastore, {"options": PLAN_EACH_TIME})
        if strtobool(self.env.get("POSTGRES_ENABLE_DB_FUNCTIONS") or "no"):
            raise UnsafeFunctionsError


def _uuid(dossier: UUID | str) -> UUID:
    return dossier if isinstance(dossier, UUID) else UUID(dossier)
