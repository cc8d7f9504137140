"""The event store's connections, checked before use.

After a restart of PostgreSQL every pooled connection is dead. The library tries a statement twice,
and the second connection of the pool is as dead as the first: the first requests after the restart
failed. A check by a statement would cost each request a round trip, so this pool looks at the
socket, which costs nothing: an idle connection has nothing to read unless the server closed it.
"""

import select
from typing import Any, cast

from eventsourcing.postgres import ConnectionPool, PostgresDatastore
from psycopg import Connection
from psycopg.rows import DictRow

_GIVE_UP_AFTER_S = 3.0
"""How long a lost connection is dialled again in the background.

While the pool waits between two attempts it dials no other connection. The library's five minutes
let these waits grow, so that the pool stayed empty for a minute after PostgreSQL was back.
"""

Row = Connection[DictRow]


class CheckedPool(ConnectionPool[Row]):
    """Replaces all dead connections as soon as it meets one."""

    def getconn(self, timeout: float | None = None) -> Row:
        """Return a connection that the server has not closed."""
        connection = super().getconn(timeout)
        if not has_news(connection):
            return connection
        self.putconn(connection)
        self.check()
        return super().getconn(timeout)


def checked_pool(datastore: PostgresDatastore, more: dict[str, Any]) -> CheckedPool:
    """Return a pool like the datastore's own; `more` is added to its connection parameters."""
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
    """Return whether the server has sent something, or closed the connection, since its last use."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
