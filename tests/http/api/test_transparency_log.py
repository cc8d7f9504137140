"""The log over HTTP: public hashes, and proofs of a dossier for those who may read it."""

from base64 import b64decode
from pathlib import Path

import pytest

from tests.http.site import Site
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.merkle import check_consistency, check_inclusion
from tracker.domain.transparency_log.notes import Note
from tracker.verifier import verify_proof

MISSING = "H26.99-261120-0001"


def sign(site: Site) -> Checkpoint:
    site.caught_up()
    site.installation.log.maker.prepare()
    site.installation.log.maker.make()
    return Checkpoint.parse(Note.parse(site.get("/v1/log/checkpoint").text).text)


def unpacked(path: list[str]) -> list[bytes]:
    return [b64decode(text) for text in path]


@pytest.fixture
def key(site: Site) -> verify_proof.Key:
    return verify_proof.read_key(str(site.installation.log.notary.make_key()))


def test_before_anything_is_signed_that_is_said(site: Site) -> None:
    code = site.received()
    for path, who in (
        ("/v1/log/checkpoint", None),
        ("/v1/log/proof/inclusion?leaf=0", None),
        (f"/v1/dossiers/{code}/proof", "auditor"),
    ):
        answer = site.client.get(path, headers=site.shown(who))
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-checkpoint")


def test_anybody_may_have_the_newest_checkpoint_and_proofs_that_lead_to_it(site: Site) -> None:
    for _ in range(3):
        site.received()
    old = sign(site)
    for _ in range(4):
        site.received()
    new = sign(site)
    assert (old.size, new.size) == (3, 7)
    for leaf in range(7):
        proof = site.get("/v1/log/proof/inclusion", leaf=leaf).json()
        hashed, path = b64decode(proof["leaf_hash"]), unpacked(proof["path"])
        check_inclusion(leaf, 7, hashed, path, new.root)
        assert b64decode(proof["root"]) == new.root
    proof = site.get("/v1/log/proof/inclusion", leaf=2, size=3).json()
    assert b64decode(proof["root"]) == old.root
    proof = site.client.get("/v1/log/proof/consistency", params={"from": 3, "to": 7}).json()
    check_consistency(3, 7, old.root, new.root, unpacked(proof["path"]))


@pytest.mark.parametrize(
    "asked",
    [
        "inclusion?leaf=2",
        "inclusion?leaf=-1",
        "inclusion?leaf=0&size=3",
        "inclusion?leaf=1&size=1",
        "inclusion?leaf=0&size=0",
        "inclusion?leaf=x",
        "inclusion",
        f"inclusion?leaf={2**70}",
        "consistency?from=1&to=3",
        "consistency?from=2&to=1",
        "consistency?from=0&to=1",
        "consistency?to=1",
    ],
)
def test_a_leaf_or_size_the_log_never_had_is_no_proof(site: Site, asked: str) -> None:
    for _ in range(2):
        site.received()
    sign(site)
    answer = site.client.get(f"/v1/log/proof/{asked}")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-input")


def test_a_proof_got_over_http_holds_and_the_look_is_recorded(
    site: Site, key: verify_proof.Key
) -> None:
    code = site.received()
    site.take(code, "decider", "processing_started")
    site.received()
    old = sign(site)
    site.received()
    sign(site)
    answer = site.get(f"/v1/dossiers/{code.lower()}/proof", "auditor", since=old.size)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="proof-')
    verdict = verify_proof.verify(answer.json(), key, code)
    assert (verdict["there"], verdict["events"]) == (True, 2)
    assert answer.json()["since"]["size"] == 3
    looks = site.get(f"/v1/dossiers/{code}/readers", "auditor").json()["readers"]
    assert [(access["what"], access["actor"]) for access in looks] == [("proof", "auditor-1")]


def test_what_is_personal_stays_sealed_in_a_proof(site: Site) -> None:
    code = site.received(applicant={"name": "Planted Name", "phone": "0900 111 222"})
    sign(site)
    proof = site.get(f"/v1/dossiers/{code}/proof", "desk").text
    assert "Planted" not in proof
    assert "0900" not in proof


def test_what_came_after_the_checkpoint_is_not_in_its_proof(
    site: Site, key: verify_proof.Key
) -> None:
    code = site.received()
    sign(site)
    site.take(code, "decider", "processing_started")
    site.caught_up()
    verdict = verify_proof.verify(site.get(f"/v1/dossiers/{code}/proof", "desk").json(), key)
    assert verdict["events"] == 1


def test_that_a_dossier_is_not_there_is_proven_and_the_question_recorded(
    site: Site, key: verify_proof.Key
) -> None:
    site.received()
    sign(site)
    proof = site.get(f"/v1/dossiers/{MISSING}/proof", "auditor").json()
    assert verify_proof.verify(proof, key, MISSING)["there"] is False


@pytest.mark.parametrize("who", ["agent", "kiosk", "carrier", "portal", "manager"])
def test_only_staff_auditors_and_the_administrator_get_proofs(site: Site, who: str) -> None:
    code = site.received()
    sign(site)
    assert site.get(f"/v1/dossiers/{code}/proof", who).status_code == 403


def test_the_verifier_is_handed_out_as_it_is(site: Site) -> None:
    answer = site.get("/v1/log/verifier")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="verify_proof.py"'
    assert answer.text == Path(verify_proof.__file__).read_text(encoding="utf-8")
