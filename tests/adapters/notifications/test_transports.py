"""Transports against real receivers: content, ids of repetitions, and refusals."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import orjson
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from ops.local_servers.ports import free_ports
from tests.adapters.notifications.sinks import HttpSink, MailSink, http_sink, mail_sink
from tracker.adapters.notifications.file import FileTransport
from tracker.adapters.notifications.mail import MailTransport
from tracker.adapters.notifications.sms import SmsTransport
from tracker.adapters.notifications.webhook import WebhookTransport
from tracker.application.notifications.dispatcher import (
    PermanentFailureError,
    RenderedNotification,
    TemporaryFailureError,
    Transport,
)
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.notifications.notifications import (
    Notification,
    NotificationKind,
    notification_of_lock,
)

CODE = "H26.05-261122-0042"
AT = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOTICE = Notification(
    dossier_id=dossier_id(CODE),
    version=3,
    code=CODE,
    kind=NotificationKind.FEE_ASKED,
    occurred_at=AT,
    recorded_at=AT + timedelta(seconds=2),
    amount=50_000,
)
LETTER = RenderedNotification(
    id="msg_1",
    notification=NOTICE,
    to="0900 000.001",
    subject="Hồ sơ H26",
    text="Hồ sơ {id} có kết quả",
    stop_url="https://x.vn/stop/a/b",
)
MAIL = RenderedNotification(
    id="msg_2",
    notification=NOTICE,
    to="an@example.vn",
    subject="Hồ sơ",
    text="Đã có",
    stop_url="https://x.vn/s",
)


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with http_sink() as opened:
        yield opened


@pytest.fixture
def mails() -> Iterator[MailSink]:
    with mail_sink() as opened:
        yield opened


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=5) as opened:
        yield opened


def refusal(
    transport: Transport, letter: RenderedNotification = LETTER
) -> tuple[type[Exception], str]:
    with pytest.raises((TemporaryFailureError, PermanentFailureError)) as refused:
        transport.send(letter)
    return type(refused.value), str(refused.value)


# webhooks


def hook(client: httpx2.Client, url: str) -> WebhookTransport:
    return WebhookTransport(client, url, SECRET, lambda: datetime.now(UTC))


def test_a_webhook_for_a_lock_has_no_version_because_there_is_no_event(
    client: httpx2.Client, sink: HttpSink
) -> None:
    lock = notification_of_lock(dossier_id(CODE), CODE, AT)
    hook(client, sink.url).send(RenderedNotification("msg_3", lock))
    (body,) = sink.bodies()
    assert body == {
        "type": "dossier.locked",
        "timestamp": AT.isoformat(),
        "data": {
            "code": CODE,
            "occurred_at": AT.isoformat(),
            "recorded_at": AT.isoformat(),
        },
    }


def test_a_webhook_says_what_happened_signed_and_by_its_name(
    client: httpx2.Client, sink: HttpSink
) -> None:
    hook(client, sink.url).send(LETTER)
    ((headers, body),) = sink.received
    content = Webhook(SECRET).verify(body, headers)
    assert headers["webhook-id"] == "msg_1"
    assert headers["content-type"] == "application/json"
    assert content == {
        "type": "dossier.fee_asked",
        "timestamp": "2026-11-22T02:10:02+00:00",
        "data": {
            "code": CODE,
            "version": 3,
            "occurred_at": "2026-11-22T02:10:00+00:00",
            "recorded_at": "2026-11-22T02:10:02+00:00",
            "amount": 50_000,
        },
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"50000", b"50001"), headers)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, TemporaryFailureError),
        (429, TemporaryFailureError),
        (404, TemporaryFailureError),
        (302, TemporaryFailureError),
        (410, PermanentFailureError),
    ],
)
def test_only_a_2xx_counts_as_taken_and_no_redirect_is_followed(
    client: httpx2.Client, sink: HttpSink, status: int, error: type[Exception]
) -> None:
    sink.answer = lambda _: status
    assert refusal(hook(client, sink.url)) == (error, f"The endpoint answered {status}.")
    assert len(sink.received) == 1


def test_a_system_that_is_down_is_tried_again(client: httpx2.Client) -> None:
    down = hook(client, f"http://127.0.0.1:{free_ports(1)[0]}/")
    assert refusal(down) == (TemporaryFailureError, "No answer: ConnectError.")


# SMS


def gateway(client: httpx2.Client, url: str, **changes: object) -> SmsTransport:
    given: dict[str, object] = {
        "form": "json",
        "fields": {"phone": "{to}", "message": "{text}", "ref": "{id}"},
        "headers": {"Authorization": "Bearer key", "Idempotency-Key": "{id}"},
        "plain": False,
    }
    return SmsTransport(client, url, **given | changes)  # type: ignore[arg-type]


def test_a_gateway_gets_its_fields_filled_and_a_reference_to_know_a_repeat_by(
    client: httpx2.Client, sink: HttpSink
) -> None:
    gateway(client, sink.url).send(LETTER)
    ((headers, _),) = sink.received
    assert (headers["authorization"], headers["idempotency-key"]) == ("Bearer key", "msg_1")
    assert sink.bodies() == [
        {"phone": "0900000001", "message": "Hồ sơ {id} có kết quả", "ref": "msg_1"}
    ]


def test_a_gateway_that_wants_a_form_and_plain_letters_gets_them(
    client: httpx2.Client, sink: HttpSink
) -> None:
    gateway(client, sink.url, form="form", plain=True).send(LETTER)
    ((headers, body),) = sink.received
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert body == b"phone=0900000001&message=Ho+so+%7Bid%7D+co+ket+qua&ref=msg_1"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, TemporaryFailureError),
        (401, TemporaryFailureError),
        (400, PermanentFailureError),
        (422, PermanentFailureError),
    ],
)
def test_a_gateway_that_rejects_the_message_itself_is_not_asked_again(
    client: httpx2.Client, sink: HttpSink, status: int, error: type[Exception]
) -> None:
    sink.answer = lambda _: status
    refused = refusal(gateway(client, sink.url))
    assert refused == (error, f"The gateway answered {status}.")


# e-mail


def post_office(port: int) -> MailTransport:
    return MailTransport(
        host="127.0.0.1",
        port=port,
        starttls=False,
        username="",
        password="",
        sender="Một cửa <no-reply@motcua.vn>",
        now=lambda: AT,
    )


def test_a_mail_arrives_whole_with_its_name_and_the_way_to_stop(mails: MailSink) -> None:
    post_office(mails.port).send(MAIL)
    (mail,) = mails.received
    assert mail["Message-ID"] == "<msg_2@motcua.vn>"
    assert mail["To"] == "an@example.vn"
    assert mail["Subject"] == "Hồ sơ"
    assert mail["List-Unsubscribe"] == "<https://x.vn/s>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.get_content().strip() == "Đã có"


@pytest.mark.parametrize(
    ("says", "ends", "error", "words"),
    [
        (
            "550 an@example.vn unknown",
            "250 OK",
            PermanentFailureError,
            "The address was refused: 550.",
        ),
        (
            "450 an@example.vn busy",
            "250 OK",
            TemporaryFailureError,
            "The address was refused: 450.",
        ),
        (
            "250 OK",
            "451 an@example.vn later",
            TemporaryFailureError,
            "The mail server answered 451.",
        ),
    ],
)
def test_a_refusal_is_told_by_its_code_without_the_address(
    mails: MailSink, says: str, ends: str, error: type[Exception], words: str
) -> None:
    mails.says, mails.ends = says, ends
    assert refusal(post_office(mails.port), MAIL) == (error, words)


def test_a_mail_server_that_is_down_or_knows_no_tls_is_tried_again(mails: MailSink) -> None:
    kind, words = refusal(post_office(free_ports(1)[0]), MAIL)
    assert (kind, words) == (
        TemporaryFailureError,
        "The mail server does not answer: ConnectionRefusedError.",
    )
    guarded = MailTransport(
        host="127.0.0.1",
        port=mails.port,
        starttls=True,
        username="",
        password="",
        sender="no-reply@motcua.vn",
        now=lambda: AT,
    )
    assert refusal(guarded, MAIL)[0] is TemporaryFailureError
    assert mails.received == []


# files


def test_a_file_keeps_every_message_and_no_whole_address(tmp_path: Path) -> None:
    path = tmp_path / "notifications.ndjson"
    transport = FileTransport(path, "sms")
    transport.send(LETTER)
    transport.send(MAIL)
    assert "0900" not in path.read_text()
    first, second = (orjson.loads(line) for line in path.read_bytes().splitlines())
    assert first == {
        "id": "msg_1",
        "channel": "sms",
        "to": "…001",
        "kind": "fee_asked",
        "subject": "Hồ sơ H26",
        "text": "Hồ sơ {id} có kết quả",
        "sms_segments": 1,
    }
    assert second["to"] == "….vn"
