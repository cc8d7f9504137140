"""NDJSON: a line for each event, with the very bytes that are stored, whose hash the log has."""

import msgspec

from tracker.adapters.exports.sinks import Sink
from tracker.application.queries.export import ExportedDossier

_encode = msgspec.json.Encoder().encode


class NdjsonFile:
    """Writes `position`, `topic`, `event` as it is stored, and `opened` where texts are opened."""

    def __init__(self, file: Sink) -> None:
        """Write to this file."""
        self._file = file

    def add(self, taken: ExportedDossier) -> None:
        """Write the events of a dossier."""
        for row in taken.rows:
            line = {"position": row.position, "topic": row.topic, "event": msgspec.Raw(row.state)}
            if taken.texts is not None:
                line["opened"] = taken.texts.get(row.version, {})
            self._file.write(_encode(line) + b"\n")

    def finish(self) -> None:
        """Nothing follows the last line."""
