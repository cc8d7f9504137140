"""Sends what may be very long, made while it is sent, to whoever waits for it."""

import asyncio
from collections.abc import Callable, Generator

from fastapi import Response
from fastapi.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from tracker.adapters.http.concurrency.exclusive import ExclusiveSlot, GoneError, Throttle


class Download(Response):
    """A file, made piece by piece in a thread, one at a time, and only while somebody takes it.

    Each piece is made when the one before was taken, so that memory does not grow with the file.
    Whoever goes away, or takes nothing for `patience_s`, ends it; so does the end of the service.
    What is not whole is broken off, never ended as if it were.
    """

    def __init__(
        self,
        pieces: Callable[[Throttle], Generator[bytes, None, None]],
        *,
        file_name: str,
        media_type: str,
        turn: ExclusiveSlot,
        is_ending: Callable[[], bool],
        patience_s: float = 60.0,
    ) -> None:
        """Send these pieces, which call the pace they are given all the time."""
        named = f'attachment; filename="{file_name}"'
        super().__init__(media_type=media_type, headers={"Content-Disposition": named})
        del self.headers["Content-Length"]
        self._pieces = pieces
        self._turn = turn
        self._is_ending = is_ending
        self._patience_s = patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. What stands against it is raised before anything is sent."""
        del scope
        with self._turn.taken():
            gone = asyncio.create_task(_until_gone(receive))
            pieces = self._pieces(Throttle(lambda: gone.done() or self._is_ending()))
            try:
                await self._send(pieces, send)
            except (GoneError, TimeoutError):
                return
            finally:
                gone.cancel()
                await run_in_threadpool(pieces.close)

    async def _send(self, pieces: Generator[bytes, None, None], send: Send) -> None:
        piece = await run_in_threadpool(next, pieces, b"")
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        while piece:
            async with asyncio.timeout(self._patience_s):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await run_in_threadpool(next, pieces, b"")
        await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
