"""What one transaction will hold, as it is put together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.intake import Intake
from tracker.application.ports import Request, RequestKey, Seal
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.values import Sealed, Stamp
from tracker.domain.network.procedures import ProcedureVersion

Tried = Mapping[RequestKey, frozenset[tuple[str, int, datetime]]]
"""What this call tried to store without learning the outcome: code, version and `recorded_at`."""


@dataclass
class PreparedIntake:
    """An intake that may be carried out: its dossier, which has a code, and the sealed applicant.

    The applicant is sealed in a loop of its own.
    """

    message: Intake
    stamp: Stamp
    dossier: Dossier
    procedure: ProcedureVersion
    applicant: Sealed = field(init=False)


@dataclass
class UnitOfWork:
    """What one transaction will hold."""

    recorded_at: datetime
    seen: int
    """The newest event that this process had stored before: what is stored now comes after it."""
    earlier: Mapping[RequestKey, Request]
    """The requests that are stored already, by this call or by another writer."""
    wrapped: Mapping[UUID, bytes]
    tried: Tried = field(default_factory=dict)
    """What earlier attempts of this call may have stored."""
    loaded: dict[UUID, Dossier] = field(default_factory=dict)
    """The dossiers these posts name, as they stood before."""
    is_repeated: bool = False
    begun: dict[RequestKey, PreparedIntake] = field(default_factory=dict)
    dossiers: dict[UUID, Dossier] = field(default_factory=dict)
    seals: dict[UUID, Seal] = field(default_factory=dict)
    new_keys: dict[UUID, bytes] = field(default_factory=dict)
    requests: dict[RequestKey, Request] = field(default_factory=dict)
    accepted: dict[RequestKey, Accepted] = field(default_factory=dict)
    erased: list[UUID] = field(default_factory=list)
    forgotten: list[RequestKey] = field(default_factory=list)

    def stamp(self, post: Envelope) -> Stamp:
        """Return the stamp of what this post brings about."""
        return Stamp(
            occurred_at=post.message.occurred_at.astimezone(UTC),
            recorded_at=self.recorded_at,
            by=post.actor,
            source=post.actor.id,
            event_id=post.message.event_id,
        )

    def is_ours(self, done: Request, recorded_at: datetime) -> bool:
        """Return whether an earlier attempt of this call tried to store this very event."""
        return (done.code, done.version, recorded_at) in self.tried.get(done.key, ())

    def now_tried(self) -> Tried:
        """Return `tried` with this attempt added."""
        return dict(self.tried) | {
            key: self.tried.get(key, frozenset())
            | {(request.code, request.version, self.recorded_at)}
            for key, request in self.requests.items()
        }
