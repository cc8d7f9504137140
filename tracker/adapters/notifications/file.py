"""Writes what would be told to people into a file, for development. Addresses are masked."""

from pathlib import Path
from threading import Lock

import orjson

from tracker.application.notifications.dispatcher import RenderedNotification
from tracker.domain.notifications.notification_texts import segments

_SHOWN = 3


class FileTransport:
    """Appends one line of JSON a letter."""

    def __init__(self, path: Path, channel: str) -> None:
        """Write into this file."""
        self._path = path
        self._channel = channel
        self._one_at_a_time = Lock()

    def bring(self, letter: RenderedNotification) -> None:
        """Write it down."""
        line = {
            "id": letter.id,
            "channel": self._channel,
            "to": "…" + letter.to[-_SHOWN:],
            "kind": letter.notice.kind,
            "subject": letter.subject,
            "text": letter.text,
            "sms_segments": segments(letter.text),
        }
        with self._one_at_a_time, self._path.open("ab") as file:
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
