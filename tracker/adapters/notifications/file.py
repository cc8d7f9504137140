"""Writes what would be told to people into a file, for development. Addresses are masked."""

from pathlib import Path
from threading import Lock

import orjson

from tracker.application.notifications.dispatcher import RenderedNotification
from tracker.domain.notifications.notification_texts import segments

_SHOWN = 3


class FileTransport:
    """Appends one line of JSON a notification."""

    def __init__(self, path: Path, channel: str) -> None:
        """Write into this file."""
        self._path = path
        self._channel = channel
        self._one_at_a_time = Lock()

    def send(self, rendered: RenderedNotification) -> None:
        """Write it down."""
        line = {
            "id": rendered.id,
            "channel": self._channel,
            "to": "…" + rendered.to[-_SHOWN:],
            "kind": rendered.notification.kind,
            "subject": rendered.subject,
            "text": rendered.text,
            "sms_segments": segments(rendered.text),
        }
        with self._one_at_a_time, self._path.open("ab") as file:
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
