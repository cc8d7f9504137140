"""A daily check since a kept checkpoint on PostgreSQL: what it finds and what it skips."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.postgres.tampering import (
    Superuser,
    changed_bytes,
    deleted,
    inserted_between,
    leaf_count,
    position_of,
    sizes,
    swapped_bytes,
    truncated_with_the_log,
)
from tracker.cli.terminal.errors import CheckFailedError
from tracker.cli.verify.store import check_all, check_since
from tracker.container import Container

pytestmark = pytest.mark.system


@pytest.fixture
def kept(container: Container, tmp_path: Path) -> Path:
    """Return the file of the checkpoint halfway. One event and one checkpoint come after it."""
    note = container.log.checkpoints.of_size(sizes(container)[0])
    (tmp_path / "kept.txt").write_text(str(note))
    return tmp_path / "kept.txt"


def test_an_undamaged_store_with_a_gap_in_its_positions_passes(
    container: Container,
    kept: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, new = sizes(container)
    after, last = check_since(container, kept)
    assert after == position_of_leaf(container, old - 1)
    assert last == str(container.log.checkpoints.of_size(new))
    assert f"events: {new - old} since then" in capsys.readouterr().out


def position_of_leaf(container: Container, leaf: int) -> int:
    row = container.log.leaves.leaf(leaf)
    assert row
    return row.position


def the_last_event_changed(superuser: Superuser) -> None:
    superuser.execute(
        "UPDATE stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'),"
        " 'by law', 'by_law'), 'UTF8') WHERE notification_id = %s",
        (position_of(superuser, leaf_count(superuser) - 1),),
    )


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (the_last_event_changed, "an event that is not the one that was logged"),
        (inserted_between, "columns that contradict the bytes"),
        (truncated_with_the_log, "a checkpoint of more leaves than the log has"),
        (deleted, "more or fewer events in the store than leaves"),
    ],
)
def test_damage_is_found(
    harm: Callable[[Superuser], object],
    message: str,
    container: Container,
    superuser: Superuser,
    kept: Path,
) -> None:
    harm(superuser)
    with pytest.raises(CheckFailedError, match=message):
        check_since(container, kept)


@pytest.mark.parametrize("harm", [changed_bytes, swapped_bytes])
def test_only_the_full_check_finds_older_bytes_changed_in_place(
    harm: Callable[[Superuser], object],
    container: Container,
    superuser: Superuser,
    kept: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    harm(superuser)
    check_since(container, kept)
    assert "Not read again" in capsys.readouterr().out
    with pytest.raises(CheckFailedError):
        check_all(container)
