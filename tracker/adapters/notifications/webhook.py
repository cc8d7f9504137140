"""Notify systems over HTTP by Standard Webhooks. The content has no personal data."""

from collections.abc import Callable
from datetime import datetime
from math import floor

import httpx2
import orjson
from standardwebhooks import Webhook

from tracker.application.notifications.dispatcher import (
    PermanentFailureError,
    RenderedNotification,
    TemporaryFailureError,
)
from tracker.domain.notifications.notifications import Notification, NotificationKind

_GONE = 410


class WebhookTransport:
    """Posts to one endpoint. Only a 2xx is a success; redirects are not followed."""

    def __init__(
        self, client: httpx2.Client, url: str, secret: str, now: Callable[[], datetime]
    ) -> None:
        """Post to this URL, signed with this secret (`whsec_` and base64)."""
        self._client = client
        self._url = url
        self._signer = Webhook(secret)
        self._now = now

    def send(self, rendered: RenderedNotification) -> None:
        """Send the notification. Raise `TemporaryFailureError`, `PermanentFailureError`."""
        body, now = _body(rendered.notification), self._now()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": rendered.id,
            "webhook-timestamp": str(floor(now.timestamp())),
            "webhook-signature": self._signer.sign(rendered.id, now, body),
        }
        try:
            status = self._client.post(self._url, content=body, headers=headers).status_code
        except httpx2.HTTPError as error:
            message = f"No answer: {type(error).__name__}."
            raise TemporaryFailureError(message) from error
        if httpx2.codes.is_success(status):
            return
        message = f"The endpoint answered {status}."
        raise PermanentFailureError(message) if status == _GONE else TemporaryFailureError(message)


def _body(notice: Notification) -> str:
    data = {
        "code": notice.code,
        "version": None if notice.kind is NotificationKind.LOCKED else notice.version,
        "occurred_at": notice.occurred_at,
        "recorded_at": notice.recorded_at,
        "due_at": notice.due_at,
        "amount": notice.amount,
    }
    return orjson.dumps(
        {
            "type": f"dossier.{notice.kind}",
            "timestamp": notice.recorded_at,
            "data": {name: value for name, value in data.items() if value is not None},
        }
    ).decode()
