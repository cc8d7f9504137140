"""Judges events, one after the other, by the domain's rules, wherever they were read from.

Each dossier's life is followed by the same table that decides about it.
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
    """What can be wrong with an event, wherever it stands."""

    UNREADABLE = "bytes that cannot be read"
    WRONG_NAME = "a stored name that is none of ours"
    WRONG_CODE = "a code that is another dossier's"
    WRONG_VERSION = "a version that does not follow its predecessor"
    ILLEGAL_STEP = "a step that cannot follow"
    WRONG_TIME = "times that cannot be"


class Finding(NamedTuple):
    """What is wrong with an event, its place apart."""

    kind: StrEnum
    detail: str


@dataclass(slots=True)
class DossierLife:
    """What must be known of a dossier to judge its next event."""

    code: str = ""
    version: int = 0
    position: int = 0
    progress: Progress = field(default_factory=Progress)
    recorded_at: datetime | None = None
    once: frozenset[Step] = frozenset()


class LifecycleJudge:
    """Every dossier met so far, by its id in hexadecimal digits; a few hundred bytes each."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lives: dict[str, DossierLife] = {}

    def __len__(self) -> int:
        """Count the dossiers."""
        return len(self._lives)

    def __contains__(self, dossier: str) -> bool:
        """Return whether this dossier was met."""
        return dossier in self._lives

    def items(self) -> Iterator[tuple[str, DossierLife]]:
        """Return each dossier with its life."""
        return iter(self._lives.items())

    def judge(self, dossier: str, event: Event, position: int) -> list[Finding]:
        """Say what stands against this event as its dossier's next, and take it as happened."""
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
    """Return the event of these bytes, or why there is none."""
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
        yield Finding(Fault.WRONG_VERSION, f"{life.version} stands before it")
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
