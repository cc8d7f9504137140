"""Send long files while they are made."""

import asyncio
from collections.abc import Callable, Generator

from fastapi import Response
from fastapi.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from tracker.adapters.http.concurrency.exclusive import ExclusiveSlot, GoneError, Throttle


class Download(Response):
    """A file that a thread makes piece by piece while the client reads it; one at a time.

    Each piece is made after the client has taken the piece before it, so memory does not grow with
    the file. The download ends if the client closes the connection, takes nothing for
    `patience_s` seconds, or if the service ends. An incomplete download ends with an error of the
    connection, so that the client does not take it for a whole file.
    """

    def __init__(
        self,
        pieces: Callable[[Throttle], Generator[bytes, None, None]],
        *,
        file_name: str,
        media_type: str,
        slot: ExclusiveSlot,
        is_ending: Callable[[], bool],
        patience_s: float = 60.0,
    ) -> None:
        """Send these pieces. The generator must call the throttle that it gets, again and again."""
        disposition = f'attachment; filename="{file_name}"'
        super().__init__(media_type=media_type, headers={"Content-Disposition": disposition})
        del self.headers["Content-Length"]
        self._pieces = pieces
        self._slot = slot
        self._is_ending = is_ending
        self._patience_s = patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file. An error before the first piece is raised before anything is sent."""
        del scope
        with self._slot.taken():
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
