import asyncio

import pytest
from starlette.types import Message

from tracker.adapters.http.bodies import Bodies
from tracker.adapters.http.problems import MalformedError, TooLargeError, TooSlowError


def received(bodies: Bodies, *messages: Message, pause: float = 0.0) -> bytes:
    coming = iter(messages)

    async def receive() -> Message:
        await asyncio.sleep(pause)
        return next(coming)

    return asyncio.run(bodies.received(receive))


def part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_may_come_in_parts() -> None:
    assert received(Bodies(10), part(b"ab"), part(b""), part(b"c", more=False)) == b"abc"


def test_parts_may_not_be_larger_together_than_one_may_be_alone() -> None:
    with pytest.raises(TooLargeError):
        received(Bodies(3), part(b"ab"), part(b"cd", more=False))


def test_a_body_that_breaks_off_is_none() -> None:
    with pytest.raises(MalformedError):
        received(Bodies(10), part(b"{}"), {"type": "http.disconnect"})


def test_a_body_that_trickles_in_is_not_waited_for() -> None:
    with pytest.raises(TooSlowError):
        received(Bodies(100, within_s=0.05), *[part(b"x")] * 100, pause=0.01)
