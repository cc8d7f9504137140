"""The two parts of every step: check it, then record it as an event."""

from typing import Any

from tracker.domain.dossier.clock import Clock
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Stage, Step
from tracker.domain.dossier.state import DossierState
from tracker.domain.dossier.values import Promise, Stamp
from tracker.domain.errors import ConflictError


class StepNotAllowedError(ConflictError):
    """This step cannot follow at the current stage."""

    def __init__(self, step: Step, stage: Stage | None, version: int) -> None:
        """Store the step, the current stage and the dossier's version."""
        where = f"The dossier is at {stage}" if stage else "There is no such dossier yet"
        super().__init__(f"{where}: {step} cannot follow.")
        self.step = step
        self.stage = stage
        self.version = version


class RecordingDossier(DossierState):
    """A dossier that can check a step and record an event."""

    TOPIC = "dossier.recording"

    def _check(self, step: Step, stamp: Stamp) -> None:
        self.require_step(stamp.by, step)
        if not (self.progress.allows(step) and self._is_possible(step)):
            raise StepNotAllowedError(step, self.progress.stage, self.version)

    def _promise_after(self, step: Step, stamp: Stamp, clock: Clock) -> Promise | None:
        if self.received_at is None or self.finished_at is not None:
            return None
        pauses = self.pauses.after(step, stamp.occurred_at)
        if pauses.are_open or not self.pauses.are_open:
            return None
        return clock.next_promise(self.received_at, self.ledger, pauses.ended)

    def _record(self, kind: type[Event], stamp: Stamp, **fields: Any) -> None:  # noqa: ANN401
        event = kind(
            originator_id=self.id,
            originator_version=self.version + 1,
            code=self.code,
            occurred_at=stamp.occurred_at,
            recorded_at=stamp.recorded_at,
            by=stamp.by,
            source=stamp.source,
            event_id=stamp.event_id,
            **fields,
        )
        self._apply(event)
        self._pending_events.append(event)  # type: ignore[arg-type]  # the library only collects events
