"""The content of a checkpoint: the log's size and root, and the root of the tree of heads.

The text follows C2SP's `tlog-checkpoint`. The lines after the third are an extension:

    heads 320 <root, base64>    one leaf for each dossier, in the order of dossiers' ids
    made 2026-11-24T05:00:00+00:00
"""

from base64 import b64decode, b64encode
from binascii import Error as NoBase64Error
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.errors import InvalidInputError
from tracker.domain.transparency_log.merkle import HASH_BYTES


class BadCheckpointError(InvalidInputError):
    """This is not a checkpoint of this log."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of the log at one size."""

    origin: str
    size: int
    root: bytes
    heads: int
    heads_root: bytes
    made_at: datetime

    @property
    def text(self) -> str:
        """Return the text that is signed."""
        return (
            f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"
            f"heads {self.heads} {_base64(self.heads_root)}\n"
            f"made {self.made_at.isoformat()}\n"
        )

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Return the checkpoint in this text, or raise `BadCheckpointError`."""
        try:
            origin, size, root, heads, made, rest = text.split("\n")
            heads_word, count, heads_root = heads.split(" ")
            made_word, made_at = made.split(" ")
            checkpoint = cls(
                origin=origin,
                size=int(size),
                root=b64decode(root, validate=True),
                heads=int(count),
                heads_root=b64decode(heads_root, validate=True),
                made_at=datetime.fromisoformat(made_at),
            )
        except (ValueError, NoBase64Error):
            raise BadCheckpointError from None
        whole = (heads_word, made_word, rest) == ("heads", "made", "") and checkpoint.text == text
        if not whole or {len(checkpoint.root), len(checkpoint.heads_root)} != {HASH_BYTES}:
            raise BadCheckpointError
        return checkpoint


def _base64(value: bytes) -> str:
    return b64encode(value).decode()
