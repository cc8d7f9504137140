"""Send notifications to people by SMS, through an HTTP gateway."""

import re
from collections.abc import Mapping
from typing import Literal

import httpx2

from tracker.application.notifications.dispatcher import (
    PermanentFailureError,
    RenderedNotification,
    TemporaryFailureError,
)
from tracker.domain.notifications.notification_texts import without_accents

_PERMANENT = frozenset({400, 404, 410, 422})
"""The status codes by which a gateway refuses a message for good."""

_PLACE = re.compile(r"\{(id|to|text)\}")


class SmsTransport:
    """Posts to a gateway, with `{id}`, `{to}` and `{text}` filled into its fields and headers.

    A repeated message has the same id, so a gateway that reads it can drop the repetition.
    """

    def __init__(
        self,
        client: httpx2.Client,
        url: str,
        *,
        form: Literal["json", "form"],
        fields: Mapping[str, str],
        headers: Mapping[str, str],
        plain: bool,
    ) -> None:
        """Post to this URL. `plain` removes accents, so that a text needs fewer SMS."""
        self._client = client
        self._url = url
        self._form = form
        self._fields = fields
        self._headers = headers
        self._plain = plain

    def send(self, rendered: RenderedNotification) -> None:
        """Send the SMS. Raise `TemporaryFailureError`, `PermanentFailureError`."""
        text = without_accents(rendered.text) if self._plain else rendered.text
        values = {"id": rendered.id, "to": re.sub(r"[ .]", "", rendered.to), "text": text}
        fields, headers = _filled(self._fields, values), _filled(self._headers, values)
        body = {"json": fields} if self._form == "json" else {"data": fields}
        try:
            status = self._client.post(self._url, headers=headers, **body).status_code  # type: ignore[arg-type]
        except httpx2.HTTPError as error:
            message = f"No answer: {type(error).__name__}."
            raise TemporaryFailureError(message) from None
        if httpx2.codes.is_success(status):
            return
        message = f"The gateway answered {status}."
        raise (
            PermanentFailureError(message)
            if status in _PERMANENT
            else TemporaryFailureError(message)
        )


def _filled(templates: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    return {
        name: _PLACE.sub(lambda place: values[place[1]], template)
        for name, template in templates.items()
    }
