"""Lets each user call from its own address, as in reality.

On Linux all of 127.0.0.0/8 is this machine. For a service on another machine all users share one
address.
"""

from random import Random
from typing import Any
from urllib.parse import urlsplit

from geventhttpclient.client import HTTPClientPool

LOOPBACK = "127.0.0.1"


def any_address(chance: Random) -> str:
    """Return a random loopback address."""
    return f"127.{chance.randint(1, 254)}.{chance.randrange(256)}.{chance.randint(1, 254)}"


def call_from(pool: HTTPClientPool, url: str, address: str) -> None:
    """Bind every connection of this pool to this loopback address."""
    if urlsplit(url).hostname != LOOPBACK:
        return
    connections = pool.get_client(url)._connection_pool  # noqa: SLF001  it has no other door
    make = connections._create_tcp_socket  # noqa: SLF001

    def bound(*kind: int) -> Any:  # noqa: ANN401  gevent's socket carries no types
        made = make(*kind)
        made.bind((address, 0))
        return made

    connections._create_tcp_socket = bound  # type: ignore[method-assign, assignment]  # noqa: SLF001
