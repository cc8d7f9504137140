"""After an old backup is restored, nothing is written until the restore is recorded."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.application.service_desk import (
    ADMINISTRATOR,
    CLERK,
    TODAY,
    Hands,
    ServiceDesk,
)
from tests.cli.tampering import without_guards
from tracker.adapters.files.checkpoints import CheckpointFile
from tracker.application.audit.checkpoints import LogForkedError
from tracker.application.commands.envelope import Envelope
from tracker.application.ports import StoreUnavailableError
from tracker.application.recovery.epochs import Epoch
from tracker.application.recovery.store_past import SilentPlaceError, StoreBehindError, StorePast
from tracker.bootstrap import open_container
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.notes import Note
from tracker.settings import Settings

STORE, VIEWS, SIGNED = "events.db", "views.db", "signed"


@contextmanager
def opened(directory: Path) -> Iterator[ServiceDesk]:
    settings = Settings(data_dir=directory, log_checkpoint_file=directory / SIGNED)
    with open_container(settings, Hands()) as it:
        yield ServiceDesk(it, Hands())


def sign(desk: ServiceDesk) -> None:
    desk.at.catch_up()
    desk.at.log.maker.prepare()
    assert desk.at.log.maker.make() is not None


def put_back(backup: Path, directory: Path, *files: str) -> None:
    for name in files:
        for old in directory.glob(f"{name}*"):
            old.unlink()
        if (backup / name).exists():
            shutil.copy(backup / name, directory / name)


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """A data directory with seven events, six of them signed, and its backup after three."""
    directory, backup = tmp_path / "var", tmp_path / "backup"
    with opened(directory) as desk:
        for number in range(3):
            desk.take_in(event_id=f"kept-{number}")
        sign(desk)
    shutil.copytree(directory, backup)
    with opened(directory) as desk:
        for number in range(3):
            desk.take_in(event_id=f"lost-{number}")
        sign(desk)
        desk.take_in(event_id="lost-unsigned")
        desk.at.catch_up()
    return directory, backup


def assert_refused(desk: ServiceDesk, says: str) -> None:
    before = len(desk.everything())
    code = desk.everything()[0].code
    posts = [Envelope(CLERK, desk.intake(event_id=f"new-{number}")) for number in range(2)]
    with pytest.raises(StoreBehindError, match=says):
        desk.handle(*posts)
    with pytest.raises(StoreBehindError, match=says):
        desk.post(CLERK, code=code, step="complained", text="?")
    with pytest.raises(StoreBehindError, match=says):
        desk.at.erasure.erase(ADMINISTRATOR, code, event_id="e", basis="b")
    with pytest.raises(StoreBehindError, match=says):
        desk.at.blocks.lease(
            agency="H26.05", day=TODAY.date(), size=1, leased_to="t", leased_at=TODAY
        )
    assert len(desk.everything()) == before
    assert desk.history(code)
    assert desk.at.reader.whole(CLERK, code).dossier.code == code


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([STORE], "read model .* holds event 7, and the store ends at 3"),
        ([STORE, VIEWS], "6 events were signed, and the store has 3"),
        ([VIEWS], ""),
        ([SIGNED], ""),
        ([STORE, VIEWS, SIGNED], ""),
    ],
)
def test_what_is_older_than_the_rest_of_the_data_directory_is_detected(
    places: tuple[Path, Path], files: list[str], says: str
) -> None:
    directory, backup = places
    put_back(backup, directory, *files)
    with opened(directory) as desk:
        if says:
            assert_refused(desk, says)
        else:
            assert desk.take_in(event_id="new").version == 1


@pytest.mark.parametrize(
    ("newer", "says"),
    [
        ([VIEWS], "The log holds event 9, and the store has another there"),
        ([VIEWS, SIGNED], "The log holds event 9, and the store has another there"),
        ([SIGNED], "6 events were signed, and the log's first 6 are others"),
    ],
)
def test_a_past_of_the_same_length_but_with_other_events_is_detected(
    places: tuple[Path, Path], tmp_path: Path, newer: list[str], says: str
) -> None:
    directory, backup = places
    with opened(directory) as desk:
        for number in range(2):
            desk.take_in(event_id=f"more-{number}")
        desk.at.catch_up()
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(backup, elsewhere)
    with opened(elsewhere) as desk:
        for number in range(6):
            desk.take_in(event_id=f"other-{number}")
        desk.at.catch_up()
        assert len(desk.everything()) == 9
    put_back(directory, elsewhere, *newer)
    with opened(elsewhere) as desk:
        assert_refused(desk, says)


def lose(directory: Path, after: int) -> None:
    """Delete the newest events while the store is open."""
    with without_guards(directory / STORE) as connection:
        connection.execute("DELETE FROM stored_events WHERE rowid > ?", (after,))
        connection.execute("DELETE FROM requests WHERE position > ?", (after,))


def test_a_store_that_is_put_back_under_a_running_service_acknowledges_nothing(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as desk:
        for number in range(4):
            desk.take_in(event_id=f"seen-{number}")
        lose(tmp_path, 2)
        with pytest.raises(StoreBehindError, match="saw event 4, and then the store ended at 2"):
            desk.take_in(event_id="new")
        assert_refused(desk, "saw event 4")
        assert not desk.at.past.look()
        record(desk, 1)
        assert desk.at.past.look()
        assert desk.take_in(event_id="after").version == 1


def test_a_look_finds_that_the_store_was_put_back_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as desk:
        for number in range(4):
            desk.take_in(event_id=f"seen-{number}")
        lose(tmp_path, 2)
        assert not desk.at.past.look()
        assert_refused(desk, "saw event 4, and then the store ended at 2")


def record(desk: ServiceDesk, number: int, *lost: str) -> None:
    desk.at.epochs.add(
        Epoch(
            number=number,
            began_at=TODAY,
            head=desk.at.scan.head(),
            seen=99,
            source="backup",
            by="me",
            decision="why",
            kept_checkpoint=3,
            lost_checkpoints=lost,
        )
    )


def test_after_the_loss_was_recorded_all_goes_on_and_checkpoints_are_published_again(
    places: tuple[Path, Path],
) -> None:
    directory, backup = places
    put_back(backup, directory, STORE, VIEWS)
    with opened(directory) as desk:
        assert_refused(desk, "6 events were signed")
        with pytest.raises(LogForkedError):
            desk.at.log.maker.make()
        lost = CheckpointFile(directory / SIGNED).last()
        record(desk, 1, str(lost))
        assert desk.at.past.look()
        assert desk.take_in(event_id="new").position == 4
        sign(desk)
        assert size_of(CheckpointFile(directory / SIGNED).last()) == 4
        for number in range(4):
            desk.take_in(event_id=f"new-{number}")
        sign(desk)
        assert size_of(CheckpointFile(directory / SIGNED).last()) == 8


def size_of(note: Note | None) -> int:
    assert note
    return Checkpoint.parse(note.text).size


class Remembers:
    """A place with the answer that a test wants."""

    name = "the place"

    def __init__(self) -> None:
        self.says: str | Exception = ""

    def ahead(self) -> str:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def past_of(place: Remembers) -> StorePast:
    return StorePast([place], head=lambda: 0, epoch=lambda: 0, what_to_do="Restore it.")


def test_a_place_that_cannot_be_asked_stops_nothing_and_is_asked_again() -> None:
    place = Remembers()
    past = past_of(place)
    place.says = SilentPlaceError()
    past.check()
    assert past.silent() == {"the place"}
    place.says = "It holds 9."
    assert not past.look()
    with pytest.raises(StoreBehindError, match=r"It holds 9\. Restore it\."):
        past.check()
    place.says = SilentPlaceError()
    assert not past.look()
    place.says = ""
    assert past.look()
    past.check()


def test_a_store_that_does_not_answer_is_asked_again_before_the_first_write() -> None:
    place = Remembers()
    answers: list[Exception] = [StoreUnavailableError()]

    def head() -> int:
        if answers:
            raise answers.pop()
        return 0

    past = StorePast([place], head=head, epoch=lambda: 0, what_to_do="Restore it.")
    place.says = "It holds 9."
    with pytest.raises(StoreUnavailableError):
        past.check()
    with pytest.raises(StoreBehindError):
        past.check()


def test_writers_side_by_side_are_not_taken_for_a_store_that_went_back() -> None:
    past = past_of(Remembers())
    first, second = past.begin(), past.begin()
    past.stored(second, [2, 3])
    past.stored(first, [1])
    assert past.begin() == 3
    with pytest.raises(StoreBehindError):
        past.stored(3, [3])
