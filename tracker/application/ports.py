"""The interfaces that the application needs from its adapters."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    PersistenceError,
)

from tracker.domain.dossier.actors import Actor
from tracker.domain.dossier.codes import CodeBlock
from tracker.domain.dossier.values import Sealed
from tracker.domain.errors import TrackerError

RequestKey = tuple[str, str]
"""The id of the sender and the sender's own id of the request: unique for ever."""


History = list[tuple[str, bytes]]
"""The stored names and the bytes of a dossier's events, in order of versions."""

UNKNOWN_DIGEST = bytes(32)
"""The digest of a request whose content is no longer known."""


@dataclass(frozen=True)
class Request:
    """A request that was carried out: the digest of its content, and the last event it caused."""

    key: RequestKey
    digest: bytes
    code: str
    version: int
    position: int = 0
    """The position of the event in the store; the recorder sets it."""

    def is_of(self, digest: bytes) -> bool:
        """Return whether the content has this digest; an unknown content matches every digest."""
        return self.digest in (UNKNOWN_DIGEST, digest)


class SealBrokenError(TrackerError):
    """This text was sealed with another key or for another field, or it was changed."""


class StoreUnavailableError(TrackerError):
    """The event store does not answer. Nothing was stored; send the command again."""


class OutcomeUnknownError(PersistenceError):
    """The connection was lost during a commit. The stored requests show whether it succeeded."""


class DossierRecorder(ApplicationRecorder):
    """The library's recorder, extended by the requests and the keys of the dossiers.

    `insert_events` also takes `requests` (a sequence of `Request`), `new_keys` (wrapped keys by
    dossier id), `erased_keys` (dossier ids) and `forgotten` (keys of requests whose digest is
    overwritten with `UNKNOWN_DIGEST`). It stores everything or nothing. It raises the library's
    `IntegrityError` if a version or a request is already stored or if a version is not the
    dossier's next, and `OutcomeUnknownError` if the connection was lost. The database refuses to
    change or delete an event.
    """

    @abstractmethod
    def select_requests(self, keys: Sequence[RequestKey]) -> dict[RequestKey, Request]:
        """Return the requests with these keys that were carried out."""

    @abstractmethod
    def restore_events(self, events: Sequence[Notification], requests: Sequence[Request]) -> None:
        """Store events with their own positions, and requests, in one transaction.

        Replace a request that is already stored. Raise the library's `IntegrityError` if a version
        is not the dossier's next. The next event stored afterwards gets a higher position.
        """

    @abstractmethod
    def select_states(self, after: int, limit: int) -> Sequence[tuple[int, str, bytes]]:
        """Return position, stored name and bytes of up to `limit` events after this position.

        They are in the order of the store. `select_notifications` returns more fields.
        """

    @abstractmethod
    def select_histories(self, dossier_ids: Sequence[UUID]) -> dict[UUID, History]:
        """Return all events of these dossiers, in order of versions; omit unknown dossiers."""

    @abstractmethod
    def select_keys(self, dossier_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Return the wrapped keys of these dossiers; omit erased and unknown dossiers."""


class Seal(Protocol):
    """Seals and opens texts with one dossier's key."""

    def seal(self, field: str, text: str) -> Sealed:
        """Seal the text; it opens only for the same dossier and field."""

    def open(self, field: str, sealed: Sealed) -> str:
        """Return the text. Raise `SealBrokenError`."""


class Vault(Protocol):
    """Makes and unwraps the keys of dossiers."""

    def new_key(self, dossier_id: UUID) -> tuple[bytes, Seal]:
        """Make a random key. Return it wrapped for storage, and as a seal."""

    def unwrap(self, dossier_id: UUID, wrapped: bytes) -> Seal:
        """Return the seal for a stored key. Raise `SealBrokenError`."""

    def digest(self, content: bytes) -> bytes:
        """Return a keyed digest of 32 bytes. Without the master key it reveals nothing."""


class CodeBlocks(Protocol):
    """Leases blocks of code numbers; each number is leased only once."""

    def lease(
        self, *, agency: str, day: date, size: int, leased_to: str, leased_at: datetime
    ) -> CodeBlock:
        """Lease the next `size` numbers of this agency and day to a holder."""

    def block_of(self, agency: str, day: date, sequence: int) -> CodeBlock | None:
        """Return the block that contains this number; `None` if it was not leased."""

    def record_unused(self, block_id: str, numbers: Sequence[int]) -> None:
        """Record the numbers of a block that will never be used."""


class AccessLog(Protocol):
    """Records who read which dossier."""

    def record(
        self, dossier_id: UUID, actor: Actor, what: str, at: datetime, reason: str = ""
    ) -> None:
        """Record an access. Call it before the answer is returned."""

    def record_all(
        self, dossier_ids: Sequence[UUID], actor: Actor, what: str, at: datetime, reason: str
    ) -> None:
        """Record an access to each of these dossiers. Call it before the answer is returned."""

    def of(self, dossier_id: UUID) -> Sequence[Any]:
        """Return the accesses to a dossier, oldest first."""

    def forget_reasons(self, dossier_id: UUID) -> None:
        """Overwrite the reasons of all accesses: they may name the person. The readers stay."""
