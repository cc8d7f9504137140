"""The sender as a real process: killed while sending, and several of them with Kafka."""

import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event as Signal

import httpx2
import pytest
from standardwebhooks import Webhook

from tests.adapters.notifications.sinks import HttpSink, http_sink
from tests.serving import sidecar
from tests.system.test_work import (  # noqa: F401  production is a fixture
    PATIENCE_S,
    Room,
    production,
    room,
    serve,
    wait_for,
)
from tracker.application.queries.guessing import FREE

pytestmark = pytest.mark.system

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PHONE = "0900 000 077"
DECIDES = "SO-TAICHINH"


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with http_sink() as opened:
        yield opened


def notices(directory: Path, sink: HttpSink, lease_seconds: float = 300) -> str:
    path = directory / "notices.toml"
    path.write_text(
        f"""
        lease_seconds = {lease_seconds}
        [sms]
        url = "{sink.url}"
        fields = {{ to = "{{to}}", text = "{{text}}", id = "{{id}}" }}
        [webhooks.portal]
        url = "{sink.url}"
        secret = "{SECRET}"
        """
    )
    return str(path)


class Clerk:
    """Posts at a running service."""

    def __init__(self, made: Room, address: str) -> None:
        self._address = f"{address}/v1/dossiers"
        made_keys = [
            made.run("keys", "make", "--role", "staff", "--actor", office, "--office", office)
            for office in ("CN05", DECIDES)
        ]
        self._desk, self._decider = (key.stdout.strip() for key in made_keys)
        self._sent = 0

    def take_in(self, **more: object) -> str:
        applicant = {"name": "An", "phone": PHONE}
        item = {"procedure": "2.001610", "applicant": applicant, **more}
        return str(self._post("", self._desk, item)["code"])

    def decide(self, code: str, step: str, **more: object) -> None:
        self._post(f"/{code}/events", self._decider, {"step": step, **more})

    def _post(self, path: str, key: str, item: dict[str, object]) -> dict[str, object]:
        self._sent += 1
        own = {"event_id": f"e-{self._sent}", "occurred_at": datetime.now(UTC).isoformat()}
        headers = {"Authorization": f"Bearer {key}"}
        answer = httpx2.post(
            self._address + path, json=own | item, headers=headers, timeout=PATIENCE_S
        )
        assert answer.status_code == 201, answer.text
        content: dict[str, object] = answer.json()
        return content


_STRANGERS = count(1)


def guess(address: str, code: str) -> None:
    """Enter wrong digits until the owner must be notified."""
    stranger = httpx2.HTTPTransport(local_address=f"127.77.{next(_STRANGERS)}.1")
    with httpx2.Client(transport=stranger, timeout=PATIENCE_S) as client:
        for _ in range(FREE):
            answer = client.post(f"{address}/h", data={"code": code, "digits": "9999"})
            assert answer.status_code in {403, 429}  # compared, or asked for work


def lived(clerk: Clerk) -> str:
    code = clerk.take_in(notices={"channels": ["sms"]})
    clerk.decide(code, "supplement_asked", reason="x", papers_due_at="2031-12-05T17:00:00+07:00")
    clerk.decide(code, "resumed")
    clerk.decide(code, "decided", outcome="granted")
    return code


def sms_by_dossier(sink: HttpSink, codes: list[str]) -> dict[str, list[str]]:
    """The names of the messages to people, as they came, a repeated one left out."""
    texts = {
        body["id"]: body["text"]
        for headers, raw in sink.received
        if "webhook-id" not in headers and (body := json.loads(raw))
    }
    return {
        code: [word for text in texts.values() for word in WORDS if code in text and word in text]
        for code in codes
    }


WORDS = ("tiếp nhận. Hẹn", "cần bổ sung giấy tờ, hạn 17:00, 05/12/2031", "đã có kết quả")


def test_killed_while_a_message_is_on_its_way_it_goes_on_with_just_that_one(
    sink: HttpSink, tmp_path: Path
) -> None:
    arrived, go_on = Signal(), Signal()
    held: list[str] = []

    def answer(headers: dict[str, str]) -> int:
        if "webhook-id" not in headers and len(held) == 0 and len(sink.received) >= 2:
            held.append("this one")
            arrived.set()
            go_on.wait(PATIENCE_S)
        return 204

    sink.answer = answer
    settings = {"notices": notices(tmp_path, sink, 1.5), "public_url": "https://theodoi.vn"}
    with room(tmp_path, **settings) as made:
        address = serve(made)
        codes = [lived(clerk) for clerk in [Clerk(made, address)] for _ in range(3)]
        guess(address, codes[0])
        assert arrived.wait(PATIENCE_S)
        os.kill(sidecar(made.processes[0].pid), signal.SIGKILL)  # else it would finish this one
        made.processes[0].kill()
        made.processes[0].wait()
        go_on.set()
        log = made.directory / "nothing.log"
        log.touch()
        guess(serve(made), codes[0])
        wait_for(lambda: sent(made, 20), log)
        listed = made.run("messages", "list").stdout
        assert all(f" locks:{target} " in listed for target in ("sms", "webhook:portal"))
    by_sms = [json.loads(body)["id"] for headers, body in sink.received if not hooked(headers)]
    by_hook = [headers["webhook-id"] for headers, _ in sink.received if hooked(headers)]
    assert (len(set(by_sms)), len(set(by_hook))) == (10, 10)
    assert len(by_sms) > 10
    of_locks = {body for _, body in sink.received if "nhập sai".encode() in body}
    assert [codes[0] in body.decode() for body in of_locks] == [True]
    assert sms_by_dossier(sink, codes) == {code: list(WORDS) for code in codes}
    for headers, body in sink.received:
        if hooked(headers):
            Webhook(SECRET).verify(body, headers)
            assert PHONE.encode() not in body
    logs = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    assert "Tracker listens" in logs
    assert sink.url not in logs  # a gateway's address may hold a key


def hooked(headers: dict[str, str]) -> bool:
    return "webhook-id" in headers


def sent(made: Room, count: int) -> bool:
    return made.run("messages", "list", "--state", "sent").stdout.count("\nmsg_") == count


def test_several_senders_beside_kafka_tell_each_person_once_and_in_order(
    production: Room,  # noqa: F811  the fixture
    sink: HttpSink,
    tmp_path: Path,
) -> None:
    production.environment["TRACKER_NOTICES"] = notices(tmp_path, sink)
    production.environment["TRACKER_PUBLIC_URL"] = "https://theodoi.vn"
    address = serve(production)
    production.start("work", "--only", "relay,messages")
    logs = [production.start("work", "--only", "sender")[1] for _ in range(2)]
    clerk = Clerk(production, address)
    codes = [lived(clerk) for _ in range(4)]
    clerk.take_in()
    wait_for(lambda: sent(production, 25), logs[0])
    by_sms = [json.loads(body)["id"] for headers, body in sink.received if not hooked(headers)]
    by_hook = [headers["webhook-id"] for headers, _ in sink.received if hooked(headers)]
    assert (len(by_sms), len(set(by_sms))) == (12, 12)
    assert (len(by_hook), len(set(by_hook))) == (13, 13)
    assert sms_by_dossier(sink, codes) == {code: list(WORDS) for code in codes}
    for log in logs:
        assert "Tracker works as sender" in log.read_text()
    replayed = production.run("messages", "replay", "--since", "2026-01-01", "--to", "portal")
    assert replayed.stdout == "13 messages will be sent to portal again.\n"
    wait_for(lambda: len(sink.received) == 38, logs[0])
    again = [headers["webhook-id"] for headers, _ in sink.received if hooked(headers)]
    assert set(again[13:]) == set(by_hook)
    refused = production.run("messages", "replay", "--since", "2026-01-01", "--to", "sms")
    assert refused.returncode == 2
