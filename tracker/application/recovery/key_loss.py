"""The keys of dossiers: opened where they are there, and named where they are lost.

A key that was destroyed by an erasure is gone as it should be, and the dossier's events say so. A
key that is missing without an erasure, or that does not unwrap, is lost: an older backup of the
keys was put back, or another master key is in use.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from tracker.application.ports import Seal, SealBrokenError, Vault
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.errors import RefusedError


class KeyLostError(RefusedError):
    """The key of this dossier is lost. Its personal data cannot be read, and no text added."""


@dataclass(frozen=True)
class LostKey:
    """A dossier whose key is lost, and the decision that accepts it."""

    dossier_id: UUID
    code: str
    decided_at: datetime
    by: str
    decision: str


class LostKeys(Protocol):
    """The losses that were accepted."""

    def all(self) -> Sequence[LostKey]:
        """Return them in the order of codes."""

    def add(self, lost: Iterable[LostKey]) -> None:
        """Store more; a dossier that is there already keeps its first decision."""


def seal_of(
    vault: Vault, dossier_id: UUID, wrapped: bytes | None, *, is_erased: bool
) -> Seal | None:
    """Return the seal of a dossier, `None` where the person was erased.

    Raise `KeyLostError` where the key is missing without an erasure, or does not unwrap.
    """
    return None if wrapped is None and is_erased else own_seal(vault, dossier_id, wrapped)


def own_seal(vault: Vault, dossier_id: UUID, wrapped: bytes | None) -> Seal:
    """Return the seal of a dossier that was not erased. Raise `KeyLostError`."""
    if wrapped is None:
        raise KeyLostError
    try:
        return vault.unwrap(dossier_id, wrapped)
    except SealBrokenError as error:
        raise KeyLostError from error


def is_erased(events: Iterable[Event]) -> bool:
    """Return whether the person was erased from this dossier."""
    return any(event.step is Step.PERSONAL_DATA_ERASED for event in events)
