"""`tracker log`: key, checkpoint, status, proof, cosignatures."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.cli.conftest import Run
from tracker.bootstrap import open_container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.transparency_log.notes import Algorithm, Note, PublicKey, Signature, cosigned
from tracker.settings import Settings


def test_a_key_is_made_once_and_changed_only_when_told_to(run: Run, demo: Path) -> None:
    first = run("log", "init")
    assert first.code == 0
    assert PublicKey.parse(first.out).name == "tracker.local/log"
    again = run("log", "init")
    assert (again.code, again.out) == (1, "")
    assert "--rotate" in again.err
    second = run("log", "init", "--rotate")
    status = run("log", "status")
    assert status.out.startswith(f"key {first.out}key {second.out}leaves ")


def test_a_checkpoint_is_signed_shown_and_verified(run: Run, demo: Path) -> None:
    made = run("log", "checkpoint")
    assert (made.code, made.err) == (0, "")
    assert run("log", "checkpoint").out == made.out
    assert run("log", "status").out.endswith(made.out)
    assert "1 signed checkpoints, all in order" in run("verify").out


def test_status_of_an_empty_log_says_so(run: Run, data_dir: Path) -> None:
    assert run("log", "status").out == "leaves 0 up to position 0\nno checkpoint yet\n"
    empty = run("log", "checkpoint")
    assert (empty.code, empty.out) == (1, "")
    assert "Nothing of the log is signed yet" in empty.err


def test_a_proof_is_printed_and_the_look_is_recorded(run: Run, demo: Path) -> None:
    run("log", "checkpoint")
    with open_container(Settings(data_dir=demo)) as container:
        code = container.look_up.samples(1)[0]
    proof = json.loads(run("log", "prove", code.lower()).out)
    assert proof["code"] == code
    assert proof["events"]
    since = run("log", "prove", code, "--since", "7")
    assert json.loads(since.out)["since"]["size"] == 7
    with open_container(Settings(data_dir=demo)) as container:
        looks = container.reader.readers(Actor(Role.AUDITOR, "a"), code)
    assert [look.what for look in looks] == ["proof", "proof"]


def test_a_proof_since_a_size_the_log_never_had_is_refused(run: Run, demo: Path) -> None:
    run("log", "checkpoint")
    refused = run("log", "prove", "H26-261118-0001", "--since", "99999999")
    assert (refused.code, refused.out) == (1, "")
    assert "never had this size" in refused.err


class Witness:
    """A witness that cosigns consistent checkpoints."""

    def __init__(self, name: str) -> None:
        self.private = Ed25519PrivateKey.generate()
        public = self.private.public_key().public_bytes_raw()
        self.key = PublicKey(name, public, Algorithm.COSIGNATURE)

    def cosign(self, written: str, at: int = 1_700_000_000) -> str:
        note = Note.parse(written)
        signed = at.to_bytes(8) + self.private.sign(cosigned(note.text, at))
        signature = Signature(self.key.name, self.key.id, signed)
        return str(Note(note.text, [*note.signatures, signature]))


@pytest.fixture
def witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Witness:
    made = Witness("witness.example/w1")
    known = tmp_path / "witnesses.txt"
    known.write_text(f"{made.key}\n", encoding="utf-8")
    monkeypatch.setenv("TRACKER_LOG_WITNESS_KEYS_FILE", str(known))
    return made


def test_a_known_witness_cosigns_and_its_signature_is_handed_out(
    run: Run, demo: Path, witness: Witness, tmp_path: Path
) -> None:
    ours = run("log", "checkpoint").out
    path = tmp_path / "cosigned.txt"
    for at in (1_700_000_000, 1_700_000_001):
        path.write_text(witness.cosign(ours, at), encoding="utf-8")
        taken = run("log", "cosign", str(path))
        assert (taken.code, taken.out) == (0, "Taken: witness.example/w1\n")
    status = run("log", "status").out
    assert status.endswith(path.read_text(encoding="utf-8"))
    assert run("verify").code == 0


def test_a_strangers_signature_and_a_strangers_checkpoint_are_refused(
    run: Run, demo: Path, witness: Witness, tmp_path: Path
) -> None:
    ours = run("log", "checkpoint").out
    path = tmp_path / "cosigned.txt"
    path.write_text(Witness("witness.example/w1").cosign(ours), encoding="utf-8")
    refused = run("log", "cosign", str(path))
    assert (refused.code, "No known witness signed" in refused.err) == (1, True)
    path.write_text(witness.cosign(ours.replace("heads", "heads ", 1)), encoding="utf-8")
    assert run("log", "cosign", str(path)).code == 1
    path.write_text(witness.cosign(ours.replace("\nmade 2", "\nmade 1")), encoding="utf-8")
    refused = run("log", "cosign", str(path))
    assert (refused.code, "no checkpoint of ours" in refused.err) == (1, True)


def test_without_known_witnesses_nothing_is_taken(run: Run, demo: Path, tmp_path: Path) -> None:
    path = tmp_path / "cosigned.txt"
    path.write_text(Witness("w").cosign(run("log", "checkpoint").out), encoding="utf-8")
    refused = run("log", "cosign", str(path))
    assert (refused.code, "TRACKER_LOG_WITNESS_KEYS_FILE" in refused.err) == (2, True)
