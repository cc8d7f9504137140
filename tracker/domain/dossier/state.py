"""The state of a dossier, folded from its events. Other modules decide the next steps."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from eventsourcing.domain import BaseAggregate

from tracker.domain.dossier.actors import Actor, require_own, require_step_on
from tracker.domain.dossier.clock import LedgerEntry, OpenPauses
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.citizen import NoticesAgreed, NoticesStopped, Rated
from tracker.domain.dossier.events.delivery import CarrierScanned, CarrierScannedV1, HandedToCarrier
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received, Submitted
from tracker.domain.dossier.events.processing import Decided, Forwarded
from tracker.domain.dossier.events.records import Corrected, PersonalDataErased
from tracker.domain.dossier.lifecycle import MOVES_PAUSES, Progress, Stage, Step
from tracker.domain.dossier.values import (
    Correctable,
    Notices,
    Offices,
    Outcome,
    Paper,
    Promise,
    Sealed,
    WayOfReturn,
)
from tracker.domain.errors import NotAllowedError, TrackerError


class BrokenHistoryError(TrackerError):
    """These events belong to several dossiers, or some are missing or out of order."""


_NO_OFFICES = Offices("", "", "")
_NOT_BEGUN = Progress()
_NO_PAUSES = OpenPauses()


class DossierState(BaseAggregate[UUID]):
    """The state that follows from a dossier's events.

    Applying an event checks nothing, because the event has already happened.
    """

    TOPIC = "dossier_state"

    def __init__(self) -> None:
        """Raise `NotImplementedError`: create a dossier with `new`, `replay` or `picture`."""
        raise NotImplementedError

    @classmethod
    def new(cls, code: str) -> Self:
        """Return the empty dossier of this code, at version 0."""
        dossier = cls.__new__(cls)
        dossier._begin(code)  # noqa: SLF001  same class
        return dossier

    @classmethod
    def replay(cls, dossier: Self | None, events: Iterable[Event]) -> Self | None:
        """Apply stored events to the dossier (`None`: to a new one) and return it.

        Raise `BrokenHistoryError` for a missing version or an event of another dossier.
        """
        for event in events:
            if dossier is None:
                dossier = cls.new(event.code)
            is_same = event.originator_id.int == dossier._id.int  # noqa: SLF001  integers compare faster
            if not is_same or event.originator_version != dossier._version + 1:  # noqa: SLF001
                raise BrokenHistoryError
            dossier._apply(event)  # noqa: SLF001  same class
        return dossier

    @classmethod
    def picture(cls, events: Iterable[Event]) -> Self | None:
        """Return the dossier after a partial history, for reading only.

        Return `None` if the history does not contain the first event.
        """
        dossier: Self | None = None
        for event in events:
            if dossier is None:
                if not isinstance(event, Submitted | Received):
                    continue
                dossier = cls.new(event.code)
            dossier._apply(event)  # noqa: SLF001  same class
        return dossier

    @property
    def promise(self) -> Promise | None:
        """The latest promise."""
        return self.ledger[-1].promise if self.ledger else None

    def allowed_steps(self) -> tuple[Step, ...]:
        """Return the steps that may come next."""
        return tuple(step for step in self.progress.allowed() if self._is_possible(step))

    def steps_for(self, actor: Actor) -> tuple[Step, ...]:
        """Return the allowed steps that this actor may take."""
        return tuple(step for step in self.allowed_steps() if self._may(actor, step))

    def require_step(self, actor: Actor, step: Step) -> None:
        """Raise `NotAllowedError` if this actor may not take this step on this dossier."""
        require_own(actor, self.id)
        require_step_on(
            actor,
            step,
            offices=(self.offices.helped_at, self.offices.received_at, self.offices.decided_by),
            decided_by=self.offices.decided_by,
            carrier=self.carrier,
        )

    def _may(self, actor: Actor, step: Step) -> bool:
        try:
            self.require_step(actor, step)
        except NotAllowedError:
            return False
        return True

    def _is_possible(self, step: Step) -> bool:
        if step is Step.RATED:
            return self.score is None
        if step in {Step.PERSONAL_DATA_ERASED, Step.NOTICES_AGREED}:
            return not self.personal_data_erased
        if step is Step.NOTICES_STOPPED:
            return self.notices is not None
        return True

    def _begin(self, code: str) -> None:
        self._id = dossier_id(code)
        self._version = 0
        self._pending_events = []
        self.code = code
        self.progress = _NOT_BEGUN
        self.channel = ""
        self.offices = _NO_OFFICES
        self.procedure = ""
        self.procedure_version = 0
        self.papers: tuple[Paper, ...] = ()
        self.way_of_return = WayOfReturn.POST
        self.applicant: Sealed | None = None
        self.received_at: datetime | None = None
        self.finished_at: datetime | None = None
        self.returned_at: datetime | None = None
        self.versions: dict[str, int] = {}
        self.outcome: Outcome | None = None
        self.ledger: tuple[LedgerEntry, ...] = ()
        self.pauses = _NO_PAUSES
        self.carrier = ""
        self.parcel_number = ""
        self.parcel_at: datetime | None = None
        self.score: int | None = None
        self.notices: Notices | None = None
        self.personal_data_erased = False

    def _apply(self, event: Event) -> None:
        self._version = event.originator_version
        stage_before = self.progress.stage
        self.progress = self.progress.after(event.step)
        if event.step in MOVES_PAUSES:
            self.pauses = self.pauses.after(event.step, event.occurred_at)
        promise = getattr(event, "promise", None)
        if promise is not None:
            self.ledger = (*self.ledger, LedgerEntry(event.step, event.occurred_at, promise))
        apply_step = self._APPLY_STEP.get(event.step)
        if apply_step is not None:
            apply_step(self, event)
        stage = self.progress.stage
        if stage is not stage_before and stage is Stage.RETURNED:
            self._record_time("returned_at", event)

    def _start(self, event: Submitted | Received) -> None:
        self.channel = event.channel
        self.offices = event.offices
        self.procedure = event.procedure
        self.procedure_version = event.procedure_version
        self.papers = event.papers
        self.way_of_return = event.way_of_return
        self.applicant = event.applicant

    def _receive(self, event: Received) -> None:
        self._start(event)
        self._record_time("received_at", event)

    def _forward(self, event: Forwarded) -> None:
        self.offices = replace(self.offices, decided_by=event.to_office)

    def _decide(self, event: Decided) -> None:
        self.outcome = event.outcome
        self._record_time("finished_at", event)

    def _hand_to_carrier(self, event: HandedToCarrier) -> None:
        self.carrier, self.parcel_number = event.carrier, event.number
        self.parcel_at = event.occurred_at

    def _scan(self, event: CarrierScanned | CarrierScannedV1) -> None:
        if event.number == self.parcel_number and self.parcel_at is not None:
            self.parcel_at = max(self.parcel_at, event.occurred_at)

    def _rate(self, event: Rated) -> None:
        self.score = event.score

    def _agree_to_notices(self, event: NoticesAgreed) -> None:
        self.notices = Notices(event.channels, event.language, event.contact, event.recorded_at)

    def _stop_notices(self, _: NoticesStopped) -> None:
        self.notices = None

    def _erase(self, _: PersonalDataErased) -> None:
        self.personal_data_erased = True
        self.notices = None

    def _correct(self, event: Corrected) -> None:
        match event.what:
            case Correctable.APPLICANT:
                self.applicant = event.sealed
            case Correctable.WAY_OF_RETURN:
                self.way_of_return = WayOfReturn(event.value)
            case Correctable.HELPED_AT:
                self.offices = replace(self.offices, helped_at=event.value)
            case Correctable.RECEIVED_AT:
                self.offices = replace(self.offices, received_at=event.value)
            case Correctable.PARCEL_NUMBER:
                self.parcel_number = event.value
            case Correctable.OCCURRED_AT:
                for name, version in self.versions.items():
                    if version == event.corrects:
                        setattr(self, name, datetime.fromisoformat(event.value))

    def _record_time(self, name: str, event: Event) -> None:
        setattr(self, name, event.occurred_at)
        self.versions[name] = event.originator_version

    _APPLY_STEP: ClassVar[Mapping[Step, Callable[[Any, Any], None]]] = {
        Step.SUBMITTED: _start,
        Step.RECEIVED: _receive,
        Step.FORWARDED: _forward,
        Step.DECIDED: _decide,
        Step.HANDED_TO_CARRIER: _hand_to_carrier,
        Step.CARRIER_SCANNED: _scan,
        Step.RATED: _rate,
        Step.NOTICES_AGREED: _agree_to_notices,
        Step.NOTICES_STOPPED: _stop_notices,
        Step.PERSONAL_DATA_ERASED: _erase,
        Step.CORRECTED: _correct,
    }
    """How each step changes other fields than the stage, the pauses and the promise."""
