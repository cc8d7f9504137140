"""Read the routes of notifications from a TOML file, and make the transports.

    max_age_hours = 72          # older notifications are not sent when sending begins
    lease_seconds = 300         # after this, another sender takes over the work of a dead one

    [sms]
    url = "https://gateway.example/send"
    headers = { Authorization = "Bearer …" }
    fields = { to = "{to}", text = "{text}", reference = "{id}" }

    [email]
    host = "mail.example"
    sender = "Một cửa <no-reply@example.vn>"

    [file]                      # replaces SMS and e-mail if they are left out
    path = "var/told.ndjson"

    [webhooks.portal]
    url = "https://portal.example/hooks/dossiers"
    secret = "whsec_…"

URLs come only from this file, never from a request.
"""

import tomllib
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import httpx2
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from tracker.adapters.notifications.file import FileTransport
from tracker.adapters.notifications.mail import MailTransport
from tracker.adapters.notifications.sms import SmsTransport
from tracker.adapters.notifications.webhook import WebhookTransport
from tracker.application.notifications.dispatcher import Route, Transport
from tracker.domain.dossier.values import NoticeChannel
from tracker.domain.errors import InvalidInputError

_ANSWER_WITHIN_S = 10.0
_KEY_BYTES = range(24, 65)
_Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class UnfitRoutesError(InvalidInputError):
    """The file of notification routes cannot be used."""


@dataclass(frozen=True)
class Routes:
    """The routes, the largest age of a new notification, and the time limit of one attempt."""

    routes: tuple[Route, ...]
    max_age: timedelta
    lease: timedelta
    reach_people: bool


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Sms(_Part):
    url: _Url
    format: Literal["json", "form"] = "json"
    fields: dict[str, str]
    headers: dict[str, str] = {}
    plain: bool = False


class _Email(_Part):
    host: str
    port: int = 587
    starttls: bool = True
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: Annotated[str, Field(pattern=r"@")]


class _File(_Part):
    path: Path


class _Webhook(_Part):
    url: _Url
    secret: SecretStr

    @field_validator("secret")
    @classmethod
    def _is_key(cls, secret: SecretStr) -> SecretStr:
        prefix, _, coded = secret.get_secret_value().partition("_")
        try:
            is_key = len(b64decode(coded, validate=True)) in _KEY_BYTES
        except ValueError:
            is_key = False
        if prefix != "whsec" or not is_key:
            message = "must be whsec_ and 24 to 64 bytes in base64"
            raise ValueError(message)
        return secret


class _Config(_Part):
    max_age_hours: Annotated[float, Field(gt=0)] = 72
    lease_seconds: Annotated[float, Field(gt=0)] = 300
    sms: _Sms | None = None
    email: _Email | None = None
    file: _File | None = None
    webhooks: dict[_Name, _Webhook] = {}


@contextmanager
def open_routes(path: Path, now: Callable[[], datetime]) -> Iterator[Routes]:
    """Open the routes in a file; close their connections after the block.

    Raise `UnfitRoutesError`, which never quotes the file, because it may hold secrets.
    """
    config = _read(path)
    with httpx2.Client(timeout=_ANSWER_WITHIN_S) as client:
        yield Routes(
            tuple(_people(config, client, now)) + tuple(_systems(config, client, now)),
            timedelta(hours=config.max_age_hours),
            timedelta(seconds=config.lease_seconds),
            reach_people=bool(config.sms or config.email),
        )


def _read(path: Path) -> _Config:
    try:
        return _Config.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path}: {error}"
        raise UnfitRoutesError(message) from error
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        message = f"{path}: {'; '.join(faults)}"
        raise UnfitRoutesError(message) from None


def _people(config: _Config, client: httpx2.Client, now: Callable[[], datetime]) -> Iterator[Route]:
    transports: dict[NoticeChannel, Transport] = {}
    if config.file:
        transports = {
            channel: FileTransport(config.file.path, channel) for channel in NoticeChannel
        }
    if sms := config.sms:
        transports[NoticeChannel.SMS] = SmsTransport(
            client,
            sms.url,
            form=sms.format,
            fields=sms.fields,
            headers=sms.headers,
            plain=sms.plain,
        )
    if email := config.email:
        transports[NoticeChannel.EMAIL] = MailTransport(
            host=email.host,
            port=email.port,
            starttls=email.starttls,
            username=email.username,
            password=email.password.get_secret_value(),
            sender=email.sender,
            now=now,
        )
    for channel, transport in transports.items():
        yield Route(channel.value, transport, channel)


def _systems(
    config: _Config, client: httpx2.Client, now: Callable[[], datetime]
) -> Iterator[Route]:
    for name, hook in config.webhooks.items():
        transport = WebhookTransport(client, hook.url, hook.secret.get_secret_value(), now)
        yield Route(f"webhook:{name}", transport)
