"""The unit of work: what one transaction reads and stores."""

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
"""What this call tried to store without a known outcome: code, version and `recorded_at`."""


@dataclass
class PreparedIntake:
    """An intake that is allowed: its dossier with a code, and the sealed applicant.

    All applicants are sealed in one loop, after all intakes are prepared.
    """

    command: Intake
    stamp: Stamp
    dossier: Dossier
    procedure: ProcedureVersion
    applicant: Sealed = field(init=False)


@dataclass
class UnitOfWork:
    """What one transaction reads and stores."""

    recorded_at: datetime
    seen: int
    """The position of the newest event that this process stored before."""
    earlier: Mapping[RequestKey, Request]
    """The requests that are stored already, by this call or another writer."""
    wrapped: Mapping[UUID, bytes]
    tried: Tried = field(default_factory=dict)
    """What earlier attempts of this call may have stored."""
    loaded: dict[UUID, Dossier] = field(default_factory=dict)
    """The dossiers that the envelopes name, before this transaction."""
    is_repeated: bool = False
    begun: dict[RequestKey, PreparedIntake] = field(default_factory=dict)
    dossiers: dict[UUID, Dossier] = field(default_factory=dict)
    seals: dict[UUID, Seal] = field(default_factory=dict)
    new_keys: dict[UUID, bytes] = field(default_factory=dict)
    requests: dict[RequestKey, Request] = field(default_factory=dict)
    accepted: dict[RequestKey, Accepted] = field(default_factory=dict)
    erased: list[UUID] = field(default_factory=list)
    forgotten: list[RequestKey] = field(default_factory=list)

    def stamp(self, envelope: Envelope) -> Stamp:
        """Return the stamp of the events that this envelope leads to."""
        return Stamp(
            occurred_at=envelope.command.occurred_at.astimezone(UTC),
            recorded_at=self.recorded_at,
            by=envelope.actor,
            source=envelope.actor.id,
            event_id=envelope.command.event_id,
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
