"""Connections that are let go of when nothing comes over them."""

import asyncio
import resource

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ASKS_WITHIN_S = 20.0


class ImpatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which by itself waits for a first request for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give whoever connects a while to ask something."""
        super().connection_made(transport)
        self.loop.call_later(ASKS_WITHIN_S, self._let_go)

    def _let_go(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


def allow_many() -> None:
    """Let this process hold as many connections open as the system permits it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
