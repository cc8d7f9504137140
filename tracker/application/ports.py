"""What the writing side needs from outside, each as small as it can be."""

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
"""The sender and the sender's own id of what it sent: unique for ever."""


History = list[tuple[str, bytes]]
"""The stored names and the bytes of a dossier's events, in order."""

UNKNOWN_DIGEST = bytes(32)
"""Stands for the digest of a request whose content nobody knows any more."""


@dataclass(frozen=True)
class Request:
    """What a sender once sent: a digest of it, and the last event it led to."""

    key: RequestKey
    digest: bytes
    code: str
    version: int
    position: int = 0
    """The event's place in the order of all events; the recorder fills it in."""

    def is_of(self, digest: bytes) -> bool:
        """Return whether this was sent with it; where the content is not known any more, it was."""
        return self.digest in (UNKNOWN_DIGEST, digest)


class SealBrokenError(TrackerError):
    """This was sealed with another key, for another dossier or field, or was changed since."""


class StoreUnavailableError(TrackerError):
    """The event store does not answer. Nothing was stored; send it again."""


class OutcomeUnknownError(PersistenceError):
    """The connection was lost at a commit: it may have been stored or not. The requests tell."""


class DossierRecorder(ApplicationRecorder):
    """The library's recorder, keeping with the events the requests and the keys they belong to.

    Its `insert_events` also takes `requests` (a sequence of `Request`), `new_keys` (wrapped keys
    by dossier id), `erased_keys` (dossier ids) and `forgotten` (keys of requests whose digests are
    overwritten with `UNKNOWN_DIGEST`), stores all of it or nothing, and raises the
    library's `IntegrityError` where a version or a request is there already, `OutcomeUnknownError`
    where the connection was lost. It refuses a version
    that is not the dossier's next, and its database refuses to change or delete an event.
    """

    @abstractmethod
    def select_requests(self, keys: Sequence[RequestKey]) -> dict[RequestKey, Request]:
        """Return those of these requests that were carried out."""

    @abstractmethod
    def restore_events(self, events: Sequence[Notification], requests: Sequence[Request]) -> None:
        """Store events under the very positions they bear, and requests, in one transaction.

        A request that is there already is replaced. Raise the library's `IntegrityError` where a
        version is not the dossier's next. The next event stored afterwards gets a higher position.
        """

    @abstractmethod
    def select_states(self, after: int, limit: int) -> Sequence[tuple[int, str, bytes]]:
        """Return position, stored name and bytes of up to `limit` events after this position.

        In the order of the store, as `select_notifications` does for whoever needs more of them.
        """

    @abstractmethod
    def select_histories(self, dossier_ids: Sequence[UUID]) -> dict[UUID, History]:
        """Return all events of those of these dossiers that are there, each dossier's in order."""

    @abstractmethod
    def select_keys(self, dossier_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Return the wrapped keys of these dossiers; an erased one is not among them."""


class Seal(Protocol):
    """Seals and opens texts with one dossier's key."""

    def seal(self, field: str, text: str) -> Sealed:
        """Seal the text; it opens only for the same dossier and field."""

    def open(self, field: str, sealed: Sealed) -> str:
        """Return the text back. Raise `SealBrokenError`."""


class Vault(Protocol):
    """Makes and unwraps the dossiers' keys."""

    def new_key(self, dossier_id: UUID) -> tuple[bytes, Seal]:
        """Make a random key; give it wrapped, to be stored, and ready for use."""

    def unwrap(self, dossier_id: UUID, wrapped: bytes) -> Seal:
        """Make a stored key ready for use. Raise `SealBrokenError`."""

    def digest(self, content: bytes) -> bytes:
        """Return 32 bytes that tell equal contents; without the master key they tell nothing."""


class CodeBlocks(Protocol):
    """Hands out blocks of code numbers, no number twice."""

    def lease(
        self, *, agency: str, day: date, size: int, leased_to: str, leased_at: datetime
    ) -> CodeBlock:
        """Return the next `size` numbers of this agency and day to one holder."""

    def block_of(self, agency: str, day: date, sequence: int) -> CodeBlock | None:
        """Return the block this number was leased in."""

    def record_unused(self, block_id: str, numbers: Sequence[int]) -> None:
        """Note numbers of a block that will never be used."""


class AccessLog(Protocol):
    """Keeps who read which dossier."""

    def record(
        self, dossier_id: UUID, actor: Actor, what: str, at: datetime, reason: str = ""
    ) -> None:
        """Note a look before its answer is given."""

    def record_all(
        self, dossier_ids: Sequence[UUID], actor: Actor, what: str, at: datetime, reason: str
    ) -> None:
        """Note a look at each of these dossiers before the answer is given."""

    def of(self, dossier_id: UUID) -> Sequence[Any]:
        """List the looks at a dossier, oldest first."""

    def forget_reasons(self, dossier_id: UUID) -> None:
        """Overwrite why somebody looked, in words that may name the person; who did stays."""
