from datetime import UTC, datetime

import pytest

from tracker.domain.transparency_log.checkpoint import BadCheckpointError, Checkpoint

CHECKPOINT = Checkpoint(
    origin="center.example/log",
    size=7,
    root=bytes(range(32)),
    heads=3,
    heads_root=bytes(32),
    made_at=datetime(2026, 11, 24, 5, tzinfo=UTC),
)
TEXT = (
    "center.example/log\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    "heads 3 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmade 2026-11-24T05:00:00+00:00\n"
)


def test_a_checkpoint_is_the_text_of_c2sp_with_our_two_lines() -> None:
    assert CHECKPOINT.text == TEXT
    assert Checkpoint.parse(TEXT) == CHECKPOINT


@pytest.mark.parametrize(
    ("was", "is_"),
    [
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\nseven\n"),
        ("AAEC", "AAE"),
        ("AAEC", "A?EC"),
        ("heads 3", "heads"),
        ("heads 3", "feet 3"),
        ("made ", "made  "),
        ("+00:00\n", "+00:00\nmore\n"),
        ("+00:00\n", "+00:00"),
        ("2026-11-24T05", "yesterday"),
    ],
)
def test_any_other_text_is_refused(was: str, is_: str) -> None:
    with pytest.raises(BadCheckpointError):
        Checkpoint.parse(TEXT.replace(was, is_))
