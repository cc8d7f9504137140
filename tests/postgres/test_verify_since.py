"""What a daily run from a kept checkpoint on finds in PostgreSQL, and what it passes over."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.postgres.test_transparency_log_tampering import (  # noqa: F401  the very same installation
    Hand,
    at,
    changed_bytes,
    count,
    deleted,
    erase,
    hand,
    inserted_between,
    it,
    signed,
    sizes,
    swapped_bytes,
    truncated_with_the_log,
)
from tracker.cli.terminal.errors import CheckFailedError
from tracker.cli.verify.store import check_all, check_since
from tracker.container import Container

pytestmark = pytest.mark.system


@pytest.fixture
def kept(it: Container, tmp_path: Path) -> Path:  # noqa: F811
    """The checkpoint halfway, what came after it being one event and the next checkpoint."""
    note = it.log.checkpoints.of_size(sizes(it)[0])
    (tmp_path / "kept.txt").write_text(str(note))
    return tmp_path / "kept.txt"


def test_what_is_sound_passes_past_a_gap_in_the_positions(
    it: Container,  # noqa: F811
    kept: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, new = sizes(it)
    after, last = check_since(it, kept)
    assert after == at_leaf(it, old - 1)
    assert last == str(it.log.checkpoints.of_size(new))
    assert f"events: {new - old} since then" in capsys.readouterr().out


def at_leaf(it: Container, leaf: int) -> int:  # noqa: F811
    found = it.log.leaves.leaf(leaf)
    assert found
    return found.position


def the_last_event_changed(hand: Hand) -> None:  # noqa: F811
    hand.execute(
        "UPDATE stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'),"
        " 'by law', 'by_law'), 'UTF8') WHERE notification_id = %s",
        (at(hand, count(hand) - 1),),
    )


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (the_last_event_changed, "an event that is not the one that was logged"),
        (inserted_between, "columns that contradict the bytes"),
        (truncated_with_the_log, "a checkpoint of more leaves than the log has"),
        (deleted, "more or fewer events in the store than were logged"),
    ],
)
def test_damage_is_found(
    harm: Callable[[Hand], object],
    said: str,
    it: Container,  # noqa: F811
    hand: Hand,  # noqa: F811
    kept: Path,
) -> None:
    harm(hand)
    with pytest.raises(CheckFailedError, match=said):
        check_since(it, kept)


@pytest.mark.parametrize("harm", [changed_bytes, swapped_bytes])
def test_older_bytes_changed_in_place_are_for_the_full_scan(
    harm: Callable[[Hand], object],
    it: Container,  # noqa: F811
    hand: Hand,  # noqa: F811
    kept: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    harm(hand)
    check_since(it, kept)
    assert "Not read again" in capsys.readouterr().out
    with pytest.raises(CheckFailedError):
        check_all(it)
