import asyncio

import pytest
from starlette.types import Message, Receive

from tracker.adapters.http.schema.bodies import BodyReader, ClientGoneError
from tracker.adapters.http.schema.problems import TooBusyError, TooLargeError, TooSlowError


def received(bodies: BodyReader, *messages: Message, pause: float = 0.0) -> bytes:
    coming = iter(messages)

    async def receive() -> Message:
        await asyncio.sleep(pause)
        return next(coming)

    return asyncio.run(bodies.received(receive))


def part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_may_come_in_parts() -> None:
    assert received(BodyReader(10), part(b"ab"), part(b""), part(b"c", more=False)) == b"abc"


def test_parts_may_not_be_larger_together_than_one_may_be_alone() -> None:
    with pytest.raises(TooLargeError):
        received(BodyReader(3), part(b"ab"), part(b"cd", more=False))


def test_a_body_that_breaks_off_is_none() -> None:
    with pytest.raises(ClientGoneError):
        received(BodyReader(10), part(b"{}"), {"type": "http.disconnect"})


def test_a_body_that_trickles_in_is_not_waited_for() -> None:
    with pytest.raises(TooSlowError):
        received(BodyReader(100, within_s=0.05), *[part(b"x")] * 100, pause=0.01)


def test_large_bodies_together_hold_only_so_much_and_small_ones_are_always_read() -> None:
    bodies = BodyReader(1_000_000, most_held=150_000)
    go_on = asyncio.Event()

    async def slow() -> Message:
        await go_on.wait()
        return part(b"", more=False)

    def coming(size: int, *, and_then: bool) -> Receive:
        first = iter([part(b"x" * size, more=and_then)])

        async def receive() -> Message:
            return next(first, None) or await slow()

        return receive

    async def run() -> None:
        held = asyncio.create_task(bodies.received(coming(100_000, and_then=True)))
        await asyncio.sleep(0)
        with pytest.raises(TooBusyError):
            await bodies.received(coming(100_000, and_then=False))
        assert len(await bodies.received(coming(60_000, and_then=False))) == 60_000
        go_on.set()
        assert len(await held) == 100_000
        assert len(await bodies.received(coming(100_000, and_then=False))) == 100_000

    asyncio.run(run())
