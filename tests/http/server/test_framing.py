"""The boundaries of requests, however the bytes are cut."""

import pytest

from tracker.adapters.http.framing import (
    BadRequestError,
    ChunkedBody,
    HeadersTooLargeError,
    HeadLimits,
    read_head,
)

LIMITS = HeadLimits(size=1_000, lines=5)
LINE = b"GET / HTTP/1.1\r\n"


def test_a_head_says_where_it_ends_and_how_long_the_body_is() -> None:
    data = b"before" + LINE + b"CONTENT-Length: \t12 \r\n\r\nbody"
    head = read_head(data, 6, LIMITS)
    assert head is not None
    assert (data[6 + head.size :], head.length) == (b"body", 12)
    assert (head.is_chunked, head.expects_continue) == (False, False)


def test_a_head_without_an_end_is_incomplete() -> None:
    whole = LINE + b"a: b\r\n\r\n"
    assert [read_head(whole[:size], 0, LIMITS) for size in range(len(whole))] == [None] * len(whole)


@pytest.mark.parametrize("lines", [b"a: b\r\n" * 6, b"a: " + b"x" * 1_000 + b"\r\n", b"x" * 1_001])
def test_a_head_that_is_too_large_is_refused(lines: bytes) -> None:
    with pytest.raises(HeadersTooLargeError):
        read_head(LINE + lines + b"\r\n", 0, LIMITS)


def test_a_head_at_the_limits_is_read() -> None:
    assert read_head(LINE + b"a: b\r\n" * 5 + b"\r\n", 0, LIMITS)


@pytest.mark.parametrize(
    "head",
    [
        b"\x16\x03\x01\x02",
        b"get / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        LINE + b"a: b\nc: d\r\n\r\n",
        LINE + b"a: b\r\n c\r\n\r\n",
        LINE + b"a: b\r\n\tc\r\n\r\n",
        LINE + b"Content-Length: -1\r\n\r\n",
        LINE + b"Content-Length: +1\r\n\r\n",
        LINE + b"Content-Length: 1,1\r\n\r\n",
        LINE + b"Content-Length:\r\n\r\n",
        LINE + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
        LINE + b"Content-Length: 9999999999999999\r\n\r\n",
        LINE + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        LINE + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        LINE + b"Transfer-Encoding: identity\r\n\r\n",
        LINE + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_an_ambiguous_head_is_refused(head: bytes) -> None:
    with pytest.raises(BadRequestError):
        read_head(head, 0, LIMITS)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_chunked_body_ends_where_it_ends_however_it_is_cut(size: int) -> None:
    body = b"5;name=value\r\nab\r\nc\r\n0A\r\n0123456789\r\n0\r\n\r\n"
    data = body + b"GET"
    chunked, at = ChunkedBody(), 0
    while not chunked.is_complete:
        piece = data[at : at + size]
        at += chunked.take(piece, 0)
    assert at == len(body)


@pytest.mark.parametrize(
    "body",
    [
        b"x\r\n",
        b"\r\n",
        b"-1\r\n",
        b"5\nabcde\r\n",
        b"1\r\nab\r\n",
        b"1\r\na\n",
        b"0\r\nAuthorization: trailer\r\n",
        b"1;" + b"x" * 300,
        b"1;" + b"x" * 300 + b"\r\n",
        b"1\r\na\r\n" * 30_000,
    ],
)
def test_a_chunked_body_that_is_wrong_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequestError):
        ChunkedBody().take(body, 0)
