"""The manifest of an export tells what was asked for, and what is there."""

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
    """What an export holds.

    `asked` says what was asked for, `up_to` the store's newest event then, `checkpoint` is the
    newest signed note of the Merkle log. All but `program` and the two times follows from the
    store and `asked`; the files too.
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
        """Return what is written."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


@dataclass
class Count:
    """Counts what is taken, and between which positions it stands."""

    dossiers: int = 0
    events: int = 0
    first_position: int | None = None
    last_position: int | None = None

    def add(self, taken: ExportedDossier) -> None:
        """Count one more dossier."""
        positions = [row.position for row in taken.rows]
        self.dossiers += 1
        self.events += len(positions)
        self.first_position = min(self.first_position or positions[0], *positions)
        self.last_position = max(self.last_position or positions[0], *positions)
