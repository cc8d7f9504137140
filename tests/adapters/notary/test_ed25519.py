"""Keys in files, and who signed a note."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tracker.adapters.notary.ed25519 import (
    LogKeyExistsError,
    NoLogKeyError,
    Notary,
    UnsignedNoteError,
    read_keys,
    signers,
)
from tracker.domain.transparency_log.notes import Algorithm, Note, PublicKey, Signature, cosigned

TEXT = "center.example/log\n7\nroot\n"


@pytest.fixture
def notary(tmp_path: Path) -> Notary:
    return Notary(tmp_path / "log.key", "center.example/log")


def test_only_its_owner_may_read_the_key(notary: Notary, tmp_path: Path) -> None:
    notary.make_key()
    assert stat.S_IMODE((tmp_path / "log.key").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.key", "log.key.pub"]


def test_a_key_is_not_made_over_another(notary: Notary) -> None:
    made = notary.make_key()
    with pytest.raises(LogKeyExistsError):
        notary.make_key()
    assert notary.public_keys() == [made]


def test_nothing_is_signed_without_a_key(notary: Notary) -> None:
    with pytest.raises(NoLogKeyError):
        notary.sign(TEXT)
    assert notary.public_keys() == []


def test_what_is_signed_is_known_again_and_anything_else_is_not(notary: Notary) -> None:
    notary.make_key()
    note = notary.sign(TEXT)
    notary.check(Note.parse(str(note)))
    (signature,) = note.signatures
    spoilt = bytes([signature.signed[0] ^ 1]) + signature.signed[1:]
    for other in (
        Note(TEXT.replace("7", "8"), note.signatures),
        Note(TEXT, [Signature(signature.name, signature.key_id, spoilt)]),
        Note(TEXT, [Signature(signature.name, signature.key_id, spoilt[:9])]),
        Note(TEXT, [Signature("other", signature.key_id, signature.signed)]),
        Note(TEXT),
    ):
        with pytest.raises(UnsignedNoteError):
            notary.check(other)


def test_what_an_old_key_signed_stays_checkable_after_a_change_of_keys(notary: Notary) -> None:
    old = notary.make_key()
    before = notary.sign(TEXT)
    new = notary.make_key(rotate=True)
    assert notary.public_keys() == [old, new]
    notary.check(before)
    assert [key for key, _ in signers(notary.sign(TEXT), [old, new])] == [new]


def test_a_key_of_another_log_is_not_known(notary: Notary, tmp_path: Path) -> None:
    notary.make_key()
    stranger = Notary(tmp_path / "other.key", "center.example/log")
    stranger.make_key()
    with pytest.raises(UnsignedNoteError):
        notary.check(stranger.sign(TEXT))


def test_a_witness_is_known_by_its_cosignature_and_the_time_in_it() -> None:
    private = Ed25519PrivateKey.generate()
    key = PublicKey("witness", private.public_key().public_bytes_raw(), Algorithm.COSIGNATURE)
    at = 1_679_315_147
    signed = at.to_bytes(8) + private.sign(cosigned(TEXT, at))
    lied = (at + 1).to_bytes(8) + signed[8:]
    assert signers(Note(TEXT, [Signature("witness", key.id, signed)]), [key])
    assert not signers(Note(TEXT, [Signature("witness", key.id, lied)]), [key])
    assert not signers(Note(TEXT + "x\n", [Signature("witness", key.id, signed)]), [key])


def test_no_file_of_keys_means_no_keys(tmp_path: Path) -> None:
    assert read_keys(tmp_path / "none") == []
