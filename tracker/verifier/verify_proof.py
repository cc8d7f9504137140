"""Check a Tracker proof file offline, and print what it proves and what it does not.

    python verify_proof.py proof.json --key KEY [--code CODE] [--checkpoint OLD] [--witness KEY]

It needs Python 3.11 and the package `cryptography`, but not Tracker and no network. `--key` is the
public key of the log (`name+id+base64`); do not get it from the service itself. `--code` is the
dossier that you asked about. `--checkpoint` is an older checkpoint that you kept (ask for the proof
with `since=` its size). `--witness` is the public key of a witness. Exit codes: 0 proven, 1 not
proven, 2 wrong usage.

It checks: the log's signature of the checkpoint; each event's leaf (SHA-256 of a zero byte, the
stored name, a line feed and the stored bytes) in the tree of RFC 6962 with the signed root; that
the events' versions are 1, 2, 3 ... without gaps; and the dossier's head (id, number of events,
last leaf, chain over all its leaves) in the tree of all heads, whose root is signed too. For a
dossier that does not exist, it checks that its two neighbours in that tree are adjacent.
"""

import argparse
import base64
import hashlib
import io
import json
import sys
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "tracker-proof/1"
DOSSIERS = uuid.UUID("6f4f1d0a-3d0c-5b0e-9a53-1f6f6d0c2b11")


VIETNAM = timezone(timedelta(hours=7))
COSIGNATURE = 4
LEAF, NODE, CHAIN = b"\x00", b"\x01", b"\x02"


class Refused(Exception):
    """The proof is not valid; the reason is in English and Vietnamese."""

    def __init__(self, english: str, vietnamese: str) -> None:
        """Keep both texts."""
        super().__init__(english)
        self.words = {"en": english, "vi": vietnamese}


class Key(NamedTuple):
    """A public key of the log or of a witness."""

    name: str
    id: bytes
    algorithm: int
    public: Ed25519PublicKey


class Checkpoint(NamedTuple):
    """The state of the log at one size."""

    origin: str
    size: int
    root: bytes
    heads: int
    heads_root: bytes
    made_at: datetime


def refuse(english: str, vietnamese: str) -> NoReturn:
    """Raise `Refused`."""
    raise Refused(english, vietnamese)


def sha256(*parts: bytes) -> bytes:
    """Return the SHA-256 of the concatenated bytes."""
    return hashlib.sha256(b"".join(parts)).digest()


def climb(index: int, last: int, start: bytes, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the roots of the old and the new tree, or `None` if the path has a wrong length."""
    old = new = start
    for sibling in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            old, new = sha256(NODE, sibling, old), sha256(NODE, sibling, new)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            new = sha256(NODE, new, sibling)
        index, last = index >> 1, last >> 1
    return (old, new) if last == 0 else None


def is_included(leaf: int, size: int, hashed: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """Return whether the path leads from the leaf to the root (RFC 9162, 2.1.3.2)."""
    roots = climb(leaf, size - 1, hashed, path) if 0 <= leaf < size else None
    return roots is not None and roots[1] == root


def is_consistent(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Return whether the second tree begins with the first (RFC 9162, 2.1.4.2)."""
    if first == second:
        return not path and first_root == second_root
    if not 0 < first < second:
        return False
    path = list(path) if first & (first - 1) else [first_root, *path]
    if not path:
        return False
    index, last = first - 1, second - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    return climb(index, last, path[0], path[1:]) == (first_root, second_root)


def read_key(text: str) -> Key:
    """Return the key in `name+id+base64`. Raise `ValueError`."""
    name, given, encoded = text.strip().split("+", 2)
    typed = base64.b64decode(encoded, validate=True)
    key_id = sha256(name.encode(), b"\n", typed)[:4]
    if key_id.hex() != given or typed[0] not in (1, COSIGNATURE):
        raise ValueError(text)
    return Key(name, key_id, typed[0], Ed25519PublicKey.from_public_bytes(typed[1:]))


def signed_by(note: str, key: Key) -> str | None:
    """Return the text of a note if this key signed it, else `None`."""
    text, _, lines = note.rstrip("\n").rpartition("\n\n")
    text += "\n"
    for line in lines.splitlines():
        dash, by, encoded = line.split(" ")
        signed = base64.b64decode(encoded, validate=True)
        if (dash, by, signed[:4]) != ("\N{EM DASH}", key.name, key.id):
            continue
        signature, message = signed[4:], text.encode()
        if key.algorithm == COSIGNATURE:
            at, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = f"cosignature/v1\ntime {at}\n{text}".encode()
        try:
            key.public.verify(signature, message)
        except InvalidSignature:
            continue
        return text
    return None


def read_checkpoint(note: str, key: Key) -> Checkpoint:
    """Return a checkpoint that this key signed. Raise `Refused` or `ValueError`."""
    text = signed_by(note, key)
    if text is None:
        refuse("the checkpoint is not signed with this key", "dấu mốc không được ký bằng khóa này")
    origin, size, root, heads, made, rest = text.split("\n")
    word, count, heads_root = heads.split(" ")
    if (word, rest, made[:5]) != ("heads", "", "made "):
        raise ValueError(text)
    return Checkpoint(
        origin,
        int(size),
        base64.b64decode(root, validate=True),
        int(count),
        base64.b64decode(heads_root, validate=True),
        datetime.fromisoformat(made[5:]),
    )


def check_events(
    proof: dict[str, Any], dossier: uuid.UUID, signed: Checkpoint
) -> tuple[int, int | None, bytes]:
    """Check each event. Return the number of events, the last leaf and the chain."""
    chain, previous = bytes(32), None
    for version, event in enumerate(proof["events"], start=1):
        state, leaf = event["state"].encode(), event["leaf"]
        hashed = sha256(LEAF, event["topic"].encode(), b"\n", state)
        if not is_included(leaf, signed.size, hashed, unpacked(event["path"]), signed.root):
            refuse(
                f"event {version} is not in the log: it was changed, or its proof was",
                f"sự kiện {version} không có trong sổ: nội dung hoặc phần chứng minh đã bị sửa",
            )
        content = json.loads(state)
        if (content["originator_id"].replace("-", ""), content["originator_version"]) != (
            dossier.hex,
            version,
        ):
            refuse(
                f"event {version} of this dossier is missing, or in another's place",
                f"sự kiện {version} của hồ sơ này bị thiếu hoặc không đúng chỗ",
            )
        if event["previous"] != previous:
            refuse(
                f"event {version} does not name the one before it",
                f"sự kiện {version} không nối đúng sự kiện trước nó",
            )
        chain, previous = sha256(CHAIN, chain, leaf.to_bytes(8, "big"), hashed), leaf
    return len(proof["events"]), previous, chain


def check_head(head: dict[str, Any], signed: Checkpoint) -> tuple[uuid.UUID, int]:
    """Check one head in the tree of heads. Return its dossier's id and its index."""
    dossier, chain = uuid.UUID(head["dossier_id"]), base64.b64decode(head["chain"])
    numbers = head["version"].to_bytes(8, "big") + head["leaf"].to_bytes(8, "big")
    hashed = sha256(LEAF, dossier.bytes, numbers, chain)
    path = unpacked(head["path"])
    if not is_included(head["number"], signed.heads, hashed, path, signed.heads_root):
        refuse(
            "a dossier's head is not the one that was signed",
            "bản chốt của một hồ sơ không phải bản đã được ký",
        )
    return dossier, head["number"]


def check_complete(
    proof: dict[str, Any],
    dossier: uuid.UUID,
    counted: tuple[int, int | None, bytes],
    signed: Checkpoint,
) -> bool:
    """Check that no event of the dossier is missing. Return whether the dossier exists."""
    heads = [check_head(head, signed) for head in proof["heads"]]
    if [owner for owner, _ in heads] == [dossier]:
        head = proof["heads"][0]
        if counted != (head["version"], head["leaf"], base64.b64decode(head["chain"])):
            refuse(
                f"the dossier has {head['version']} events, and these are not all of them",
                f"hồ sơ có {head['version']} sự kiện, nhưng tệp này không chứa đủ đúng các sự kiện",
            )
        return True
    before = [number for owner, number in heads if owner < dossier]
    after = [number for owner, number in heads if owner > dossier]
    left, right = (before or [-1])[0], (after or [signed.heads])[0]
    if counted[0] or left + 1 != right:
        refuse(
            "it is not shown whether the dossier is there",
            "tệp không cho thấy hồ sơ có trong sổ hay không",
        )
    return False


def check_kept(proof: dict[str, Any], kept: str, key: Key, signed: Checkpoint) -> None:
    """Check that the log continues the kept checkpoint."""
    old = read_checkpoint(kept, key)
    if signed.size < old.size:
        refuse(
            "the proof is older than the checkpoint you kept",
            "tệp chứng minh cũ hơn dấu mốc bạn đã giữ",
        )
    same: dict[str, Any] = {"size": old.size, "path": []}
    since = same if old.size == signed.size else proof["since"]
    if since is None or since["size"] != old.size:
        refuse(
            f"the proof shows nothing about the kept checkpoint; ask for it with since={old.size}",
            f"tệp không nói gì về dấu mốc đã giữ; hãy xin lại tệp với since={old.size}",
        )
    if not is_consistent(old.size, signed.size, old.root, signed.root, unpacked(since["path"])):
        refuse(
            "the log was rewritten since the kept checkpoint",
            "sổ đã bị viết lại kể từ dấu mốc đã giữ",
        )


def unpacked(path: Sequence[str]) -> list[bytes]:
    """Return the decoded hashes of a path."""
    return [base64.b64decode(encoded, validate=True) for encoded in path]


def verify(
    proof: dict[str, Any],
    key: Key,
    code: str | None = None,
    kept: str | None = None,
    witnesses: Sequence[Key] = (),
) -> dict[str, Any]:
    """Return what is proven. Raise `Refused`."""
    if proof["format"] != FORMAT:
        refuse("this is no proof that I can read", "đây không phải tệp chứng minh đọc được")
    dossier = uuid.uuid5(DOSSIERS, proof["code"].upper())
    asked = uuid.uuid5(DOSSIERS, code.strip().upper()) if code else dossier
    if dossier != asked or dossier.hex != proof["dossier_id"]:
        refuse("it is the proof of another dossier", "đây là tệp chứng minh của hồ sơ khác")
    note = proof["checkpoint"]
    signed = read_checkpoint(note, key)
    counted = check_events(proof, dossier, signed)
    there = check_complete(proof, dossier, counted, signed)
    if kept is not None:
        check_kept(proof, kept, key, signed)
    for witness in witnesses:
        if signed_by(note, witness) is None:
            refuse(
                f"the witness {witness.name} did not sign the checkpoint",
                f"nhân chứng {witness.name} không ký dấu mốc này",
            )
    return {
        "code": proof["code"],
        "events": counted[0],
        "there": there,
        "origin": signed.origin,
        "size": signed.size,
        "made_at": f"{signed.made_at.astimezone(VIETNAM):%H:%M %d-%m-%Y} (+07:00)",
        "kept": kept is not None,
        "witnesses": [witness.name for witness in witnesses],
    }


WORDS = {
    "en": {
        "there": "PROVEN. These {events} events are the whole history of dossier {code}, unchanged"
        " and with none left out, as the log {origin} had it at {made_at} ({size} events in all).",
        "absent": "PROVEN. The log {origin} had no dossier {code} at {made_at} ({size} events in"
        " all).",
        "kept": "The log continues the checkpoint you kept: nothing before it was rewritten.",
        "witness": "Witnesses who signed the same checkpoint: {names}.",
        "not": "NOT proven:",
        "later": "- that nothing happened after {made_at}: ask for a newer proof;",
        "true": "- that what officials wrote is true; only that it was written so, and in this"
        " order;",
        "honest": "- that the signer counted every dossier honestly: whoever may read the whole log"
        " checks that;",
        "sealed": "- what the sealed parts say: names and free text stay closed here;",
        "fork": "- that everybody is shown the same log: compare the checkpoint with one that a"
        " witness, a newspaper or somebody else has (--checkpoint, --witness).",
        "refused": "REFUSED: {why}.",
    },
    "vi": {
        "there": "ĐÃ CHỨNG MINH. {events} sự kiện này là toàn bộ quá trình của hồ sơ {code}, không"
        " bị sửa và không thiếu sự kiện nào, đúng như sổ {origin} ghi lúc {made_at} (sổ có {size}"
        " sự kiện).",
        "absent": "ĐÃ CHỨNG MINH. Sổ {origin} không có hồ sơ {code} lúc {made_at} (sổ có {size} sự"
        " kiện).",
        "kept": "Sổ nối tiếp đúng dấu mốc bạn đã giữ: không có gì trước đó bị viết lại.",
        "witness": "Nhân chứng đã ký cùng dấu mốc này: {names}.",
        "not": "KHÔNG chứng minh:",
        "later": "- rằng sau {made_at} không có gì xảy ra: hãy xin tệp mới hơn;",
        "true": "- rằng điều cán bộ ghi là đúng sự thật; chỉ chứng minh đã ghi như thế và theo thứ"
        " tự đó;",
        "honest": "- rằng bên ký đã đếm đúng mọi hồ sơ: ai được đọc toàn bộ sổ thì kiểm tra được;",
        "sealed": "- nội dung các phần niêm phong: họ tên và lời ghi vẫn được đóng kín;",
        "fork": "- rằng mọi người đều được cho xem cùng một sổ: hãy so dấu mốc với bản mà nhân"
        " chứng, báo chí hoặc người khác đang giữ (--checkpoint, --witness).",
        "refused": "KHÔNG CHẤP NHẬN: {why}.",
    },
}


def describe(result: dict[str, Any], lang: str) -> str:
    """Return what is proven and what is not, in words."""
    words = WORDS[lang]
    lines = ["there" if result["there"] else "absent"]
    lines += ["kept"] * result["kept"] + ["witness"] * bool(result["witnesses"])
    lines += ["not", "later", "true", "honest", "sealed"]
    lines += ["fork"] * (not result["kept"] and not result["witnesses"])
    names = ", ".join(result["witnesses"])
    return "\n".join(words[line].format(**result, names=names) for line in lines)


def main() -> int:
    """Check the given file. Return the exit code."""
    parser = argparse.ArgumentParser(
        description="Checks a Tracker proof file offline. / Kiểm tra tệp chứng minh."
    )
    parser.add_argument("proof", type=Path, help="the proof file / tệp chứng minh")
    parser.add_argument("--key", required=True, type=read_key, help="the log's public key")
    parser.add_argument("--code", help="the dossier you asked about / mã hồ sơ")
    parser.add_argument("--checkpoint", type=Path, help="a file with a checkpoint you kept")
    parser.add_argument("--witness", action="append", default=[], type=read_key)
    parser.add_argument("--lang", choices=sorted(WORDS), default="vi")
    chosen = parser.parse_args()
    try:
        written = chosen.proof.read_bytes()
        kept = chosen.checkpoint.read_bytes().decode() if chosen.checkpoint else None
    except OSError as error:
        parser.error(str(error))
    try:
        try:
            result = verify(json.loads(written), chosen.key, chosen.code, kept, chosen.witness)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            refuse("the file is damaged or cut off", "tệp bị hỏng hoặc bị cắt")
    except Refused as refused:
        print(WORDS[chosen.lang]["refused"].format(why=refused.words[chosen.lang]))
        return 1
    print(describe(result, chosen.lang))
    return 0


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.exit(main())
