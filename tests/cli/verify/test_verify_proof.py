"""The stand-alone verifier, offline, on valid and on damaged proof files."""

import base64
import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tracker.adapters.notary.ed25519 import Notary
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.settings import Settings
from tracker.verifier import verify_proof

VERIFIER = Path(verify_proof.__file__)
NEEDED = ("cryptography", "cffi", "_cffi_backend", "pycparser")
MISSING = "H26.99-261122-0042"


@dataclass
class Desk:
    """A citizen with a public key, an old checkpoint and a proof."""

    container: Container
    key: str
    kept: str
    code: str
    old: dict[str, Any]

    def proof(self, code: str = "", since: int | None = None) -> dict[str, Any]:
        return self.container.log.prover.prove(code or self.code, since=since)


@pytest.fixture(scope="module")
def desk(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A log with two checkpoints and events between them."""
    data_dir = tmp_path_factory.mktemp("desk") / "var"
    shutil.copytree(filled, data_dir)
    with open_container(Settings(data_dir=data_dir)) as container:
        yield _desk(container)


def _desk(container: Container) -> Desk:
    container.log.maker.prepare()
    container.log.maker.make()
    kept = str(container.log.prover.checkpoint())
    code = next(code for code in container.look_up.samples(20) if _steps(container, code) > 4)
    other = next(one for one in container.look_up.samples(20) if one != code)
    old = container.log.prover.prove(code)
    administrator = Actor(Role.ADMINISTRATOR, "adm-1")
    container.tracker.erase_personal_data(administrator, other, event_id="er-1", basis="by law")
    container.catch_up()
    assert container.log.maker.make() is not None
    (key,) = container.log.notary.public_keys()
    return Desk(container, str(key), kept, code, old)


def _steps(container: Container, code: str) -> int:
    return len(container.tracker.store.select_events(dossier_id(code)))


Verify = Callable[..., tuple[int, str]]


@pytest.fixture
def verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verify:
    """Run the verifier in this process on a proof; return its exit code and output."""

    def run(proof: object, key: str, *more: str, lang: str = "en") -> tuple[int, str]:
        path = tmp_path / "proof.json"
        path.write_text(proof if isinstance(proof, str) else json.dumps(proof), encoding="utf-8")
        arguments = ["verify_proof.py", str(path), "--key", key, "--lang", lang, *more]
        monkeypatch.setattr(sys, "argv", arguments)
        capsys.readouterr()
        code = verify_proof.main()
        return code, capsys.readouterr().out

    return run


def alone(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier in an empty directory, in an interpreter with only `cryptography`."""
    only = directory / "only"
    only.mkdir()
    site = Path(sysconfig.get_path("purelib"))
    for one in site.iterdir():
        if one.name.split(".")[0] in NEEDED:
            (only / one.name).symlink_to(one)
    program = (
        "import runpy, sys; sys.path.append(sys.argv.pop(1));"
        " sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    bare = str(getattr(sys, "_base_executable", sys.executable))
    return subprocess.run(
        [bare, "-I", "-S", "-c", program, str(only), "verify_proof.py", *arguments],
        cwd=directory,
        env={},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_it_runs_alone_where_nothing_of_tracker_is(desk: Desk, tmp_path: Path) -> None:
    shutil.copy(VERIFIER, tmp_path)
    (tmp_path / "proof.json").write_text(json.dumps(desk.proof()), encoding="utf-8")
    done = alone(tmp_path, "proof.json", "--key", desk.key)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ĐÃ CHỨNG MINH.")
    assert desk.code in done.stdout


def test_a_proof_says_what_it_proves_and_what_it_does_not(desk: Desk, verify: Verify) -> None:
    proof = desk.proof()
    code, output = verify(proof, desk.key, "--code", desk.code)
    assert code == 0
    assert output.startswith(f"PROVEN. These {len(proof['events'])} events are the whole history")
    assert "NOT proven:" in output
    assert "that everybody is shown the same log" in output
    code, output = verify(proof, desk.key, lang="vi")
    assert code == 0
    assert "KHÔNG chứng minh:" in output


def test_that_there_is_no_such_dossier_is_proven_too(desk: Desk, verify: Verify) -> None:
    code, output = verify(desk.proof(MISSING), desk.key, "--code", MISSING)
    assert code == 0
    assert f"had no dossier {MISSING}" in output


def test_a_checkpoint_that_was_kept_is_continued(
    desk: Desk, verify: Verify, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(desk.kept + "\n", encoding="utf-8")
    size = int(desk.kept.splitlines()[1])
    code, output = verify(desk.proof(since=size), desk.key, "--checkpoint", str(kept))
    assert code == 0
    assert "The log continues the checkpoint you kept" in output
    code, output = verify(desk.proof(), desk.key, "--checkpoint", str(kept))
    assert (code, f"ask for it with since={size}" in output) == (1, True)


def test_a_proof_older_than_the_checkpoint_that_was_kept_is_refused(
    desk: Desk, verify: Verify, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(str(desk.container.log.prover.checkpoint()), encoding="utf-8")
    assert verify(desk.old, desk.key)[0] == 0
    code, output = verify(desk.old, desk.key, "--checkpoint", str(kept))
    assert (code, output) == (1, "REFUSED: the proof is older than the checkpoint you kept.\n")


def test_an_older_checkpoint_under_a_newer_proof_is_refused(desk: Desk, verify: Verify) -> None:
    code, output = verify(desk.proof() | {"checkpoint": desk.kept}, desk.key)
    assert code == 1
    assert "event 1 is not in the log" in output


def test_heads_that_deny_a_dossier_whose_events_are_there_are_refused(desk: Desk) -> None:
    """Return heads as a dishonest signer could make them who omits dossiers."""
    absent, key = desk.proof(MISSING), verify_proof.read_key(desk.key)
    signed = verify_proof.read_checkpoint(absent["checkpoint"], key)
    missing = dossier_id(MISSING)
    assert not verify_proof.check_complete(absent, missing, (0, None, bytes(32)), signed)
    with pytest.raises(verify_proof.Refused, match="whether the dossier is there"):
        verify_proof.check_complete(absent, missing, (1, 0, bytes(32)), signed)


def test_a_log_that_was_rewritten_since_is_refused(
    desk: Desk, verify: Verify, tmp_path: Path
) -> None:
    """The operator can sign anything, but cannot change a checkpoint that another person kept."""
    said = Checkpoint.parse(desk.kept.rpartition("\n\n")[0] + "\n")
    other = Checkpoint(**(vars(said) | {"root": bytes(32)}))
    kept = tmp_path / "kept.txt"
    kept.write_text(str(desk.container.log.notary.sign(other.text)), encoding="utf-8")
    proof = desk.proof(since=said.size)
    code, output = verify(proof, desk.key, "--checkpoint", str(kept))
    assert (code, output) == (1, "REFUSED: the log was rewritten since the kept checkpoint.\n")


Spoil = Callable[[dict[str, Any]], None]


def in_event(number: int, was: str, is_: str) -> Spoil:
    def spoil(proof: dict[str, Any]) -> None:
        event = proof["events"][number]
        assert was in event["state"]
        event["state"] = event["state"].replace(was, is_, 1)

    return spoil


def without_the_last(proof: dict[str, Any]) -> None:
    del proof["events"][-1]


def without_the_first(proof: dict[str, Any]) -> None:
    del proof["events"][0]


def without_one_between(proof: dict[str, Any]) -> None:
    del proof["events"][2]


def swapped(proof: dict[str, Any]) -> None:
    events = proof["events"]
    events[1], events[2] = events[2], events[1]


def twice(proof: dict[str, Any]) -> None:
    proof["events"].insert(2, proof["events"][2])


def another_name(proof: dict[str, Any]) -> None:
    proof["events"][1]["topic"] = "dossier.decided.v2"


def another_leaf(proof: dict[str, Any]) -> None:
    proof["events"][1]["leaf"] += 1


def another_link(proof: dict[str, Any]) -> None:
    proof["events"][1]["previous"] += 1


def a_cut_path(proof: dict[str, Any]) -> None:
    del proof["events"][1]["path"][-1]


def a_changed_path(proof: dict[str, Any]) -> None:
    path = proof["events"][1]["path"]
    path[0] = base64.b64encode(bytes(32)).decode()


def a_head_of_fewer(proof: dict[str, Any]) -> None:
    proof["heads"][0]["version"] -= 1


def no_head(proof: dict[str, Any]) -> None:
    proof["heads"] = []


def nothing_at_all(proof: dict[str, Any]) -> None:
    proof["events"] = []


def another_size(proof: dict[str, Any]) -> None:
    size = proof["checkpoint"].splitlines()[1]
    proof["checkpoint"] = proof["checkpoint"].replace(f"\n{size}\n", f"\n{int(size) + 1}\n")


def another_code(proof: dict[str, Any]) -> None:
    proof["code"] = MISSING


def no_signature(proof: dict[str, Any]) -> None:
    proof["checkpoint"] = proof["checkpoint"].rpartition("\n\n")[0] + "\n"


def a_missing_part(proof: dict[str, Any]) -> None:
    del proof["heads"][0]["chain"]


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (in_event(0, "event_id", "event_ld"), "event 1 is not in the log"),
        (in_event(3, '"originator_version":4', '"originator_version":5'), "event 4 is not in the"),
        (another_name, "event 2 is not in the log"),
        (another_leaf, "event 2 is not in the log"),
        (a_cut_path, "event 2 is not in the log"),
        (a_changed_path, "event 2 is not in the log"),
        (without_the_first, "event 1 of this dossier is missing"),
        (without_one_between, "event 3 of this dossier is missing"),
        (swapped, "event 2 of this dossier is missing"),
        (twice, "event 4 of this dossier is missing"),
        (another_link, "event 2 does not name the one before it"),
        (without_the_last, "and these are not all of them"),
        (nothing_at_all, "and these are not all of them"),
        (a_head_of_fewer, "a dossier's head is not the one that was signed"),
        (no_head, "it is not shown whether the dossier is there"),
        (another_code, "it is the proof of another dossier"),
        (another_size, "the checkpoint is not signed with this key"),
        (no_signature, "the file is damaged or cut off"),
        (a_missing_part, "the file is damaged or cut off"),
    ],
)
def test_a_spoilt_proof_is_refused_and_what_is_wrong_is_named(
    desk: Desk, verify: Verify, spoil: Spoil, named: str
) -> None:
    proof = desk.proof()
    assert verify(proof, desk.key)[0] == 0
    spoil(proof)
    code, output = verify(proof, desk.key)
    assert code == 1
    assert output.startswith("REFUSED: ")
    assert named in output


def test_every_changed_byte_of_an_event_is_refused(desk: Desk) -> None:
    proof, key = desk.proof(), verify_proof.read_key(desk.key)
    state = proof["events"][1]["state"]
    for at in range(0, len(state), 3):
        other = "x" if state[at] != "x" else "y"
        proof["events"][1]["state"] = state[:at] + other + state[at + 1 :]
        with pytest.raises(verify_proof.Refused, match="event 2 is not in the log"):
            verify_proof.verify(proof, key)


def test_a_file_that_was_cut_off_is_refused(desk: Desk, verify: Verify) -> None:
    whole = json.dumps(desk.proof())
    for part in (whole[:-1], whole[: len(whole) // 2], "", "[]", "null", "{}"):
        assert verify(part, desk.key) == (1, "REFUSED: the file is damaged or cut off.\n")


def test_another_key_is_refused(desk: Desk, verify: Verify, tmp_path: Path) -> None:
    other = str(Notary(tmp_path / "other.key", "tracker.local/log").make_key())
    code, output = verify(desk.proof(), other)
    assert (code, output) == (1, "REFUSED: the checkpoint is not signed with this key.\n")


def test_the_absence_of_a_dossier_that_is_there_cannot_be_made_up(
    desk: Desk, verify: Verify
) -> None:
    absent, there = desk.proof(MISSING), desk.proof()
    for heads in (absent["heads"], there["heads"], absent["heads"][:1]):
        code, output = verify(there | {"events": [], "heads": heads}, desk.key)
        assert code == 1, output


def test_two_neighbours_that_are_not_side_by_side_prove_no_absence(
    desk: Desk, verify: Verify
) -> None:
    absent = desk.proof(MISSING)
    left, right = absent["heads"]
    others = [desk.proof(code)["heads"][0] for code in desk.container.look_up.samples(20)]
    lower = [one for one in others if one["dossier_id"] < left["dossier_id"]]
    higher = [one for one in others if one["dossier_id"] > right["dossier_id"]]
    for heads in ([lower[0], right], [left, higher[0]], [left], [right]):
        code, output = verify(absent | {"heads": heads}, desk.key)
        assert (code, output) == (1, "REFUSED: it is not shown whether the dossier is there.\n")


def test_a_witness_that_did_not_sign_is_missed(desk: Desk, verify: Verify) -> None:
    code, output = verify(desk.proof(), desk.key, "--witness", desk.key)
    assert code == 0
    assert "Witnesses who signed the same checkpoint: tracker.local/log." in output
    witness = "witness+" + desk.key.split("+", 1)[1]
    with pytest.raises(SystemExit):
        verify(desk.proof(), desk.key, "--witness", witness)


def test_wrong_usage_ends_with_2(verify: Verify) -> None:
    with pytest.raises(SystemExit) as ended:
        verify("{}", "no key")
    assert ended.value.code == 2
