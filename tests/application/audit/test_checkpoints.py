"""The maker of checkpoints: what it signs, when, and where it publishes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.tampering import without_guards
from tests.http.site import NOON
from tracker.adapters.files.checkpoints import CheckpointFile
from tracker.adapters.notary.ed25519 import NoLogKeyError
from tracker.application.audit.checkpoints import (
    CheckpointMaker,
    LogForkedError,
    OtherOriginError,
    Publisher,
    SilentPublisherError,
)
from tracker.application.commands.envelope import Envelope
from tracker.application.commands.registry import INTAKE
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.merkle import root_of
from tracker.domain.transparency_log.notes import Note
from tracker.settings import Settings

DESK = Actor(Role.STAFF, "staff-desk", "CN01")


@dataclass
class Place:
    """A place that publishes checkpoints and may not answer."""

    name = "a place"

    notes: list[str] = field(default_factory=list)
    silent: bool = False

    def last(self) -> Note | None:
        if self.silent:
            raise SilentPublisherError
        return Note.parse(self.notes[-1]) if self.notes else None

    def publish(self, note: str) -> None:
        if self.silent:
            raise SilentPublisherError
        self.notes.append(note)


@dataclass
class Room:
    it: Container
    now: list[datetime]
    received: int = 0

    def maker(self, *places: Publisher, origin: str = "tracker.local/log") -> CheckpointMaker:
        return CheckpointMaker(
            log=self.it.log.leaves,
            store=self.it.tracker.store,
            checkpoints=self.it.log.checkpoints,
            notary=self.it.log.notary,
            publishers=places,
            origin=origin,
            now=self.it.now,
        )

    def receive(self, *, log: bool = True) -> None:
        self.received += 1
        message = {
            "event_id": f"intake-{self.received}",
            "occurred_at": NOON.isoformat(),
            "procedure": "2.001610",
            "applicant": {"name": "An"},
        }
        self.it.tracker.handle([Envelope(DESK, INTAKE.validate_python(message))])
        if log:
            self.it.catch_up()

    def sizes(self) -> list[int]:
        return [size for size, _ in self.it.log.checkpoints.after(-1)]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    now = [NOON]
    with open_container(Settings(data_dir=tmp_path), lambda: now[0]) as it:
        it.log.notary.make_key()
        yield Room(it, now)


def test_an_empty_log_is_not_signed(room: Room) -> None:
    assert room.maker().make() is None
    assert room.sizes() == []


def test_a_checkpoint_says_how_the_log_and_its_heads_are(room: Room) -> None:
    for _ in range(3):
        room.receive()
    made = room.maker().make()
    last = room.it.log.checkpoints.last()
    assert made is not None
    assert last is not None
    room.it.log.notary.check(last)
    assert Checkpoint.parse(last.text) == made
    assert (made.size, made.heads, made.made_at) == (3, 3, NOON)
    assert made.root == root_of(3, room.it.log.leaves.fetch)


def test_nothing_new_is_signed_while_nothing_is_new(room: Room) -> None:
    room.receive()
    maker = room.maker()
    assert maker.make() is not None
    assert maker.make() is None
    room.receive()
    assert maker.make() is not None
    assert room.sizes() == [1, 2]


def test_nothing_is_signed_while_a_log_is_rebuilt(room: Room) -> None:
    """Its tables were dropped: it is shorter than the signed log and still grows."""
    for _ in range(3):
        room.receive()
    maker = room.maker()
    maker.make()
    follow = room.it.follows["log"]
    follow.model.replace_with(follow.model.next_generation())
    follow.projector.run_once("store", limit=2)
    assert maker.make() is None
    room.it.catch_up()
    room.receive()
    assert maker.make() is not None
    assert room.sizes() == [3, 4]


def test_nothing_is_signed_whose_event_is_not_in_the_store_any_more(
    room: Room, tmp_path: Path
) -> None:
    room.receive()
    maker = room.maker()
    maker.make()
    room.receive()
    with without_guards(tmp_path / "events.db") as connection:
        connection.execute("DELETE FROM stored_events WHERE rowid = 2")
    with pytest.raises(LogForkedError, match="leaf 1, position 2, is not in the store"):
        maker.make()
    assert room.sizes() == [1]


def test_without_its_key_a_log_that_was_signed_gets_no_other(room: Room, tmp_path: Path) -> None:
    room.receive()
    room.maker().make()
    (tmp_path / "log.key").unlink()
    room.receive()
    maker = room.maker()
    maker.prepare()
    with pytest.raises(NoLogKeyError):
        maker.make()


def test_the_first_key_is_made_where_nothing_was_ever_signed(room: Room, tmp_path: Path) -> None:
    (tmp_path / "log.key").unlink()
    room.maker().prepare()
    assert (tmp_path / "log.key").exists()


def test_another_origin_is_another_log(room: Room) -> None:
    room.receive()
    room.maker().make()
    with pytest.raises(OtherOriginError):
        room.maker(origin="other.example/log").make()


def test_who_was_silent_gets_every_checkpoint_later_and_each_once(room: Room) -> None:
    place, other = Place(silent=True), Place()
    maker = room.maker(place, other)
    for _ in range(2):
        room.receive()
        maker.make()
    place.silent = False
    maker.make()
    maker.make()
    assert [int(note.split("\n")[1]) for note in place.notes] == [1, 2]
    assert place.notes == other.notes


def test_a_file_keeps_every_checkpoint_and_gives_the_last(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "far" / "checkpoints.txt"
    place = CheckpointFile(path)
    maker = room.maker(place)
    room.receive()
    assert maker.make() is not None  # the directory does not exist: it is published later
    path.parent.mkdir()
    for _ in range(2):
        room.receive()
        maker.make()
    last = place.last()
    assert last == room.it.log.checkpoints.last()
    written = "\n".join(note for _, note in room.it.log.checkpoints.after(0))
    assert path.read_text(encoding="utf-8") == written


def signed_after_each(room: Room, maker: CheckpointMaker, *steps: tuple[int, int]) -> list[int]:
    """Let seconds pass and events arrive, step by step; return the last signed sizes."""
    sizes, waiting = list[int](), iter(steps)

    def wait(_: float) -> None:
        sizes.append(room.sizes()[-1])
        seconds, events = next(waiting)
        room.now[0] += timedelta(seconds=seconds)
        for _ in range(events):
            room.receive()

    room.receive()
    with pytest.raises(StopIteration):
        maker.run(lambda: False, wait, seconds=60, events=4)
    return sizes


def test_one_is_signed_at_once_then_after_seconds_or_events(room: Room) -> None:
    steps = [(0, 1), (5, 1), (5, 3), (59, 1), (2, 0)]
    assert signed_after_each(room, room.maker(), *steps) == [1, 1, 1, 6, 6, 7]


def test_after_one_that_took_long_it_rests_twenty_times_as_long(room: Room) -> None:
    class Slow(Place):
        def publish(self, note: str) -> None:
            room.now[0] += timedelta(seconds=10)
            super().publish(note)

    steps = [(100, 9), (99, 9), (2, 0)]
    assert signed_after_each(room, room.maker(Slow()), *steps) == [1, 1, 1, 19]
