"""Personal data is stored only sealed, opens for permitted readers, and can be erased."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.application.service_desk import (
    ADMINISTRATOR,
    CLERK,
    DECIDER,
    NAME,
    PHONE,
    PORTAL,
    POSTMAN,
    REASON,
    ServiceDesk,
    service_desk,
)
from tracker.adapters.vault.aes import AesVault
from tracker.application.commands.envelope import RequestReusedError, UnknownDossierError
from tracker.application.commands.handler import PersonalDataGoneError
from tracker.application.ports import SealBrokenError
from tracker.application.queries.dossier_reader import Moment
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.dossier.values import Sealed
from tracker.domain.errors import NotAllowedError

SECRETS = {
    "refused": "lý do từ chối kín",
    "supplement": "lý do bổ sung kín",
    "fee": "lý do thu phí kín",
    "stop": "lý do dừng kín",
    "resume": "lý do tiếp tục kín",
    "extend": "lý do xin lỗi kín",
    "decide": "lý do quyết định kín",
    "scan": "nguyên văn bưu tá kín",
    "complaint": "lời khiếu nại kín",
    "rating": "lời đánh giá kín",
    "correction": "lý do sửa kín",
    "new name": "Tên Mới Bí Mật",
    "address": "12 ngõ Kín, Hà Nội",
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServiceDesk]:
    with service_desk(tmp_path) as opened:
        yield opened


def full_of_secrets(desk: ServiceDesk) -> str:
    code = desk.take_in(
        applicant={"name": NAME, "phone": PHONE, "address": SECRETS["address"]}
    ).code
    for actor, fields in (
        (DECIDER, {"step": "supplement_asked", "reason": SECRETS["supplement"]}),
        (DECIDER, {"step": "fee_asked", "amount": 1, "reason": SECRETS["fee"]}),
        (DECIDER, {"step": "stopped", "reason": SECRETS["stop"]}),
        (DECIDER, {"step": "resumed", "reason": SECRETS["resume"]}),
        (
            DECIDER,
            {
                "step": "promise_extended",
                "reason": SECRETS["extend"],
                "due_at": "2026-12-20T17:00:00+07:00",
                "signer": "TP",
            },
        ),
        (
            CLERK,
            {
                "step": "corrected",
                "corrects": 1,
                "what": "applicant",
                "applicant": {"name": SECRETS["new name"]},
                "reason": SECRETS["correction"],
            },
        ),
        (DECIDER, {"step": "decided", "outcome": "granted", "reason": SECRETS["decide"]}),
        (CLERK, {"step": "handed_to_carrier", "carrier": "VNPOST", "number": "X1"}),
        (
            POSTMAN,
            {"step": "carrier_scanned", "number": "X1", "scan": "EMI", "raw": SECRETS["scan"]},
        ),
        (PORTAL, {"step": "complained", "text": SECRETS["complaint"]}),
        (PORTAL, {"step": "rated", "score": 1, "reason": SECRETS["rating"]}),
    ):
        desk.post(actor, code=code, **fields)
    return code


def bytes_on_disk(directory: Path) -> bytes:
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert any(path.name.endswith("-wal") for path in files)
    return b"".join(path.read_bytes() for path in files)


def spellings(text: str) -> list[bytes]:
    return [text.encode(), text.encode("utf-16-le"), text.encode("unicode_escape")]


def test_no_file_contains_personal_data_or_reasons_in_clear(
    desk: ServiceDesk, tmp_path: Path
) -> None:
    full_of_secrets(desk)
    desk.at.catch_up()
    on_disk = bytes_on_disk(tmp_path)
    assert b"dossier.carrier_scanned.v2" in on_disk
    leaks = [
        text
        for text in (NAME, PHONE, *SECRETS.values())
        for spelling in spellings(text)
        if spelling in on_disk
    ]
    assert leaks == []


def test_every_sealed_text_opens_for_who_may_read_it_and_is_where_it_was_put(
    desk: ServiceDesk,
) -> None:
    code = full_of_secrets(desk)
    opened = desk.at.reader.personal_data(CLERK, code, "gọi lại cho dân")
    applicant = f'{{"name":"{NAME}","address":"{SECRETS["address"]}","phone":"{PHONE}"}}'
    assert opened == {
        1: {"applicant": applicant},
        2: {"reason": SECRETS["supplement"]},
        3: {"reason": SECRETS["fee"]},
        4: {"reason": SECRETS["stop"]},
        5: {"reason": SECRETS["resume"]},
        6: {"reason": SECRETS["extend"]},
        7: {"sealed": f'{{"name":"{SECRETS["new name"]}"}}', "reason": SECRETS["correction"]},
        8: {"reason": SECRETS["decide"]},
        10: {"raw": SECRETS["scan"]},
        12: {"text": SECRETS["complaint"]},
        13: {"reason": SECRETS["rating"]},
    }


def test_every_access_is_recorded_with_its_reason_before_it_is_answered(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    desk.at.reader.personal_data(CLERK, code, "gọi lại")
    with pytest.raises(NotAllowedError):
        desk.at.reader.personal_data(Actor(Role.STAFF, "x", "CN01"), code, "tò mò")
    looks = desk.at.reader.readers(ADMINISTRATOR, code)
    assert [(look.what, look.actor, look.office, look.reason) for look in looks] == [
        ("personal_data", "clerk", "CN05", "gọi lại")
    ]


@pytest.mark.parametrize(
    "actor",
    [
        Actor(Role.AUDITOR, "a", "CN05"),
        Actor(Role.MANAGER, "a", "CN05"),
        Actor(Role.AGENT, "a", "CN05"),
        Actor(Role.STAFF, "a", "CN01"),
        PORTAL,
        POSTMAN,
    ],
)
def test_personal_data_opens_for_no_other_actor(desk: ServiceDesk, actor: Actor) -> None:
    code = desk.take_in().code
    with pytest.raises(NotAllowedError):
        desk.at.reader.personal_data(actor, code, "")


def test_sealed_text_opens_neither_for_another_dossier_nor_as_another_field() -> None:
    own, other = dossier_id("H26-261120-0001"), dossier_id("H26-261120-0002")
    vault = AesVault(b"m" * 32)
    wrapped, seal = vault.new_key(own)
    sealed = seal.seal("applicant", NAME)
    assert vault.unwrap(own, wrapped).open("applicant", sealed) == NAME
    assert seal.seal("applicant", NAME) != sealed
    with pytest.raises(SealBrokenError):
        seal.open("refused.reason", sealed)
    with pytest.raises(SealBrokenError):
        vault.unwrap(other, wrapped)
    with pytest.raises(SealBrokenError):
        AesVault(b"n" * 32).unwrap(own, wrapped)


@pytest.mark.parametrize("damage", ["", "AAAA", "!!!!", "A", "é"])
def test_damaged_sealed_text_is_a_broken_seal_and_nothing_else(damage: str) -> None:
    _, seal = AesVault(b"m" * 32).new_key(dossier_id("H26-261120-0001"))
    whole = seal.seal("applicant", NAME)
    flipped = whole[:-6] + ("A" if whole[-6] != "A" else "B") + whole[-5:]
    for broken in (damage, whole[:-4], flipped):
        with pytest.raises(SealBrokenError):
            seal.open("applicant", Sealed(broken))


# erasing


def key_of(directory: Path, code: str) -> bytes | None:
    with sqlite3.connect(directory / "events.db") as connection:
        row = connection.execute(
            "SELECT wrapped FROM dossier_keys WHERE dossier_id=?", (dossier_id(code).hex,)
        ).fetchone()
    connection.close()
    return bytes(row[0]) if row else None


def test_after_erasing_nothing_can_be_read_and_everything_else_stays(desk: ServiceDesk) -> None:
    code = full_of_secrets(desk)
    before = desk.history(code)
    position = desk.at.tracker.erase_personal_data(
        ADMINISTRATOR, code, event_id="erase-1", basis="Luật 91/2025"
    )
    assert position == 14
    assert desk.at.reader.personal_data(ADMINISTRATOR, code, "") == {}
    assert desk.history(code)[:-1] == before
    assert desk.steps(code)[-1] == "personal_data_erased"
    assert desk.at.reader.dossier(CLERK, code, Moment()).personal_data_erased


def test_an_erased_key_is_gone_from_every_file_and_the_others_stand(
    desk: ServiceDesk, tmp_path: Path
) -> None:
    code, kept = full_of_secrets(desk), desk.take_in().code
    key, other = key_of(tmp_path, code), key_of(tmp_path, kept)
    assert key is not None
    assert other is not None
    desk.at.tracker.erase_personal_data(ADMINISTRATOR, code, event_id="erase-1", basis="b")
    assert key_of(tmp_path, code) is None
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert key not in on_disk
    assert other in on_disk
    assert desk.at.reader.personal_data(CLERK, kept, "")[1]["applicant"].startswith("{")


def test_why_people_looked_is_gone_from_every_file_and_who_did_stays(
    desk: ServiceDesk, tmp_path: Path
) -> None:
    code, kept = desk.take_in().code, desk.take_in().code
    for number in range(30):
        desk.at.reader.personal_data(CLERK, code, f"gọi lại cho {NAME}, lần {number}")
        desk.at.reader.personal_data(CLERK, kept, "việc khác")
    desk.at.erasure.erase(ADMINISTRATOR, code, event_id="erase-1", basis="b")
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert NAME.encode() not in files
    assert "việc khác".encode() in files
    looks = desk.at.reader.readers(ADMINISTRATOR, code)
    assert [(look.actor, look.reason) for look in looks] == [("clerk", "")] * 30


def test_who_may_not_erase_blanks_no_reason_either(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    desk.at.reader.personal_data(CLERK, code, "gọi lại")
    with pytest.raises(NotAllowedError):
        desk.at.erasure.erase(CLERK, code, event_id="erase-1", basis="b")
    assert [look.reason for look in desk.at.reader.readers(ADMINISTRATOR, code)] == ["gọi lại"]


def test_to_an_erased_dossier_no_text_is_added_but_steps_go_on(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    desk.at.tracker.erase_personal_data(ADMINISTRATOR, code, event_id="erase-1", basis="b")
    with pytest.raises(PersonalDataGoneError):
        desk.post(PORTAL, code=code, step="complained", text=REASON)
    assert desk.post(DECIDER, code=code, step="processing_started").version == 3


def test_personal_data_are_erased_once_and_a_retry_gets_the_same_answer(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    erase = desk.at.tracker.erase_personal_data
    first = erase(ADMINISTRATOR, code, event_id="erase-1", basis="b")
    assert erase(ADMINISTRATOR, code, event_id="erase-1", basis="b") == first
    with pytest.raises(RequestReusedError):
        erase(ADMINISTRATOR, code, event_id="erase-1", basis="other")
    with pytest.raises(StepNotAllowedError):
        erase(ADMINISTRATOR, code, event_id="erase-2", basis="b")
    assert desk.steps(code) == ["received", "personal_data_erased"]


def test_only_an_administrator_erases_and_only_what_there_is(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    with pytest.raises(NotAllowedError):
        desk.at.tracker.erase_personal_data(CLERK, code, event_id="x", basis="b")
    with pytest.raises(UnknownDossierError):
        desk.at.tracker.erase_personal_data(
            ADMINISTRATOR, "H26-261120-0099", event_id="x", basis="b"
        )
    assert desk.at.reader.personal_data(CLERK, code, "") != {}


def test_the_senders_own_id_of_an_erasure_cannot_be_used_for_a_step(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    desk.at.tracker.erase_personal_data(ADMINISTRATOR, code, event_id="same", basis="b")
    with pytest.raises(RequestReusedError):
        desk.post(ADMINISTRATOR, event_id="same", code=code, step="processing_started")
