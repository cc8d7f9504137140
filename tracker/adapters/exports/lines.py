"""NDJSON: a line for each event with its stored bytes, whose hash is in the log."""

import msgspec

from tracker.adapters.exports.sinks import Sink
from tracker.application.queries.export import ExportedDossier

_encode = msgspec.json.Encoder().encode


class NdjsonFile:
    """Writes `position`, `topic`, the stored `event`, and `opened` if texts are opened."""

    def __init__(self, file: Sink) -> None:
        """Write to this file."""
        self._file = file

    def add(self, exported: ExportedDossier) -> None:
        """Write the events of a dossier."""
        for row in exported.rows:
            line = {"position": row.position, "topic": row.topic, "event": msgspec.Raw(row.state)}
            if exported.texts is not None:
                line["opened"] = exported.texts.get(row.version, {})
            self._file.write(_encode(line) + b"\n")

    def finish(self) -> None:
        """Do nothing: nothing follows the last line."""
