"""No code number is issued twice, whichever backup is restored."""

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.adapters.files.last_epoch import BadEpochFileError, LastEpochFile
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.service_tables.code_blocks import SqlCodeBlocks
from tracker.adapters.sql.service_tables.service_tables import create_service_tables
from tracker.adapters.sql.service_tables.store_epochs import SqlStoreEpochs
from tracker.application.recovery.epochs import Epoch, next_epoch
from tracker.domain.dossier.codes import MAX_SEQUENCE, CodeBlock, CodesUsedUpError
from tracker.domain.dossier.store_epochs import DAYS_AHEAD, MOST_EPOCHS, numbers_of, range_of

START = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
"""Half past eleven at night in Hanoi."""

ACTIONS = st.one_of(
    st.tuples(st.just("lease"), st.integers(-40, DAYS_AHEAD), st.integers(1, 200)),
    st.tuples(st.just("give back"), st.integers(1, 5), st.just(0)),
    st.tuples(st.just("back up"), st.just(0), st.just(0)),
    st.tuples(st.just("restore"), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("wait"), st.integers(1, 60), st.just(0)),
)


def epoch(number: int, began_at: datetime) -> Epoch:
    return Epoch(
        number=number, began_at=began_at, head=7, seen=9, source="backup", by="me", decision="why"
    )


@dataclass
class Machine:
    """A SQLite store with the file of its last epoch; tests back it up and restore it."""

    directory: Path
    now: datetime = START
    backups: list[Path] = field(default_factory=list)
    handed_out: Counter[tuple[date, int]] = field(default_factory=Counter)

    @property
    def store(self) -> Path:
        return self.directory / "events.db"

    def run(self, action: str, first: int, second: int) -> None:
        engine = open_engine(f"sqlite:///{self.store}")
        create_service_tables(engine)
        blocks = SqlCodeBlocks(engine)
        try:
            match action:
                case "lease":
                    local = (self.now + timedelta(hours=7)).date()
                    self._lease(blocks, local + timedelta(days=first), second)
                case "give back":
                    block = self._lease(blocks, self.now.date(), first)
                    blocks.record_unused(block.id, range(block.first, block.last + 1))
                case "back up":
                    engine.dispose()
                    copy = self.directory / f"backup-{len(self.backups)}.db"
                    shutil.copy(self.store, copy)
                    self.backups.append(copy)
                case "restore" if self.backups:
                    engine.dispose()
                    self._restore(self.backups[first % len(self.backups)])
                case "wait":
                    self.now += timedelta(hours=first)
        finally:
            engine.dispose()

    def _lease(self, blocks: SqlCodeBlocks, day: date, size: int) -> CodeBlock:
        block = blocks.lease(
            agency="H26.05", day=day, size=size, leased_to="tablet", leased_at=self.now
        )
        self.handed_out.update((day, number) for number in range(block.first, block.last + 1))
        return block

    def _restore(self, backup: Path) -> None:
        for file in self.directory.glob("events.db*"):
            file.unlink()
        shutil.copy(backup, self.store)
        engine = open_engine(f"sqlite:///{self.store}")
        epochs = SqlStoreEpochs(engine)
        number = next_epoch(epochs, LastEpochFile(self.directory / "store.epoch"), 0)
        epochs.add(epoch(number, self.now))
        engine.dispose()


@given(st.lists(ACTIONS, min_size=4, max_size=16))
@settings(max_examples=30, deadline=None)
def test_no_number_is_handed_out_twice_whatever_backup_is_put_back(
    actions: list[tuple[str, int, int]],
) -> None:
    with tempfile.TemporaryDirectory() as made:
        machine = Machine(Path(made))
        for action in [("back up", 0, 0), *actions, ("restore", 0, 0), ("lease", 0, 9)]:
            machine.run(*action)
    assert [code for code, times in machine.handed_out.items() if times > 1] == []


def test_the_same_backup_put_back_twice_begins_two_epochs(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.run("back up", 0, 0)
    for _ in range(3):
        machine.run("lease", 0, 9)
        machine.run("restore", 0, 0)
    assert len(machine.handed_out) == 27
    assert set(machine.handed_out.values()) == {1}


def test_the_ranges_of_all_epochs_are_apart_and_within_seven_digits() -> None:
    ranges = [range_of(number) for number in range(MOST_EPOCHS + 1)]
    assert ranges[0].first == 1
    assert ranges[-1].last == MAX_SEQUENCE
    assert all(before.last + 1 == after.first for before, after in pairwise(ranges))
    assert min(block.last - block.first + 1 for block in ranges) > 99_000
    beyond = range_of(MOST_EPOCHS + 1)
    assert beyond.last < beyond.first


@pytest.mark.parametrize(
    ("days_after", "first"), [(-400, 1_100_000), (0, 1_100_000), (8, 1_100_000), (9, 1)]
)
def test_days_that_no_lost_store_could_know_begin_at_1(days_after: int, first: int) -> None:
    began = date(2026, 11, 22)
    epochs = [(1, date(2026, 3, 1)), (2, began)]
    assert numbers_of(began + timedelta(days=days_after), epochs).first == first


def test_after_too_many_restores_an_old_day_gets_no_number_at_all(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'events.db'}")
    create_service_tables(engine)
    SqlStoreEpochs(engine).add(epoch(MOST_EPOCHS + 1, START))
    blocks = SqlCodeBlocks(engine)
    with pytest.raises(CodesUsedUpError):
        blocks.lease(agency="H", day=START.date(), size=1, leased_to="me", leased_at=START)
    later = START.date() + timedelta(days=30)
    assert blocks.lease(agency="H", day=later, size=1, leased_to="me", leased_at=START).first == 1
    engine.dispose()


def test_the_number_of_the_last_epoch_survives_in_its_file(tmp_path: Path) -> None:
    kept = LastEpochFile(tmp_path / "store.epoch")
    assert kept.read() == 0
    kept.write(12)
    assert LastEpochFile(tmp_path / "store.epoch").read() == 12
    assert (tmp_path / "store.epoch").stat().st_mode & 0o777 == 0o600
    (tmp_path / "store.epoch").write_text("twelve")
    with pytest.raises(BadEpochFileError):
        kept.read()
