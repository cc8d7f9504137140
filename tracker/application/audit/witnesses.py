"""Takes the signatures that witnesses put under a checkpoint, to be handed out with it.

Whoever brings one need not be known: what counts is whose signature it is, and that it is good.
"""

from collections.abc import Sequence
from typing import Protocol

from tracker.domain.errors import ConflictError, InvalidInputError, UnknownError
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.notes import Note, PublicKey


class NotOurCheckpointError(UnknownError):
    """This is no checkpoint of ours: there is none of this size that says this."""


class OldCheckpointError(ConflictError):
    """There is a newer checkpoint than this. Get it, and cosign that one."""


class NoWitnessError(InvalidInputError):
    """No known witness signed this checkpoint."""


class BadCosignatureError(InvalidInputError):
    """A signature that claims to be a known witness's is not. Nothing was taken."""


class Checkpoints(Protocol):
    """The checkpoints that were signed."""

    def last(self) -> Note | None:
        """Return the newest."""

    def of_size(self, size: int) -> Note | None:
        """Return the one of this size."""

    def replace(self, size: int, before: Note, after: Note) -> bool:
        """Put a note in the place of another; `False` where that is not there any more."""


class WitnessKeys(Protocol):
    """Knows the witnesses."""

    def known(self) -> Sequence[PublicKey]:
        """Return the public keys of all witnesses."""

    def signed_by(self, note: Note) -> Sequence[PublicKey]:
        """Return those whose good signature the note bears."""


class Witnessing:
    """Keeps cosignatures with the checkpoints of one log."""

    def __init__(self, checkpoints: Checkpoints, witnesses: WitnessKeys) -> None:
        """Take them from these witnesses."""
        self._checkpoints = checkpoints
        self._witnesses = witnesses

    def take(self, cosigned: Note, *, newest_only: bool = False) -> list[str]:
        """Keep the cosignatures of known witnesses, and name these; a witness's last one counts.

        Raise `BadCheckpointError`, `NotOurCheckpointError`, `OldCheckpointError`,
        `NoWitnessError`, `BadCosignatureError`; then nothing has changed.
        """
        size = Checkpoint.parse(cosigned.text).size
        found = self._checked(cosigned)
        new = [one for one in cosigned.signatures if any(one.is_by(key) for key in found)]
        while True:
            ours = self._checkpoints.of_size(size)
            if ours is None or ours.text != cosigned.text:
                raise NotOurCheckpointError
            last = self._checkpoints.last()
            if newest_only and last and last.text != ours.text:
                raise OldCheckpointError
            kept = [one for one in ours.signatures if not any(one.is_by(key) for key in found)]
            # Where another witness was quicker, what he signed is looked up and kept too.
            if self._checkpoints.replace(size, ours, Note(ours.text, [*kept, *new])):
                return [key.name for key in found]

    def _checked(self, cosigned: Note) -> list[PublicKey]:
        claimed = [
            key
            for key in self._witnesses.known()
            if any(one.is_by(key) for one in cosigned.signatures)
        ]
        if not claimed:
            raise NoWitnessError
        good = self._witnesses.signed_by(cosigned)
        if any(key not in good for key in claimed):
            raise BadCosignatureError
        return claimed
