"""What happens in an installation before it is frozen."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi.testclient import TestClient

from tests.contract.random_lives import by_dossier, history
from tests.http.site import ACTORS, Site
from tests.kafka.relaying import until
from tracker.adapters.vault.aes import AesSeal, AesVault
from tracker.application.ports import Request
from tracker.application.queries.dossier_reader import sealed_as
from tracker.container import Container
from tracker.demo.actors import one_a_role
from tracker.demo.filling import DemoClock, fill
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.records import PersonalDataErased
from tracker.domain.dossier.values import Sealed
from tracker.serialization import to_stored
from tracker.supervisor import supervise
from tracker.wiring.http import http_app

LIVES_BEGIN = datetime(2026, 10, 5, 2, tzinfo=UTC)
"""`tests.contract.random_lives.BEGIN`, as it was when version 0.1 was frozen."""
DEMO_UNTIL = LIVES_BEGIN - timedelta(hours=1)
AT = datetime(2026, 11, 27, 3, tzinfo=UTC)
"""When the messages of this file are sent: a Friday, ten in the morning in Hanoi."""
FROZEN_AT = AT + timedelta(hours=6)

Sent = dict[str, Any]
"""A request as it was sent, and what was answered."""


def live(it: Container, clock: DemoClock) -> tuple[dict[str, str], list[Sent]]:
    """Let a demo, random lives and messages happen; return the API keys and some requests."""
    fill(it.tracker, it.service, clock, until=DEMO_UNTIL, dossiers=22, seed=11)
    insert_random_lives(it)
    clock.moment = AT
    keys = {who: it.keys.make(actor, AT) for who, actor in ACTORS.items()}
    keys |= {f"demo {one.role} {one.id}": it.keys.make(one, AT) for one in demo_actors(it)}
    it.keys.revoke(it.keys.make(ACTORS["desk"], AT).split("_")[1], AT)
    with TestClient(http_app(it)) as client:
        now = [AT]
        sent = send(Site(it, client, now, keys), clock)
    return keys, sent


def demo_actors(it: Container) -> list[Any]:
    return [
        one for one in one_a_role(it.service, AT) if one.id not in {a.id for a in ACTORS.values()}
    ]


def insert_random_lives(it: Container) -> None:
    """Store random lives as they are, but sealed under a key of each dossier's own."""
    vault = AesVault(it.settings.master_key_bytes())
    events = history(2026, dossiers=10, steps=110)
    erased = {one.originator_id for one in events if isinstance(one, PersonalDataErased)}
    keys = {
        life[0].originator_id: vault.new_key(life[0].originator_id)
        for life in by_dossier(events).values()
    }
    for number, event in enumerate(events):
        dossier = event.originator_id
        is_new = event.originator_version == 1
        it.tracker.store.insert_events(
            [to_stored(sealed(event, keys[dossier][1], f"Điều bí mật số {number}"))],
            requests=[
                Request(
                    (event.source, event.event_id),
                    vault.digest(event.event_id.encode()),
                    event.code,
                    event.originator_version,
                )
            ],
            new_keys={dossier: keys[dossier][0]} if is_new else {},
            erased_keys=[dossier] if isinstance(event, PersonalDataErased) else [],
        )
    assert erased


def sealed(event: Event, seal: AesSeal, text: str) -> Event:
    """Return the event with its placeholders replaced by sealed texts."""
    changes: dict[str, Any] = {}
    for field in fields(event):
        if field.name in {"applicant", "contact", "sealed"}:
            what = json.dumps({"name": text, "phone": "0900 000 123"})
        else:
            what = text
        if getattr(event, field.name) == Sealed("c2VhbGVk"):
            changes[field.name] = seal.seal(sealed_as(event, field.name), what)
    return replace(event, **changes)


def send(site: Site, clock: DemoClock) -> list[Sent]:
    """Send messages of every kind by HTTP; return those whose repetition is to be tried."""
    sent: list[Sent] = []

    def post(path: str, who: str, body: object) -> Any:  # noqa: ANN401  JSON
        answer = site.post(path, who, body)
        assert answer.status_code in {200, 201}, (path, body, answer.text)
        sent.append({"path": path, "who": who, "body": body, "answer": answer.json()})
        return answer.json()

    def step(code: str, who: str, name: str, **more: object) -> Any:  # noqa: ANN401  JSON
        return post(f"/v1/dossiers/{code}/events", who, site.step(name, **more))

    def received(who: str = "desk", **more: object) -> str:
        return str(post("/v1/dossiers", who, site.intake(**more))["code"])

    applicant = {"name": "Nguyễn Thị An", "phone": "0900 000 001", "email": "an@example.vn"}
    whole = received(applicant=applicant, notices={"channels": ["sms", "email"]})
    step(whole, "decider", "supplement_asked", reason="thiếu giấy tờ")
    step(whole, "decider", "resumed")
    step(whole, "decider", "fee_asked", amount=50_000, reason="lệ phí")
    step(whole, "desk", "fee_paid", amount=50_000, reference="BL-1")
    step(
        whole, "desk", "corrected", corrects=1, what="applicant",
        applicant=applicant | {"name": "Nguyễn Thị Ân"}, reason="gõ sai tên",
    )  # fmt: skip
    step(whole, "decider", "decided", outcome="granted")
    step(whole, "desk", "handed_to_carrier", carrier="VNPOST", number="RR473124829VN")
    step(whole, "carrier", "carrier_scanned", number="RR473124829VN", scan="EMI", place="Hà Nội")
    step(whole, "portal", "rated", score=4, reason="nhanh")

    paused = received()
    step(paused, "decider", "supplement_asked", reason="thiếu ảnh")
    waiting = received(applicant=applicant)
    step(waiting, "decider", "stopped", reason="chờ cơ quan khác", basis="Điều 9")
    extended = received("other desk")
    step(
        extended, "decider", "promise_extended", due_at="2026-12-18T17:00:00+07:00",
        reason="nhiều hồ sơ", basis="Điều 19", signer="Trưởng phòng",
    )  # fmt: skip
    step(extended, "portal", "complained", text="chờ lâu")

    block = site.post("/v1/code-blocks", "desk", {"size": 8}).json()
    received(code=block["codes"][0])
    offline = received(code=block["codes"][1], promised_at="2026-12-04T17:00:00+07:00")
    site.post(f"/v1/code-blocks/{block['id']}/unused", "desk", {"numbers": [block["last"]]})
    site.post("/v1/code-blocks", "agent", {"size": 3})
    step(offline, "decider", "processing_started")

    batch = [site.intake() for _ in range(3)]
    answers = site.post("/v1/dossiers:batch", "desk", [*batch, batch[0], {"planted": 1}]).json()
    for body, answer in zip(batch, answers["items"], strict=False):
        assert answer["outcome"] == "created", answer
        sent.append({"path": "/v1/dossiers", "who": "desk", "body": body, "answer": answer})

    erased = received(applicant=applicant | {"name": "Trần Văn Xoá"})
    look_at(site, erased, whole)
    site.installation.erasure.erase(ACTORS["administrator"], erased, event_id="er-1", basis="b")
    site.installation.receipts.revoke(whole)
    for digits in ("9999", "0001"):
        site.client.post("/h", data={"code": waiting, "digits": digits})
    site.client.post("/h", data={"code": extended, "digits": "9999"})
    clock.moment += timedelta(minutes=1)
    return [one for one in sent if erased not in {one["answer"].get("code"), one["path"][13:-7]}]


def send_later(site: Site) -> list[Sent]:
    """Send what nobody is told of before the store is frozen."""
    intake = site.intake(notices={"channels": ["sms"]}, event_id="last")
    answer = site.post("/v1/dossiers", "desk", intake)
    assert answer.status_code == 201, answer.text
    return [{"path": "/v1/dossiers", "who": "desk", "body": intake, "answer": answer.json()}]


def look_at(site: Site, *codes: str) -> None:
    for code in codes:
        answer = site.get(f"/v1/dossiers/{code}/personal-data", "desk", reason="gọi lại")
        assert answer.status_code == 200, answer.text


def send_messages(it: Container) -> None:
    """Let the sender tell people what has happened."""
    died: list[object] = []
    with (
        it.sending_tasks() as tasks,
        supervise(tasks, lambda *of: died.append(of)),
    ):
        told = it.settings.data_dir / "told.ndjson"
        until(lambda: told.exists() and len(told.read_bytes().splitlines()) > 5)
    assert not died
