"""Opens the keys of dossiers, and distinguishes lost keys from destroyed keys.

An erasure destroys the key of a dossier, and an event records it. A key that is missing without an
erasure, or that cannot be unwrapped, is lost: an older backup of the keys was restored, or another
master key is in use.
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
    """The key of this dossier is lost. Personal data cannot be read and no text can be added."""


@dataclass(frozen=True)
class LostKey:
    """A dossier with a lost key, and the decision that accepts the loss."""

    dossier_id: UUID
    code: str
    decided_at: datetime
    by: str
    decision: str


class LostKeys(Protocol):
    """The accepted losses of keys."""

    def all(self) -> Sequence[LostKey]:
        """Return all accepted losses, in the order of codes."""

    def add(self, lost: Iterable[LostKey]) -> None:
        """Store losses; a dossier that is already stored keeps its first decision."""


def seal_of(
    vault: Vault, dossier_id: UUID, wrapped: bytes | None, *, is_erased: bool
) -> Seal | None:
    """Return the seal of a dossier, `None` if its personal data was erased.

    Raise `KeyLostError` if the key is missing without an erasure, or cannot be unwrapped.
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
    """Return whether the personal data of this dossier was erased."""
    return any(event.step is Step.PERSONAL_DATA_ERASED for event in events)
