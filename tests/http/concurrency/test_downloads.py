"""A download is made only while the client takes it; an incomplete one never looks complete."""

import asyncio
from collections.abc import Generator
from dataclasses import dataclass, field
from threading import Event

import pytest
from starlette.types import Message

from tracker.adapters.http.concurrency.exclusive import ExclusiveSlot, Throttle
from tracker.adapters.http.concurrency.streaming import Download
from tracker.adapters.http.schema.problems import BusyError

MANY = 1_000


@dataclass
class Taker:
    """A client that takes some pieces and then disconnects, or only stops reading."""

    takes: int = MANY
    stays: bool = False
    sent: list[Message] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if len(self.sent) > self.takes:
            if self.stays:
                await asyncio.Event().wait()
            self.gone.set()

    def is_whole(self) -> bool:
        return self.sent[-1:] == [{"type": "http.response.body", "body": b""}]


@dataclass
class Making:
    """Makes pieces, counts them, and records whether it was closed."""

    pieces: int = MANY
    made: int = 0
    ended: bool = False

    def __call__(self, pace: Throttle) -> Generator[bytes, None, None]:
        try:
            while self.made < self.pieces:
                pace(1)
                self.made += 1
                yield b"x"
        finally:
            self.ended = True


def give(making: Making, taker: Taker, slot: ExclusiveSlot, ending: Event | None = None) -> None:
    download = Download(
        making,
        file_name="a.zip",
        media_type="application/zip",
        slot=slot,
        is_ending=(ending or Event()).is_set,
        patience_s=0.05,
    )
    asyncio.run(download({}, taker.receive, taker.send))


def test_a_download_that_is_taken_is_whole() -> None:
    making, taker = Making(pieces=3), Taker()
    give(making, taker, ExclusiveSlot())
    assert b"".join(message.get("body", b"") for message in taker.sent) == b"xxx"
    assert taker.is_whole()
    assert making.ended


def test_a_client_that_disconnects_ends_the_work_and_frees_the_slot() -> None:
    making, taker, slot = Making(), Taker(takes=5), ExclusiveSlot()
    give(making, taker, slot)
    assert making.ended
    assert making.made < 10
    assert not taker.is_whole()
    with slot.taken():
        pass


def test_a_client_that_stops_reading_ends_the_download_after_a_time() -> None:
    making, taker = Making(), Taker(takes=2, stays=True)
    give(making, taker, ExclusiveSlot())
    assert making.ended
    assert not taker.is_whole()


def test_the_end_of_the_service_breaks_a_download_off() -> None:
    making, taker, ending = Making(), Taker(), Event()
    ending.set()
    give(making, taker, ExclusiveSlot(), ending)
    assert (making.made, making.ended, taker.sent) == (0, True, [])


def test_an_error_frees_the_slot_and_the_download_does_not_look_complete() -> None:
    def breaking(_pace: Throttle) -> Generator[bytes, None, None]:
        yield b"x"
        raise ZeroDivisionError

    slot, taker = ExclusiveSlot(), Taker()
    download = Download(
        breaking, file_name="a", media_type="a/b", slot=slot, is_ending=lambda: False
    )
    with pytest.raises(ZeroDivisionError):
        asyncio.run(download({}, taker.receive, taker.send))
    assert not taker.is_whole()
    with slot.taken(), pytest.raises(BusyError), slot.taken():
        pass
