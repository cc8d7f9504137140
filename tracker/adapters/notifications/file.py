"""Write notifications to a file, for development. Addresses are masked."""

from pathlib import Path
from threading import Lock

import orjson

from tracker.application.notifications.dispatcher import RenderedNotification
from tracker.domain.notifications.notification_texts import segments

_SHOWN = 3


class FileTransport:
    """Appends one line of JSON for each notification."""

    def __init__(self, path: Path, channel: str) -> None:
        """Write to this file."""
        self._path = path
        self._channel = channel
        self._lock = Lock()

    def send(self, rendered: RenderedNotification) -> None:
        """Append the notification to the file."""
        line = {
            "id": rendered.id,
            "channel": self._channel,
            "to": "…" + rendered.to[-_SHOWN:],
            "kind": rendered.notification.kind,
            "subject": rendered.subject,
            "text": rendered.text,
            "sms_segments": segments(rendered.text),
        }
        with self._lock, self._path.open("ab") as file:
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
