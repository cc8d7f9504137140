"""The base class of a dossier's events.

A stored name (`TOPIC`) and the name of a field never change. A new meaning is a new event or a
`.v2`. Free text and personal data are stored only as `Sealed`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tracker.domain.dossier.actors import Actor
from tracker.domain.dossier.lifecycle import Step


@dataclass(frozen=True, kw_only=True)
class Event:
    """The fields of every event.

    `originator_id` is the dossier's id. `originator_version` counts its events from 1 without gaps.
    `occurred_at` is when it happened and `recorded_at` when it was recorded (both UTC). `source`
    and `event_id` are the sender's own name for it.
    """

    TOPIC: ClassVar[str]
    step: ClassVar[Step]

    originator_id: UUID
    originator_version: int
    code: str
    occurred_at: datetime
    recorded_at: datetime
    by: Actor
    source: str
    event_id: str
