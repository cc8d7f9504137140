"""Checks events one after the other against the rules of the domain.

It follows each dossier with the lifecycle table that also decides about commands.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.registry import EVENTS
from tracker.domain.dossier.lifecycle import Progress, Step
from tracker.domain.dossier.values import CLOCK_SKEW
from tracker.serialization import UnreadableEventError, decode

_ONCE = frozenset({Step.RATED, Step.PERSONAL_DATA_ERASED})


class Fault(StrEnum):
    """A fault of an event, in the store or in Kafka."""

    UNREADABLE = "bytes that cannot be read"
    WRONG_NAME = "a stored name that is none of ours"
    WRONG_CODE = "a code that is another dossier's"
    WRONG_VERSION = "a version that does not follow its predecessor"
    ILLEGAL_STEP = "a step that cannot follow"
    WRONG_TIME = "times that cannot be"


class Finding(NamedTuple):
    """A fault of an event, without its place."""

    kind: StrEnum
    detail: str


@dataclass(slots=True)
class DossierLife:
    """The facts about a dossier that are needed to check its next event."""

    code: str = ""
    version: int = 0
    position: int = 0
    progress: Progress = field(default_factory=Progress)
    recorded_at: datetime | None = None
    once: frozenset[Step] = frozenset()


class LifecycleJudge:
    """Checks lifecycles; it keeps a few hundred bytes for each dossier, by its id in hex digits."""

    def __init__(self) -> None:
        """Begin without dossiers."""
        self._lives: dict[str, DossierLife] = {}

    def __len__(self) -> int:
        """Return the number of dossiers."""
        return len(self._lives)

    def __contains__(self, dossier: str) -> bool:
        """Return whether an event of this dossier was checked."""
        return dossier in self._lives

    def items(self) -> Iterator[tuple[str, DossierLife]]:
        """Return each dossier with its life."""
        return iter(self._lives.items())

    def judge(self, dossier: str, event: Event, position: int) -> list[Finding]:
        """Return the faults of the dossier's next event, and then apply the event."""
        life = self._lives.get(dossier)
        if life is None:
            life = self._lives[dossier] = DossierLife()
        findings = list(_against(life, event))
        life.code = event.code
        life.progress = life.progress.after(event.step)
        life.version, life.position = event.originator_version, position
        life.recorded_at = event.recorded_at
        if event.step in _ONCE:
            life.once |= {event.step}
        return findings


def read_event(topic: str, state: bytes) -> Event | Finding:
    """Return the event of these bytes, or the reason why they cannot be read."""
    if topic not in EVENTS:
        return Finding(Fault.WRONG_NAME, repr(topic))
    try:
        return decode(topic, state)
    except UnreadableEventError as error:
        return Finding(Fault.UNREADABLE, str(error.__cause__))


def _against(life: DossierLife, event: Event) -> Iterator[Finding]:
    if event.code != life.code and dossier_id(event.code) != event.originator_id:
        yield Finding(Fault.WRONG_CODE, f"the id is {event.originator_id}")
    if event.originator_version != life.version + 1:
        yield Finding(Fault.WRONG_VERSION, f"{life.version} comes before it")
    if not life.progress.allows(event.step):
        stage = life.progress.stage or "not there yet"
        yield Finding(Fault.ILLEGAL_STEP, f"{event.step} while the dossier is {stage}")
    if event.step in life.once:
        yield Finding(Fault.ILLEGAL_STEP, f"{event.step} for the second time")
    try:
        if life.recorded_at is not None and event.recorded_at < life.recorded_at:
            yield Finding(Fault.WRONG_TIME, "recorded before its predecessor")
        if event.occurred_at > event.recorded_at + CLOCK_SKEW:
            yield Finding(Fault.WRONG_TIME, "it happened after it was recorded")
    except TypeError:
        yield Finding(Fault.WRONG_TIME, "a time has no zone")
