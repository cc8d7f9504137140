"""Without Kafka: an older events.db is restored next to newer files of the data directory."""

import shutil
from pathlib import Path

import pytest

from tests.serving import serving, tracker, tracker_apart

pytestmark = [pytest.mark.system]
STAFF = ("--role", "staff", "--actor", "c-1", "--office", "CN05")
DECISION = "Ổ đĩa hỏng, biên bản 7/BB"


@pytest.fixture
def old(tmp_path: Path) -> tuple[Path, str]:
    """A data directory whose events.db is a backup from before two of its four intakes."""
    data_dir, backup = tmp_path / "var", tmp_path / "backup.db"
    key = tracker(data_dir, "keys", "make", *STAFF).stdout.strip()
    for stop in (2, 4):
        with serving(data_dir) as service:
            for number in range(stop - 2, stop):
                assert service.take_in(key, f"s-{number}") == 201
            service.wait_until_read()
            service.process.terminate()
            assert service.ended()[0] == 0
        if stop == 2:
            shutil.copy(data_dir / "events.db", backup)
    for file in data_dir.glob("events.db*"):
        file.unlink()
    shutil.copy(backup, data_dir / "events.db")
    return data_dir, key


def test_nothing_starts_or_writes_and_two_sentences_say_what_to_do(
    old: tuple[Path, str], tmp_path: Path
) -> None:
    data_dir, _ = old
    for command in (["serve", "--port", "0"], ["erase", "H26", "--basis", "b", "--yes"]):
        done = tracker_apart(data_dir, *command)
        assert done.returncode == 1
        said = done.stderr.splitlines()[-1]
        assert said.startswith("Error: The event store is older than its own past: ")
        assert "Put the newer database back, or record the loss with 'tracker restore" in said
    assert tracker(data_dir, "rebuild", "--replace").returncode == 1


def test_after_the_decision_it_goes_on_and_gives_no_code_again(old: tuple[Path, str]) -> None:
    data_dir, key = old
    accept = ("restore", "--accept-old-backup", "--decision", DECISION, "--by", "Bà Giám đốc")
    accepted = tracker(data_dir, *accept)
    assert accepted.returncode == 0
    assert "Accepted as lost: The read model" in accepted.stderr
    assert "The store is in epoch 1 now" in accepted.stdout
    assert tracker(data_dir, "rebuild", "--replace").returncode == 0
    with serving(data_dir) as service:
        assert service.take_in(key, "s-2") == 201
        service.wait_until_read()
        service.process.terminate()
        assert service.ended()[0] == 0
    verified = tracker(data_dir, "verify")
    assert verified.returncode == 0
    assert f"decided by Bà Giám đốc: {DECISION}" in verified.stdout
    out = data_dir / "out"
    assert tracker(data_dir, "export", str(out), "--format", "ndjson").returncode == 0
    codes = {
        line.split('"code":"')[1].split('"')[0]
        for line in (out / "events.ndjson").read_text().splitlines()
    }
    assert len(codes) == 3
    assert sum(code.endswith("-1000000") for code in codes) == 1
    again = tracker(data_dir, *accept)
    assert "The store is in epoch 2 now" in again.stdout


@pytest.mark.parametrize("words", [["restore"], ["restore", "--from-kafka", "--accept-old-backup"]])
def test_a_restore_says_which_it_is(old: tuple[Path, str], words: list[str]) -> None:
    assert tracker(old[0], *words).returncode == 2
    unsaid = tracker(old[0], "restore", "--accept-old-backup")
    assert (unsaid.returncode, "--decision" in unsaid.stderr) == (2, True)
