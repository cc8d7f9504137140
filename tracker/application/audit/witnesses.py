"""Stores the cosignatures of witnesses together with a checkpoint.

The sender of a cosignature need not be known: only the key and the signature are checked.
"""

from collections.abc import Sequence
from typing import Protocol

from tracker.application.audit.ports import Checkpoints
from tracker.domain.errors import ConflictError, InvalidInputError, UnknownError
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.notes import Note, PublicKey


class NotOurCheckpointError(UnknownError):
    """This is no checkpoint of ours: the checkpoint of this size is missing or has another text."""


class OldCheckpointError(ConflictError):
    """There is a newer checkpoint. Get it and cosign it instead."""


class NoWitnessError(InvalidInputError):
    """No known witness signed this checkpoint."""


class BadCosignatureError(InvalidInputError):
    """A signature in the name of a known witness is invalid. Nothing was stored."""


class WitnessKeys(Protocol):
    """The public keys of the known witnesses."""

    def known(self) -> Sequence[PublicKey]:
        """Return the public keys of all witnesses."""

    def signed_by(self, note: Note) -> Sequence[PublicKey]:
        """Return the keys of the witnesses whose valid signature is under this note."""


class Witnessing:
    """Stores cosignatures with the checkpoints of one log."""

    def __init__(self, checkpoints: Checkpoints, witnesses: WitnessKeys) -> None:
        """Accept cosignatures of these witnesses."""
        self._checkpoints = checkpoints
        self._witnesses = witnesses

    def take(self, cosigned: Note, *, newest_only: bool = False) -> list[str]:
        """Store the cosignatures of known witnesses and return the names of these witnesses.

        A later cosignature replaces an earlier one of the same witness. Raise
        `BadCheckpointError`, `NotOurCheckpointError`, `OldCheckpointError`, `NoWitnessError` or
        `BadCosignatureError`; then nothing was stored.
        """
        size = Checkpoint.parse(cosigned.text).size
        keys = self._checked(cosigned)
        new = [
            signature
            for signature in cosigned.signatures
            if any(signature.is_by(key) for key in keys)
        ]
        while True:
            ours = self._checkpoints.of_size(size)
            if ours is None or ours.text != cosigned.text:
                raise NotOurCheckpointError
            last = self._checkpoints.last()
            if newest_only and last and last.text != ours.text:
                raise OldCheckpointError
            kept = [
                signature
                for signature in ours.signatures
                if not any(signature.is_by(key) for key in keys)
            ]
            # If another witness cosigned at the same time, read the note again and keep both.
            if self._checkpoints.replace(size, ours, Note(ours.text, [*kept, *new])):
                return [key.name for key in keys]

    def _checked(self, cosigned: Note) -> list[PublicKey]:
        claimed = [
            key
            for key in self._witnesses.known()
            if any(signature.is_by(key) for signature in cosigned.signatures)
        ]
        if not claimed:
            raise NoWitnessError
        valid = self._witnesses.signed_by(cosigned)
        if any(key not in valid for key in claimed):
            raise BadCosignatureError
        return claimed
