"""The file of notification routes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tracker.adapters.notifications.file import FileTransport
from tracker.adapters.notifications.mail import MailTransport
from tracker.adapters.notifications.routes import UnfitRoutesError, open_routes
from tracker.adapters.notifications.sms import SmsTransport
from tracker.adapters.notifications.webhook import WebhookTransport

SMS = '[sms]\nurl = "https://g.vn/send"\nfields = { to = "{to}" }\n'
EMAIL = '[email]\nhost = "mail.vn"\nsender = "a@b.vn"\n'
FILE = '[file]\npath = "notifications.ndjson"\n'
HOOK = (
    '[webhooks.portal]\nurl = "https://p.vn/h"\nsecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"\n'
)


def transports_in(tmp_path: Path, text: str) -> dict[str, type]:
    path = tmp_path / "notices.toml"
    path.write_text(text, encoding="utf-8")
    with open_routes(path, lambda: datetime.now(UTC)) as opened:
        return {route.target: type(route.transport) for route in opened.routes}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        (FILE, {"sms": FileTransport, "email": FileTransport}),
        (FILE + SMS, {"sms": SmsTransport, "email": FileTransport}),
        (
            SMS + EMAIL + HOOK,
            {"sms": SmsTransport, "email": MailTransport, "webhook:portal": WebhookTransport},
        ),
    ],
)
def test_each_part_of_the_file_is_a_route(
    tmp_path: Path, text: str, expected: dict[str, type]
) -> None:
    assert transports_in(tmp_path, text) == expected


def test_times_left_out_are_three_days_and_five_minutes(tmp_path: Path) -> None:
    path = tmp_path / "notices.toml"
    path.write_text(FILE)
    with open_routes(path, lambda: datetime.now(UTC)) as opened:
        assert (opened.max_age, opened.lease) == (timedelta(days=3), timedelta(minutes=5))
        assert not opened.reach_people
    path.write_text("max_age_hours = 1\nlease_seconds = 2\n" + EMAIL)
    with open_routes(path, lambda: datetime.now(UTC)) as opened:
        assert (opened.max_age, opened.lease) == (timedelta(hours=1), timedelta(seconds=2))
        assert opened.reach_people


@pytest.mark.parametrize(
    "text",
    [
        "[sms",
        "planted = 1",
        '[sms]\nurl = "file:///etc/passwd"\nfields = {}\n',
        '[sms]\nurl = "g.vn"\nfields = {}\n',
        '[email]\nhost = "mail.vn"\nsender = "nobody"\n',
        '[webhooks.portal]\nurl = "https://p.vn"\nsecret = "planted"\n',
        '[webhooks."Planted Name"]\nurl = "https://p.vn"\nsecret = "whsec_MfKQ9r8G"\n',
        "max_age_hours = 0",
    ],
)
def test_a_file_of_no_use_is_named_and_no_secret_of_it_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnfitRoutesError) as unfit:
        transports_in(tmp_path, text)
    assert "notices.toml: " in str(unfit.value)
    assert "secret = " not in str(unfit.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(UnfitRoutesError, match=r"nowhere\.toml"),
        open_routes(tmp_path / "nowhere.toml", lambda: datetime.now(UTC)),
    ):
        pass
