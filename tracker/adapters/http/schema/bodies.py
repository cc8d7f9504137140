"""Read the body of a request within limits of size, time and media type."""

import asyncio
from typing import TypeVar
from urllib.parse import parse_qsl

import orjson
from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from starlette.types import Receive

from tracker.adapters.http.schema.problems import (
    FaultyInputError,
    MalformedError,
    TooBusyError,
    TooLargeError,
    TooSlowError,
    UnsupportedMediaError,
)
from tracker.application.problems.input_faults import faults_of

JSON = "application/json"
NDJSON = "application/x-ndjson"
NOTE = "text/plain"
FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 200
WITHIN_S = 60.0
"""The time limit for a body, in seconds; the guard of the connection usually allows less."""

_MOST_FORM_BYTES = 256_000
_SMALL_BYTES = 65_536
_MOST_HELD_BYTES = 128 * 1024 * 1024

T = TypeVar("T")


class ClientGoneError(Exception):
    """The client closed the connection before its request was complete."""


class BodyReader:
    """Reads bodies up to a limit. It counts the bytes, because a `Content-Length` may be wrong.

    The limit of FastAPI is not used: it answers in plain text.
    """

    def __init__(
        self, most: int, *, within_s: float = WITHIN_S, most_held: int = _MOST_HELD_BYTES
    ) -> None:
        """Read at most `most` bytes within `within_s` seconds.

        All incomplete bodies together may hold `most_held` bytes. A small body is always read.
        """
        self._most = most
        self._within_s = within_s
        self._most_held = most_held
        self._held = 0

    async def read(self, request: Request, *media_types: str) -> tuple[str, bytes]:
        """Return the media type and the body.

        Raise `UnsupportedMediaError`, or what `received` raises.
        """
        return await self._read(request, media_types, self._most)

    async def _read(
        self, request: Request, media_types: tuple[str, ...], most: int
    ) -> tuple[str, bytes]:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in media_types or "content-encoding" in request.headers:
            raise UnsupportedMediaError
        return media_type, await self.received(request.receive, most)

    async def received(self, receive: Receive, most: int | None = None) -> bytes:
        """Return the whole body.

        Raise `TooLargeError`, `TooSlowError`, `TooBusyError`, `ClientGoneError`.
        """
        try:
            async with asyncio.timeout(self._within_s):
                return await self._whole(receive, self._most if most is None else most)
        except TimeoutError:
            raise TooSlowError from None

    async def received_at_once(self, receive: Receive) -> bytes:
        """Return the whole body like `received`, at less cost if it arrived with the headers."""
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        first: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            return first
        return first + await self.received(receive)

    async def _whole(self, receive: Receive, most: int) -> bytes:
        parts: list[bytes] = []
        size, more = 0, True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                part = message.get("body", b"")
                size += len(part)
                self._held += len(part)
                if size > most:
                    raise TooLargeError
                if size > _SMALL_BYTES and self._held > self._most_held:
                    raise TooBusyError
                parts.append(part)
                more = message.get("more_body", False)
        finally:
            self._held -= size
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def read_form(self, request: Request) -> dict[str, str]:
        """Return the fields of a submitted form; each line break is one character.

        Raise what `read` raises, and `MalformedError`.
        """
        _, raw = await self._read(request, (FORM,), min(self._most, _MOST_FORM_BYTES))
        try:
            fields = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError as error:
            raise MalformedError from error
        return {name: value.replace("\r\n", "\n") for name, value in fields}

    async def read_as(self, request: Request, adapter: TypeAdapter[T]) -> T:
        """Return the JSON body as the type of the adapter.

        Raise `MalformedError`, `FaultyInputError`, or what `read` raises.
        """
        _, raw = await self.read(request, JSON)
        return parsed(raw, adapter)


def parsed(raw: bytes, adapter: TypeAdapter[T]) -> T:
    """Return the JSON body as the type of the adapter.

    Raise `MalformedError`, `FaultyInputError`.
    """
    try:
        return adapter.validate_json(raw)
    except ValidationError as error:
        raise refusal_of(error) from None


def decoded(raw: bytes) -> object:
    """Return the value of a JSON text. Raise `MalformedError`."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise MalformedError from None


def refusal_of(error: ValidationError) -> MalformedError | FaultyInputError:
    """Return the error for invalid input, without the content of the request."""
    errors = error.errors(include_url=False, include_input=False)
    if any(fault["type"] == "json_invalid" for fault in errors):
        return MalformedError()
    return FaultyInputError(faults_of(errors))
