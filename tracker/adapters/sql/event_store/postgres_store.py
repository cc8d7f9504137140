"""The event store on PostgreSQL: the library's recorder, with one statement per commit.

The library finds `Factory` here by the variable `PERSISTENCE_MODULE`. The migrations create the
tables and their triggers. The triggers guarantee three things:
- An insert holds one lock until its commit. So positions are in the order of commits, and a
  follower never skips an event.
- Events cannot be changed or deleted.
- Each version of a dossier follows the version before it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import unwrap
from itertools import groupby
from operator import itemgetter
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import psycopg

# Import the module, not its names: the library allows only one factory class in this module.
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
    """Unset POSTGRES_ENABLE_DB_FUNCTIONS: without the lock a follower could skip an event."""


def _twice(method: Callable[P, R]) -> Callable[P, R]:
    """Retry a method of the library once, because a connection may be stale.

    The library itself would try ten times.
    """
    retried: Callable[P, R] = retry((InterfaceError, OperationalError), max_attempts=2)(
        unwrap(method)
    )
    return retried


class PostgresDossierRecorder(postgres.PostgresApplicationRecorder, DossierRecorder):
    """Stores events with their requests and keys in one statement, which is one transaction."""

    def __init__(
        self,
        datastore: postgres.PostgresDatastore,
        *,
        events_table_name: str = "",  # noqa: ARG002  the library passes another name
    ) -> None:
        """Use the connections of the datastore."""
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
        """Store everything or nothing. Return the positions of the events.

        There is no retry: after a lost connection the outcome is unknown, and the caller reads
        the requests to learn it. Raise `OutcomeUnknownError`.
        """
        keys = new_keys or {}
        parameters = (
            UuidArray.of([_uuid(event.originator_id) for event in stored_events]),
            BigintArray.of([event.originator_version for event in stored_events]),
            TextArray.of([event.topic for event in stored_events]),
            ByteaArray.of([event.state for event in stored_events]),
            TextArray.of([request.key[0] for request in requests]),
            TextArray.of([request.key[1] for request in requests]),
            ByteaArray.of([request.digest for request in requests]),
            TextArray.of([request.code for request in requests]),
            UuidArray.of([dossier_id(request.code) for request in requests]),
            BigintArray.of([request.version for request in requests]),
            UuidArray.of(list(keys)),
            ByteaArray.of(list(keys.values())),
            UuidArray.of(erased_keys),
            UNKNOWN_DIGEST,
            TextArray.of([key[0] for key in forgotten]),
            TextArray.of([key[1] for key in forgotten]),
        )
        with self._cursor() as cursor:
            try:
                # The rows get their numbers in the given order, while the trigger holds the lock.
                return [position for (position,) in cursor.execute(_APPEND, parameters).fetchall()]
            except psycopg.OperationalError as error:
                if cursor.connection.closed:
                    raise OutcomeUnknownError from error
                raise

    @contextmanager
    def _cursor(self) -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
        """Yield a cursor for the binary format, on a connection that prepares every statement."""
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
        """Return events in the order of the store. Unlike the library, read them in binary."""
        first = 0 if start is None else start if inclusive_of_start else start + 1
        last = _NO_END if stop is None else stop
        parameters = (first, last, not topics, TextArray.of(topics), limit)
        with self._cursor() as cursor:
            rows = cursor.execute(_SELECT_NOTIFICATIONS, parameters).fetchall()
        return [
            Notification(dossier, version, topic, state, id=position)
            for position, dossier, version, topic, state in rows
        ]

    @_twice
    def select_states(self, after: int, limit: int) -> Sequence[tuple[int, str, bytes]]:
        """Return position, stored name and bytes of up to `limit` events after this position."""
        with self._cursor() as cursor:
            return cursor.execute(_SELECT_STATES, (after, limit)).fetchall()

    @_twice
    def select_requests(self, keys: Sequence[RequestKey]) -> dict[RequestKey, Request]:
        """Return the stored requests with these keys."""
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
        """Store events at their original positions, and requests, in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                _RESTORE,
                (
                    [event.id for event in events],
                    [event.originator_id for event in events],
                    [event.originator_version for event in events],
                    [event.topic for event in events],
                    [event.state for event in events],
                ),
            )
            cursor.execute(
                _RESTORE_REQUESTS,
                (
                    [request.key[0] for request in requests],
                    [request.key[1] for request in requests],
                    [request.digest for request in requests],
                    [request.code for request in requests],
                    [request.version for request in requests],
                    [request.position for request in requests],
                ),
            )
            cursor.execute(_RESTORE_SEQUENCE)

    @_twice
    def select_keys(self, dossier_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Return the wrapped keys of these dossiers, without the erased keys."""
        with self._cursor() as cursor:
            rows = cursor.execute(_SELECT_KEYS, (UuidArray.of(dossier_ids),))
            return {dossier: bytes(wrapped) for dossier, wrapped in rows}

    @_twice
    def select_histories(self, dossier_ids: Sequence[UUID]) -> dict[UUID, History]:
        """Return all events of these dossiers, in the order of versions."""
        with self._cursor() as cursor:
            rows = cursor.execute(_SELECT_HISTORIES, (UuidArray.of(dossier_ids),)).fetchall()
        # `groupby` compares the ids of every two rows, and bytes compare faster than `UUID`.
        return {
            UUID(bytes=dossier): [(topic, state) for _, topic, state in events]
            for dossier, events in groupby(rows, itemgetter(0))
        }


class Factory(postgres.PostgresFactory):
    """Creates our recorder on the library's connections."""

    application_recorder_class: type[postgres.PostgresApplicationRecorder] = PostgresDossierRecorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        """Read the library's variables from `env`. Raise `UnsafeFunctionsError`."""
        super().__init__(env)
        send_binary_arrays()
        self.datastore.pool = checked_pool(self.datastore, {"options": PLAN_EACH_TIME})
        if strtobool(self.env.get("POSTGRES_ENABLE_DB_FUNCTIONS") or "no"):
            raise UnsafeFunctionsError


def _uuid(dossier: UUID | str) -> UUID:
    return dossier if isinstance(dossier, UUID) else UUID(dossier)
