"""The connections of the event store, checked before use.

After a restart of PostgreSQL every pooled connection is dead. The library tries a statement twice,
but its second connection is dead too, so the first requests after a restart would fail. To check a
connection with a statement costs a round trip per request. This pool looks at the socket instead:
an idle connection has data to read only if the server closed it.
"""

import select
from typing import Any, cast

from eventsourcing.postgres import ConnectionPool, PostgresDatastore
from psycopg import Connection
from psycopg.rows import DictRow

_GIVE_UP_AFTER_S = 3.0
"""The time for which the pool tries to replace a lost connection in the background.

While the pool waits between two attempts, it opens no other connection, and the waits grow. With
the library's five minutes the pool stayed empty for a minute after PostgreSQL was back.
"""

Row = Connection[DictRow]


class CheckedPool(ConnectionPool[Row]):
    """A pool that replaces all dead connections as soon as it finds one."""

    def getconn(self, timeout: float | None = None) -> Row:
        """Return a connection that the server has not closed."""
        connection = super().getconn(timeout)
        if not has_news(connection):
            return connection
        self.putconn(connection)
        self.check()
        return super().getconn(timeout)


def checked_pool(datastore: PostgresDatastore, more: dict[str, Any]) -> CheckedPool:
    """Return a pool like the datastore's, with `more` connection parameters."""
    pool = datastore.pool
    return CheckedPool(
        kwargs={
            **cast("dict[str, Any]", pool.kwargs),
            "connect_timeout": int(pool.timeout),
            **more,
        },
        connection_class=Connection[DictRow],
        min_size=pool.min_size,
        max_size=pool.max_size,
        open=False,
        configure=datastore.after_connect_func(),
        timeout=pool.timeout,
        max_waiting=pool.max_waiting,
        max_lifetime=pool.max_lifetime,
        reconnect_timeout=_GIVE_UP_AFTER_S,
    )


def has_news(connection: Row) -> bool:
    """Return whether the server has sent data or closed the connection since its last use."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
