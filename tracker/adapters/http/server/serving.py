"""Put the guard around the protocol of uvicorn, for `tracker serve` and the tests."""

import asyncio
import resource
from typing import Any

import uvicorn

from tracker.adapters.http.server.connections import MOST, ConnectionLimits, Connections
from tracker.adapters.http.server.guard import Guard
from tracker.adapters.http.server.middleware import GUARD


def guard(config: uvicorn.Config, limits: ConnectionLimits, *, most: int = MOST) -> uvicorn.Config:
    """Put a guard around each connection that is served with this configuration.

    The guard takes the place of the server's own time limit between two requests.
    """
    if not config.loaded:
        config.load()
    chosen: Any = config.http_protocol_class
    connections: Connections[Guard] = Connections(shortest_limit_s=limits.shortest_s(), most=most)

    def protocol(*, app_state: dict[str, Any], **more: Any) -> asyncio.Protocol:  # noqa: ANN401
        return Guard(
            lambda guard: chosen(app_state={**app_state, GUARD: guard}, **more),
            limits,
            connections,
        )

    config.http_protocol_class = protocol  # type: ignore[assignment]  # it is only called
    config.timeout_keep_alive = int(limits.between_requests_s()) + 1
    return config


def allow_many() -> int:
    """Raise the limit of open files as far as the system permits.

    Return the maximum number of connections. The rest of the limit is for other files and for
    connections that are not counted yet.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return MOST if most == resource.RLIM_INFINITY else min(MOST, most // 2)
