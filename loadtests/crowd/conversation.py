"""One HTTP/1.1 conversation at the level of bytes, so that a client can also behave badly."""

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from uuid import uuid4

_PATIENCE_S = 30.0
_PATH = "/v1/dossiers"


@dataclass(frozen=True)
class Target:
    """The address of a service, and the key to use."""

    host: str
    port: int
    key: str


@dataclass(frozen=True)
class Seen:
    """One intake as its sender saw it; the status is 0 if no answer came."""

    began_s: float
    seconds: float
    status: int
    retry_after: bool = False

    @property
    def stored(self) -> bool:
        """Whether it was stored."""
        return self.status in {200, 201}


def intake() -> bytes:
    """Return a body of a realistic size with a new event id."""
    message = {
        "event_id": uuid4().hex,
        "occurred_at": datetime.now(UTC).isoformat(),
        "procedure": "2.001610",
        "applicant": {"name": "Nguyễn Thị Ví Dụ", "phone": "0900 000 001"},
        "papers": [
            {"name": f"Giấy tờ ví dụ số {number}", "form": "copy", "quantity": 1}
            for number in range(1, 6)
        ],
    }
    return json.dumps(message, ensure_ascii=False).encode()


def head(
    target: Target, length: int, *, path: str = _PATH, media: str = "application/json"
) -> bytes:
    """Return the head of an intake with a body of this length."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {target.host}\r\nAuthorization: Bearer {target.key}\r\n"
        f"Content-Type: {media}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def batch(target: Target, lines: int) -> bytes:
    """Return one request with several intakes."""
    body = b"\n".join(intake() for _ in range(lines))
    return head(target, len(body), path=f"{_PATH}:batch", media="application/x-ndjson") + body


class Conversation:
    """A connection for one or several intakes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def begin(cls, target: Target) -> Self:
        """Connect. Raise `OSError`, `TimeoutError`."""
        connecting = asyncio.open_connection(target.host, target.port)
        return cls(*await asyncio.wait_for(connecting, _PATIENCE_S))

    async def say(self, text: bytes) -> None:
        """Send these bytes."""
        self._writer.write(text)
        await self._writer.drain()

    async def hear(self) -> tuple[int, bool]:
        """Wait for an answer; return its status and whether it has `Retry-After`."""
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        await self._reader.readexactly(int(headers.get("content-length", "0")))
        return int(lines[0].split()[1]), "retry-after" in headers

    async def until_closed(self) -> None:
        """Wait until the other side closes the connection."""
        while await self._reader.read(65_536):
            pass

    def end(self) -> None:
        """Close the connection."""
        self._writer.transport.abort()


async def take_in(target: Target, on: Conversation | None = None, *, lines: int = 0) -> Seen:
    """Post one intake, or a batch of `lines` intakes, on a new connection or on the given one."""
    began = time.monotonic()
    conversation = on
    try:
        conversation = on or await Conversation.begin(target)
        body = intake()
        await conversation.say(batch(target, lines) if lines else head(target, len(body)) + body)
        status, retry_after = await asyncio.wait_for(conversation.hear(), _PATIENCE_S)
    except (OSError, EOFError, TimeoutError):
        return Seen(began, time.monotonic() - began, 0)
    finally:
        if on is None and conversation is not None:
            conversation.end()
    return Seen(began, time.monotonic() - began, status, retry_after)
