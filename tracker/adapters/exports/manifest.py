"""The manifest of an export: the selection and the files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from tracker.application.queries.export import ExportedDossier

MANIFEST = "manifest.json"


class WrittenFile(msgspec.Struct, frozen=True):
    """One file of an export."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The content of an export.

    `asked` is the selection, `up_to` the position of the newest event at that time, `checkpoint`
    the newest signed note of the Merkle log. The same store and selection give the same files and
    manifest, except `program` and the two times.
    """

    program: str
    began_at: datetime
    ended_at: datetime
    asked: Mapping[str, str | None]
    up_to: int
    dossiers: int
    events: int
    first_position: int | None
    last_position: int | None
    checkpoint: str | None
    files: Sequence[WrittenFile]

    def __bytes__(self) -> bytes:
        """Return the bytes of the manifest file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


@dataclass
class Count:
    """Counts dossiers and events, and records the first and last position."""

    dossiers: int = 0
    events: int = 0
    first_position: int | None = None
    last_position: int | None = None

    def add(self, exported: ExportedDossier) -> None:
        """Add a dossier."""
        positions = [row.position for row in exported.rows]
        self.dossiers += 1
        self.events += len(positions)
        self.first_position = min(self.first_position or positions[0], *positions)
        self.last_position = max(self.last_position or positions[0], *positions)
