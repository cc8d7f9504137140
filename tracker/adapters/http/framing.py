"""Find where a request begins and ends in the bytes of a connection.

The rules are strict, so that this module and the parser of the server never see different
boundaries: one `Content-Length` or `Transfer-Encoding: chunked`, CRLF line ends, no folded lines.
"""

import re
from dataclasses import dataclass

from tracker.domain.errors import TrackerError

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_CODING = b"\r\ntransfer-encoding:"
_EXPECT = b"\r\nexpect:"
_MOST_DIGITS = 15
_METHOD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n]*)?", re.ASCII)
_MOST_CHUNK_LINE = 256
_FREE_OVERHEAD = 65_536


class BadRequestError(TrackerError):
    """The request is not valid HTTP/1.1. Correct it and send it again."""


class HeadersTooLargeError(TrackerError):
    """The headers are too large. Send at most 100 headers of 64 kB in total."""


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """The maximum size in bytes and number of lines of the request line and the headers."""

    size: int = 65_536
    lines: int = 100


@dataclass(slots=True)
class Head:
    """The head of a request: its size in bytes, and how the body is sent."""

    size: int
    length: int
    """The announced length of the body in bytes, else 0."""
    is_chunked: bool = False
    expects_continue: bool = False


def read_head(data: bytes, start: int, limits: HeadLimits) -> Head | None:
    """Return the head that begins at `start`, or `None` if it is incomplete.

    Raise `BadRequestError` and `HeadersTooLargeError`.
    """
    if len(data) > start and data[start] not in _METHOD:
        raise BadRequestError
    end = data.find(_HEAD_END, start)
    if (end if end >= 0 else len(data)) - start > limits.size:
        raise HeadersTooLargeError
    if end < 0:
        if data.endswith(b"\n\n"):
            raise BadRequestError
        return None
    head = data[start : end + 2].lower()
    lines = head.count(b"\r\n")
    if lines > limits.lines + 1:
        raise HeadersTooLargeError
    if head.count(b"\n") != lines or b"\n " in head or b"\n\t" in head:
        raise BadRequestError
    return _head(head, end + len(_HEAD_END) - start)


def _head(head: bytes, size: int) -> Head:
    length = _only(head, _LENGTH)
    coding = _only(head, _CODING)
    expects_continue = _EXPECT in head
    if coding is not None:
        if coding != b"chunked" or length is not None:
            raise BadRequestError
        return Head(size, 0, is_chunked=True, expects_continue=expects_continue)
    if length is None:
        return Head(size, 0, expects_continue=expects_continue)
    if not length.isdigit() or len(length) > _MOST_DIGITS:
        raise BadRequestError
    return Head(size, int(length), expects_continue=expects_continue)


def _only(head: bytes, name: bytes) -> bytes | None:
    """Return the value of a header that may occur once."""
    at = head.find(name)
    if at < 0:
        return None
    begin = at + len(name)
    if head.find(name, begin) >= 0:
        raise BadRequestError
    return head[begin : head.index(b"\r\n", begin)].strip(b" \t")


class LengthBody:
    """A body whose length was announced."""

    def __init__(self, length: int) -> None:
        """Expect this many bytes."""
        self._missing = length

    def take(self, data: bytes, start: int) -> int:
        """Return where the part of the body in `data` ends."""
        end = min(len(data), start + self._missing)
        self._missing -= end - start
        return end

    @property
    def is_complete(self) -> bool:
        """Return whether all bytes were taken."""
        return not self._missing


class ChunkedBody:
    """A body in chunks, without trailers: the server would treat those as headers.

    The framing may not be much larger than the content.
    """

    def __init__(self) -> None:
        """Expect the size of the first chunk."""
        self.is_complete = False
        self._line = b""
        self._missing = 0
        self._content = 0
        self._overhead = 0
        self._read_line = self._read_size

    def take(self, data: bytes, start: int) -> int:
        """Return where the part of the body in `data` ends. Raise `BadRequestError`."""
        at = start
        while at < len(data) and not self.is_complete:
            if self._missing:
                end = min(len(data), at + self._missing)
                self._missing -= end - at
                self._content += end - at
                at = end
            else:
                at = self._take_line(data, at)
        return at

    def _take_line(self, data: bytes, start: int) -> int:
        end = data.find(b"\n", start) + 1 or len(data)
        self._line += data[start:end]
        self._overhead += end - start
        if len(self._line) > _MOST_CHUNK_LINE or self._overhead > _FREE_OVERHEAD + self._content:
            raise BadRequestError
        if self._line.endswith(b"\n"):
            line, self._line = self._line, b""
            if not line.endswith(b"\r\n"):
                raise BadRequestError
            self._read_line(line[:-2])
        return end

    def _read_size(self, line: bytes) -> None:
        size = _CHUNK_LINE.fullmatch(line)
        if size is None:
            raise BadRequestError
        self._missing = int(size[1], 16)
        self._read_line = self._read_end_of_chunk if self._missing else self._read_end_of_body

    def _read_end_of_chunk(self, line: bytes) -> None:
        if line:
            raise BadRequestError
        self._read_line = self._read_size

    def _read_end_of_body(self, line: bytes) -> None:
        if line:
            raise BadRequestError
        self.is_complete = True
