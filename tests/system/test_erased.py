"""After an erasure no personal data can be found anywhere, and everything else still works."""

import base64
import json
import subprocess
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ops.local_servers.postgres import binaries
from ops.reading_back import headers as headers_of
from ops.reading_back import records
from tests.system.searching import found, spellings
from tests.system.test_work import (  # noqa: F401  production is a fixture
    Room,
    production,
    room,
    serve,
    wait_for,
)
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.service_tables.api_keys import SqlApiKeys
from tracker.domain.dossier.actors import Actor, Role

system = pytest.mark.system

MESSAGES = 3
"""Those of the second agreement at least: the result, its posting, its delivery."""

WORDS = {
    "name": "Trịnh Quỷnh Zêta",
    "phone": "0977 531 864",
    "id number": "001097531864",
    "address": "97 ngõ Bí Ẩn, Hà Nội",
    "e-mail": "zeta.kin@example.vn",
    "new name": "Trịnh Đã Sửa Zêta",
    "other phone": "0966 420 753",
    "papers reason": "thiếu giấy của bà Zêta",
    "fee reason": "phí của bà Zêta",
    "decision reason": "không cấp cho bà Zêta",
    "correction reason": "gõ sai tên bà Zêta",
    "whereabouts": "trước cửa nhà bà Zêta",
    "scan": "EMI;ngõ Bí Ẩn;bà Zêta",
    "complaint": "bà Zêta chờ quá lâu",
    "rating": "bà Zêta không hài lòng",
    "why looked": "gọi lại cho bà Zêta",
}
ACTORS = {
    "desk": Actor(Role.STAFF, "desk", "CN05"),
    "decider": Actor(Role.STAFF, "decider", "SO-TAICHINH"),
    "carrier": Actor(Role.CARRIER, "carrier", partner="VNPOST"),
    "portal": Actor(Role.PORTAL, "portal", "PORTAL"),
    "admin": Actor(Role.ADMINISTRATOR, "admin"),
}


@dataclass
class Town:
    """A running service, who acts there, and every answer it ever gave."""

    made: Room
    address: str
    keys: dict[str, str]
    heard: dict[str, bytes] = field(default_factory=dict)
    sent: int = 0

    def get(self, path: str, who: str | None = None, **params: str) -> httpx2.Response:
        shown = {"Authorization": f"Bearer {self.keys[who]}"} if who else {}
        answer = httpx2.get(self.address + path, params=params, headers=shown, timeout=60)
        self.heard[f"GET {path} {len(self.heard)}"] = answer.content
        return answer

    def post(self, path: str, who: str, **item: object) -> dict[str, Any]:
        self.sent += 1
        own = {"event_id": f"e-{self.sent}", "occurred_at": datetime.now(UTC).isoformat()}
        answer = httpx2.post(
            f"{self.address}/v1/dossiers{path}",
            json=own | item,
            headers={"Authorization": f"Bearer {self.keys[who]}"},
            timeout=60,
        )
        self.heard[f"POST {self.sent}"] = answer.content
        assert answer.status_code == 201, answer.text
        content: dict[str, Any] = answer.json()
        return content


def opened_town(made: Room, store_url: str) -> Town:
    address = serve(made)
    engine = open_engine(store_url)
    keys = {who: SqlApiKeys(engine).make(one, datetime.now(UTC)) for who, one in ACTORS.items()}
    engine.dispose()
    return Town(made, address, keys)


def plant(town: Town) -> str:
    """Take a person in and put their words wherever words may be put."""
    code: str = town.post(
        "",
        "desk",
        procedure="2.001610",
        applicant={
            "name": WORDS["name"],
            "phone": WORDS["phone"],
            "id_number": WORDS["id number"],
            "address": WORDS["address"],
            "email": WORDS["e-mail"],
        },
        notices={"channels": ["sms", "email"]},
    )["code"]
    for who, step in (
        ("decider", {"step": "supplement_asked", "reason": WORDS["papers reason"]}),
        ("decider", {"step": "fee_asked", "amount": 1, "reason": WORDS["fee reason"]}),
        ("decider", {"step": "resumed"}),
        (
            "desk",
            {
                "step": "corrected",
                "corrects": 1,
                "what": "applicant",
                "applicant": {"name": WORDS["new name"], "phone": WORDS["phone"]},
                "reason": WORDS["correction reason"],
            },
        ),
        (
            "desk",
            {
                "step": "notices_agreed",
                "channels": ["sms"],
                "contact": {"phone": WORDS["other phone"]},
            },
        ),
        ("decider", {"step": "decided", "outcome": "refused", "reason": WORDS["decision reason"]}),
        ("desk", {"step": "handed_to_carrier", "carrier": "VNPOST", "number": "RR473124829VN"}),
        (
            "carrier",
            {
                "step": "carrier_scanned",
                "number": "RR473124829VN",
                "scan": "EMI",
                "place": WORDS["whereabouts"],
                "raw": WORDS["scan"],
            },
        ),
        ("portal", {"step": "complained", "text": WORDS["complaint"]}),
        ("portal", {"step": "rated", "score": 1, "reason": WORDS["rating"]}),
    ):
        town.post(f"/{code}/events", who, **step)
    path = f"/v1/dossiers/{code}/personal-data"
    opened = town.get(path, "desk", reason=WORDS["why looked"])
    assert opened.status_code == 200
    town.heard.clear()  # whoever may read was told; from now on nobody is
    readers = town.get(f"/v1/dossiers/{code}/readers", "admin")
    there = {"personal data": opened.text.encode(), "readers": readers.text.encode()}
    assert len({hit.split(" in ")[0] for hit in found(WORDS, there)}) == len(WORDS)
    town.heard.clear()
    return code


def ask_everything(town: Town, code: str) -> None:
    for path in ("", "/history", "/readers", "/deadline"):
        town.get(f"/v1/dossiers/{code}{path}", "admin")
    town.get(f"/v1/dossiers/{code}/personal-data", "admin", reason="nothing is left")
    for path in (f"/v1/lookup/{code}", f"/?code={code}", "/figures", "/metrics", "/readyz"):
        town.get(path)
    town.get("/v1/sla", "admin", by="channel")


def erase_and_look(town: Town, code: str, logs: list[Path]) -> None:
    """Erase the person, then hold everything that is left against the words."""
    history = town.get(f"/v1/dossiers/{code}/history", "admin").json()["events"]
    figures = town.get("/v1/sla", "admin", by="office").json()
    done = town.made.run("erase", code.lower(), "--basis", "Luật 91/2025/QH15", "--yes")
    assert (done.returncode, done.stdout) == (0, f"The personal data of {code} is erased.\n")
    town.heard.clear()
    ask_everything(town, code)
    after = town.get(f"/v1/dossiers/{code}/history", "admin").json()["events"]
    assert after[:-1] == history
    assert after[-1]["step"] == "personal_data_erased"
    again = town.get("/v1/sla", "admin", by="office").json()
    assert (again["total"], again["groups"]) == (figures["total"], figures["groups"])
    verified = town.made.run("verify")
    assert verified.returncode == 0, verified.stderr
    where = dict(town.heard)
    listed = town.made.run("messages", "list")
    assert listed.stdout.count(code) >= len(told_lines(town.made.directory))
    where["messages list"] = (listed.stdout + listed.stderr).encode()
    where |= {path.name: path.read_bytes() for path in logs}
    assert any(b'"event": "request"' in path.read_bytes() for path in logs)
    assert found(WORDS, where) == []


def notices(directory: Path) -> dict[str, str]:
    path = directory / "notices.toml"
    path.write_text(f'[file]\npath = "{directory / "told.ndjson"}"\n')
    return {"notices": str(path), "log_level": "DEBUG"}


def told_lines(directory: Path) -> list[bytes]:
    path = directory / "told.ndjson"
    return path.read_bytes().splitlines() if path.exists() else []


@system
def test_an_erased_person_is_in_no_answer_log_or_file_of_the_embedded_service(
    tmp_path: Path,
) -> None:
    with room(tmp_path, **notices(tmp_path)) as made:
        town = opened_town(made, f"sqlite:///{tmp_path / 'events.db'}")
        code = plant(town)
        (log,) = tmp_path.glob("*.log")
        wait_for(lambda: len(told_lines(tmp_path)) >= MESSAGES, log)
        erase_and_look(town, code, [log])
        files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"events.db", "views.db", "told.ndjson"} <= files.keys()
    assert code.encode() in files["events.db"] + files["events.db-wal"]
    assert found(WORDS, files) == []


@system
def test_an_erased_person_is_in_no_topic_table_or_backup_of_the_production_shape(
    production: Room,  # noqa: F811  the fixture
    tmp_path: Path,
    postgres_url: str,
    kafka: str,
) -> None:
    for name, value in notices(tmp_path).items():
        production.environment[f"TRACKER_{name.upper()}"] = value
    town = opened_town(production, postgres_url)
    _, log = production.start("work")
    code = plant(town)
    wait_for(lambda: len(told_lines(tmp_path)) >= MESSAGES, log)
    events = len(town.get(f"/v1/dossiers/{code}/history", "admin").json()["events"])
    erase_and_look(town, code, list(tmp_path.glob("*.log")))
    dump = subprocess.run(
        [str(binaries() / "pg_dump"), "--exclude-table-data=dossier_keys", postgres_url],
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    topic = production.environment["TRACKER_KAFKA_TOPIC_PREFIX"] + ".dossier-events"
    end = time.monotonic() + 60
    while len(published := records(kafka, topic)) < events + 1:
        assert time.monotonic() < end
    on_kafka = b"\n".join(
        part
        for one in published
        for part in (one.key, one.value, json.dumps(headers_of(one)).encode())
    )
    assert code.encode() in dump
    assert code.encode() in on_kafka
    assert found(WORDS, {"pg_dump": dump, "the topic": on_kafka}) == []


# the search itself


def hidden(text: str) -> Iterator[bytes]:
    raw = text.encode()
    for before in range(3):
        yield base64.b64encode(b"x" * before + raw + b"yz")
        yield base64.urlsafe_b64encode(b"x" * before + raw + b"y")
    yield raw.hex().encode()
    yield json.dumps({"x": text}).encode()
    yield unicodedata.normalize("NFD", text).encode()
    yield text.upper().encode()
    yield text.lower().encode()


@pytest.mark.parametrize("word", WORDS.values())
def test_a_word_is_found_however_it_is_hidden(word: str) -> None:
    for place in hidden(word):
        assert found({"it": word}, {"there": b"..." + place + b"..."}) == ["it in there"]


def test_a_phone_is_found_without_its_blanks_and_nothing_where_nothing_is() -> None:
    assert found({"it": "0977 531 864"}, {"there": b"0977531864"}) == ["it in there"]
    assert found(WORDS, {"there": "Trần Văn Khác, 0911 222 333".encode()}) == []
    assert all(len(spelt) >= 8 for word in WORDS.values() for spelt in spellings(word))
