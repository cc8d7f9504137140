"""Cosignatures over HTTP: only those of known witnesses are stored and returned."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from httpx2 import Response

from tests.http.site import Site
from tracker.adapters.notary.ed25519 import WitnessKeys, signers
from tracker.application.audit.witnesses import Witnessing
from tracker.container import Container
from tracker.domain.transparency_log.notes import Algorithm, Note, PublicKey, Signature, cosigned

CHECKPOINT = "/v1/log/checkpoint"


class Witness:
    """A witness that cosigns every checkpoint."""

    def __init__(self, name: str) -> None:
        self.private = Ed25519PrivateKey.generate()
        public = self.private.public_key().public_bytes_raw()
        self.key = PublicKey(name, public, Algorithm.COSIGNATURE)

    def signs(self, note: Note, at: int = 1_700_000_000, said: str | None = None) -> Note:
        signed = at.to_bytes(8) + self.private.sign(cosigned(said or note.text, at))
        return Note(note.text, [*note.signatures, Signature(self.key.name, self.key.id, signed)])


KNOWN = (Witness("witness.example/w1"), Witness("witness.example/w2"))
STRANGER = Witness("witness.example/w1")


def witnessing(container: Container, folder: Path) -> Witnessing:
    path = folder / "witnesses.txt"
    path.write_text("".join(f"{witness.key}\n" for witness in KNOWN))
    return Witnessing(container.log.checkpoints, WitnessKeys(path))


@pytest.fixture
def witnessed(site: Site, tmp_path: Path) -> Iterator[Site]:
    """Return a service with a signed checkpoint and two known witnesses."""
    site.received()
    sign(site)
    container = site.installation
    witnesses = witnessing(container, tmp_path)
    log = type(container.log)(**vars(container.log) | {"witnessing": witnesses})
    with site.rebuilt(log=log) as made:
        yield made


def sign(site: Site) -> None:
    site.caught_up()
    site.installation.log.maker.prepare()
    site.installation.log.maker.make()


def newest(site: Site) -> Note:
    return Note.parse(site.get(CHECKPOINT).text)


def sent(site: Site, note: Note | str, media_type: str = "text/plain") -> Response:
    headers = {"Content-Type": media_type}
    path = f"{CHECKPOINT}/cosignatures"
    return site.client.post(path, content=str(note).encode(), headers=headers)


def names(site: Site) -> list[str]:
    keys = [witness.key for witness in KNOWN]
    return sorted(key.name for key, _ in signers(newest(site), keys))


def test_cosignatures_of_known_witnesses_are_returned_with_the_checkpoint(witnessed: Site) -> None:
    ours = newest(witnessed)
    for witness in KNOWN:
        # each sends only its own signature: neither removes the signature of the other
        answer = sent(witnessed, witness.signs(ours))
        assert (answer.status_code, answer.json()) == (200, {"witnesses": [witness.key.name]})
    assert names(witnessed) == ["witness.example/w1", "witness.example/w2"]
    assert len(newest(witnessed).signatures) == 3
    witnessed.installation.log.notary.check(newest(witnessed))
    assert sent(witnessed, KNOWN[0].signs(ours, at=1_700_000_001)).status_code == 200
    assert len(newest(witnessed).signatures) == 3


def test_a_signature_of_the_log_itself_is_never_replaced(witnessed: Site) -> None:
    ours = newest(witnessed)
    assert sent(witnessed, KNOWN[0].signs(Note(ours.text))).status_code == 200
    witnessed.installation.log.notary.check(newest(witnessed))


@pytest.mark.parametrize(
    ("forged", "status", "kind"),
    [
        (STRANGER.signs, 422, "unknown-witness"),
        (lambda note: note, 422, "unknown-witness"),
        (lambda note: KNOWN[0].signs(note, said="other\n"), 422, "bad-cosignature"),
        (
            lambda note: KNOWN[0].signs(KNOWN[1].signs(note), said="other\n"),
            422,
            "bad-cosignature",
        ),
        (
            lambda note: KNOWN[0].signs(Note(note.text.replace("\nmade 2", "\nmade 1"))),
            422,
            "not-our-checkpoint",
        ),
        (
            lambda note: KNOWN[0].signs(Note(note.text.replace("\n1\n", "\n2\n"))),
            422,
            "not-our-checkpoint",
        ),
        (lambda note: KNOWN[0].signs(Note("hello\n")), 422, "invalid-input"),
        (lambda note: "no note", 422, "invalid-input"),
        (lambda note: f"{note}\n" * 200, 413, "too-large"),
    ],
)
def test_what_no_known_witness_signed_as_it_is_is_refused_and_changes_nothing(
    witnessed: Site, forged: Callable[[Note], Note | str], status: int, kind: str
) -> None:
    before = newest(witnessed)
    answer = sent(witnessed, forged(before))
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{kind}"
    assert newest(witnessed) == before


def test_an_old_checkpoint_is_refused_and_changes_nothing(witnessed: Site) -> None:
    old = newest(witnessed)
    witnessed.received()
    sign(witnessed)
    answer = sent(witnessed, KNOWN[0].signs(old))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/old-checkpoint")
    assert witnessed.installation.log.checkpoints.of_size(1) == old
    assert names(witnessed) == []


def test_where_no_witness_is_known_none_is_taken(site: Site) -> None:
    site.received()
    sign(site)
    answer = sent(site, KNOWN[0].signs(newest(site)))
    assert answer.json()["type"] == "/problems/unknown-witness"
    assert sent(site, newest(site), "application/json").status_code == 415


def test_of_two_witnesses_at_once_neither_loses_the_others_signature(
    witnessed: Site, tmp_path: Path
) -> None:
    """The second request arrives between the read and the write of the first."""
    checkpoints = witnessed.installation.log.checkpoints
    ours = newest(witnessed)

    class Interrupted:
        add, after = checkpoints.add, checkpoints.after
        last, of_size = checkpoints.last, checkpoints.of_size
        interrupted = False

        def replace(self, size: int, before: Note, after: Note) -> bool:
            if not self.interrupted:
                self.interrupted = True
                sent(witnessed, KNOWN[1].signs(ours))
            return checkpoints.replace(size, before, after)

    keys = WitnessKeys(tmp_path / "witnesses.txt")
    assert Witnessing(Interrupted(), keys).take(KNOWN[0].signs(ours)) == [KNOWN[0].key.name]
    assert names(witnessed) == ["witness.example/w1", "witness.example/w2"]
