"""Signed notes and keys, compared with C2SP's published examples."""

import pytest

from tracker.domain.transparency_log.notes import (
    Algorithm,
    BadKeyError,
    BadNoteError,
    Note,
    PublicKey,
    cosigned,
)

NOTE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
PUBLISHED = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


def test_a_published_note_is_parsed_and_written_unchanged() -> None:
    note = Note.parse(NOTE)
    assert str(note) == NOTE
    assert note.text.splitlines()[1] == "20852163"
    (signature,) = note.signatures
    assert (signature.name, signature.key_id.hex()) == ("example.com/behind-the-sofa", "033de0ae")
    assert len(signature.signed) == 64


def test_a_published_key_is_read_and_written_as_it_was() -> None:
    key = PublicKey.parse(PUBLISHED)
    assert (key.name, key.id.hex(), key.algorithm) == (
        "sum.golang.org",
        "033de0ae",
        Algorithm.ED25519,
    )
    assert str(key) == PUBLISHED


def test_a_key_for_cosigning_is_another_key() -> None:
    key = PublicKey("w", bytes(32))
    assert PublicKey("w", bytes(32), Algorithm.COSIGNATURE).id != key.id


def test_what_a_witness_signs_is_the_text_with_a_time_before_it() -> None:
    assert cosigned("log\n1\nroot\n", 1679315147) == (
        b"cosignature/v1\ntime 1679315147\nlog\n1\nroot\n"
    )


@pytest.mark.parametrize(
    "text",
    ["", "a", "a+b", "a+033de0ae+", PUBLISHED.replace("033de0ae", "033de0af"), PUBLISHED[:-1]],
)
def test_an_invalid_key_is_refused(text: str) -> None:
    with pytest.raises(BadKeyError):
        PublicKey.parse(text)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "text\n",
        "text\n\n",
        NOTE[:-1],
        NOTE.replace("—", "-"),
        NOTE.replace("/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=", "?"),
        NOTE.replace("example.com/behind-the-sofa A", "A"),
        "text\n\n— name AAAAAA==\n",
    ],
)
def test_an_invalid_note_is_refused(written: str) -> None:
    with pytest.raises(BadNoteError):
        Note.parse(written)
