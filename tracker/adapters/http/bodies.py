"""How the body of a request is read: as much as is allowed, of the types that are allowed."""

import asyncio
from typing import TypeVar
from urllib.parse import parse_qsl

import orjson
from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from starlette.types import Receive

from tracker.adapters.http.faults import faults_of
from tracker.adapters.http.problems import (
    FaultyInputError,
    MalformedError,
    TooLargeError,
    TooSlowError,
    UnsupportedMediaError,
)

JSON = "application/json"
NDJSON = "application/x-ndjson"
NOTE = "text/plain"
FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 200
WITHIN_S = 30.0
"""How long a body may take to come."""

T = TypeVar("T")


class Bodies:
    """Reads bodies up to a limit, counting what comes: a `Content-Length` is only a claim.

    FastAPI's own limit answers in plain text, so it is not used.
    """

    def __init__(self, most: int, *, within_s: float = WITHIN_S) -> None:
        """Read at most so many bytes, and wait so long for them."""
        self._most = most
        self._within_s = within_s

    async def read(self, request: Request, *media_types: str) -> tuple[str, bytes]:
        """Give the body and its type. Raises `UnsupportedMediaError`, `TooLargeError`."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in media_types or "content-encoding" in request.headers:
            raise UnsupportedMediaError
        return media_type, await self.received(request.receive)

    async def received(self, receive: Receive) -> bytes:
        """Give the whole body.

        Raises `TooLargeError`, `TooSlowError`, and `MalformedError` where it breaks off.
        """
        try:
            async with asyncio.timeout(self._within_s):
                return await self._whole(receive)
        except TimeoutError:
            raise TooSlowError from None

    async def received_at_once(self, receive: Receive) -> bytes:
        """Give the whole body as `received` does; one that came with its headers costs less."""
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedError  # nobody is left to be told
        first: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            return first
        return first + await self.received(receive)

    async def _whole(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise MalformedError  # nobody is left to be told
            part = message.get("body", b"")
            size += len(part)
            if size > self._most:
                raise TooLargeError
            parts.append(part)
            more = message.get("more_body", False)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def read_form(self, request: Request) -> dict[str, str]:
        """Give the fields of a form that a page sent, line breaks as one character.

        Raises what `read` raises, and `MalformedError`.
        """
        _, raw = await self.read(request, FORM)
        try:
            fields = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError as error:
            raise MalformedError from error
        return {name: value.replace("\r\n", "\n") for name, value in fields}

    async def read_as(self, request: Request, adapter: TypeAdapter[T]) -> T:
        """Give the JSON body as a message. Raises also `MalformedError`, `FaultyInputError`."""
        _, raw = await self.read(request, JSON)
        return parsed(raw, adapter)


def parsed(raw: bytes, adapter: TypeAdapter[T]) -> T:
    """Give a body as a message. Raises `MalformedError`, `FaultyInputError`."""
    try:
        return adapter.validate_json(raw)
    except ValidationError as error:
        raise refusal_of(error) from None


def decoded(raw: bytes) -> object:
    """Decode JSON. Raises `MalformedError`."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise MalformedError from None


def refusal_of(error: ValidationError) -> MalformedError | FaultyInputError:
    """Say what does not fit, without what was sent."""
    errors = error.errors(include_url=False, include_input=False)
    if any(one["type"] == "json_invalid" for one in errors):
        return MalformedError()
    return FaultyInputError(faults_of(errors))
