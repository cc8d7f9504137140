"""Reads who is told and by whom from a TOML file, and makes the couriers.

    max_age_hours = 72          # older news is not told when sending begins
    lease_seconds = 300         # a sender that died in the middle is believed dead after so long

    [sms]
    url = "https://gateway.example/send"
    headers = { Authorization = "Bearer …" }
    fields = { to = "{to}", text = "{text}", reference = "{id}" }

    [email]
    host = "mail.example"
    sender = "Một cửa <no-reply@example.vn>"

    [file]                      # stands in for SMS and e-mail where they are left out
    path = "var/told.ndjson"

    [webhooks.portal]
    url = "https://portal.example/hooks/dossiers"
    secret = "whsec_…"

Addresses to call come from this file only, never from what anybody sends.
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
    """The file that says who is told cannot be used."""


@dataclass(frozen=True)
class Routes:
    """Who is told by whom, how old news may be when first seen, and how long one may take."""

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
    def _usable(cls, secret: SecretStr) -> SecretStr:
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
    """Read the file and make the couriers; afterwards their connections are closed.

    Raise `UnfitRoutesError`, which repeats nothing of what stands there: it may be a secret.
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
        faults = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        message = f"{path}: {'; '.join(faults)}"
        raise UnfitRoutesError(message) from None


def _people(config: _Config, client: httpx2.Client, now: Callable[[], datetime]) -> Iterator[Route]:
    couriers: dict[NoticeChannel, Transport] = {}
    if config.file:
        couriers = {one: FileTransport(config.file.path, one) for one in NoticeChannel}
    if sms := config.sms:
        couriers[NoticeChannel.SMS] = SmsTransport(
            client,
            sms.url,
            form=sms.format,
            fields=sms.fields,
            headers=sms.headers,
            plain=sms.plain,
        )
    if email := config.email:
        couriers[NoticeChannel.EMAIL] = MailTransport(
            host=email.host,
            port=email.port,
            starttls=email.starttls,
            username=email.username,
            password=email.password.get_secret_value(),
            sender=email.sender,
            now=now,
        )
    for channel, courier in couriers.items():
        yield Route(channel.value, courier, channel)


def _systems(
    config: _Config, client: httpx2.Client, now: Callable[[], datetime]
) -> Iterator[Route]:
    for name, hook in config.webhooks.items():
        courier = WebhookTransport(client, hook.url, hook.secret.get_secret_value(), now)
        yield Route(f"webhook:{name}", courier)
