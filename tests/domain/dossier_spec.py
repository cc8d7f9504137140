"""Test a dossier: given events, when a step is requested, then expect events or an error."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, cast
from zoneinfo import ZoneInfo

from tracker.domain.deadlines.calendar import WorkCalendar
from tracker.domain.deadlines.time_rules import PausePolicy, ProcessingTime, TimeRule, TimeUnit
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.clock import Clock
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.events.citizen import NoticesAgreed
from tracker.domain.dossier.events.delivery import CarrierScanned, Delivered, HandedToCarrier
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received, Submitted
from tracker.domain.dossier.events.processing import (
    Decided,
    FeeAsked,
    FeePaid,
    PromiseExtended,
    Resumed,
    Stopped,
    SupplementAsked,
    SupplementReceived,
)
from tracker.domain.dossier.values import (
    NoticeChannel,
    NoticeLanguage,
    Offices,
    Outcome,
    Paper,
    Promise,
    Sealed,
    Stamp,
    WayOfReturn,
)
from tracker.domain.errors import TrackerError
from tracker.domain.network.procedures import PaperForm

CODE = "H26.05-261102-0001"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HEARD = datetime(2027, 1, 15, 2, tzinfo=UTC)

CLERK = Actor(Role.STAFF, "clerk", office="CN05")
DECIDER = Actor(Role.STAFF, "decider", office="SO-TUPHAP")
OTHER = Actor(Role.STAFF, "other", office="SO-YTE")
POSTMAN = Actor(Role.CARRIER, "postman", partner="VNPOST")
PORTAL = Actor(Role.PORTAL, "portal", office="PORTAL")
ADMINISTRATOR = Actor(Role.ADMINISTRATOR, "admin")

SEALED = Sealed("c2VhbGVk")
OFFICES = Offices("DL-VNPOST-001", "CN05", "SO-TUPHAP")
PAPER = Paper("Tờ khai", PaperForm.ORIGINAL, 1)
PARCEL = "RR473124829VN"

CALENDAR = WorkCalendar(
    name="weekends only",
    zone=ZONE,
    first=date(2026, 1, 1),
    last=date(2027, 12, 31),
    days_off={},
)


def at(day: int, hour: int = 9, minute: int = 0, month: int = 11) -> datetime:
    """Return a time in Hanoi; 2 November 2026 is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def clock(
    amount: int | None = 5,
    policy: PausePolicy = PausePolicy.EXTEND,
    unit: TimeUnit = TimeUnit.WORKING_DAYS,
    cut_off: time | None = None,
) -> Clock:
    processing_time = None if amount is None else ProcessingTime(amount, unit)
    return Clock(TimeRule(processing_time, cut_off=cut_off, pause_policy=policy), CALENDAR)


def due(day: int, hour: int = 17, month: int = 11) -> Promise:
    """Return a promise of five working days that was calculated here."""
    return Promise(at(day, hour, month=month), "5 working_days", CALENDAR.version)


def given_date(day: int, hour: int = 17, month: int = 11) -> Promise:
    """Return a promise that was given on a slip or in an apology."""
    return Promise(at(day, hour, month=month), given=True)


EventBuilder = Callable[[int], Event]
"""A function that returns an event with the given version."""


def event_builder(
    kind: type[Event],
    moment: datetime,
    by: Actor = DECIDER,
    *,
    heard: datetime = HEARD,
    code: str = CODE,
    **fields: Any,  # noqa: ANN401  the fields of the event
) -> EventBuilder:
    def with_version(version: int) -> Event:
        return kind(
            originator_id=dossier_id(code),
            originator_version=version,
            code=code,
            occurred_at=moment,
            recorded_at=heard,
            by=by,
            source=by.id,
            event_id="e",
            **fields,
        )

    return with_version


INTAKE: dict[str, Any] = {
    "channel": "counter",
    "offices": OFFICES,
    "procedure": "2.000488",
    "procedure_version": 2,
    "papers": (PAPER,),
    "way_of_return": WayOfReturn.POST,
    "applicant": SEALED,
}


def submitted(moment: datetime, by: Actor = PORTAL) -> EventBuilder:
    return event_builder(Submitted, moment, by, **INTAKE)


def received(moment: datetime, promise: Promise | None, by: Actor = CLERK) -> EventBuilder:
    return event_builder(Received, moment, by, **INTAKE, promise=promise)


def asked(moment: datetime, papers_due_at: datetime | None = None) -> EventBuilder:
    return event_builder(
        SupplementAsked,
        moment,
        papers=(PAPER,),
        reason=SEALED,
        basis="b",
        papers_due_at=papers_due_at,
    )


def brought(moment: datetime, promise: Promise | None = None) -> EventBuilder:
    return event_builder(SupplementReceived, moment, CLERK, papers=(PAPER,), promise=promise)


def fee_asked(moment: datetime, fee_due_at: datetime | None = None) -> EventBuilder:
    return event_builder(
        FeeAsked,
        moment,
        amount=50_000,
        reason=SEALED,
        basis="b",
        fee_due_at=fee_due_at,
    )


def fee_paid(moment: datetime, promise: Promise | None = None) -> EventBuilder:
    return event_builder(FeePaid, moment, CLERK, amount=50_000, reference="FT-1", promise=promise)


def stopped(moment: datetime) -> EventBuilder:
    return event_builder(Stopped, moment, reason=SEALED, basis="b")


def resumed(moment: datetime, promise: Promise | None = None) -> EventBuilder:
    return event_builder(Resumed, moment, reason=None, promise=promise)


def extended(moment: datetime, promise: Promise) -> EventBuilder:
    return event_builder(
        PromiseExtended, moment, promise=promise, reason=SEALED, basis="b", signer="s"
    )


def decided(moment: datetime) -> EventBuilder:
    return event_builder(Decided, moment, outcome=Outcome.GRANTED, reason=None, document="d")


def handed(moment: datetime, number: str = PARCEL, *, s10: bool = True) -> EventBuilder:
    return event_builder(
        HandedToCarrier,
        moment,
        CLERK,
        carrier="VNPOST",
        number=number,
        number_is_s10=s10,
    )


def scanned(moment: datetime, scan: str, meaning: str, number: str = PARCEL) -> EventBuilder:
    return event_builder(
        CarrierScanned,
        moment,
        POSTMAN,
        number=number,
        scan=scan,
        meaning=meaning,
        whereabouts=None,
        raw=None,
    )


def delivered(moment: datetime, by: Actor = POSTMAN) -> EventBuilder:
    return event_builder(Delivered, moment, by)


BY_SMS: dict[str, Any] = {
    "channels": (NoticeChannel.SMS,),
    "language": NoticeLanguage.VIETNAMESE,
    "contact": None,
}


def agreed(moment: datetime, by: Actor = CLERK, **fields: Any) -> EventBuilder:  # noqa: ANN401
    return event_builder(NoticesAgreed, moment, by, **BY_SMS | fields)


def stamp(moment: datetime, by: Actor = DECIDER, heard: datetime = HEARD) -> Stamp:
    return Stamp(occurred_at=moment, recorded_at=heard, by=by, source=by.id, event_id="e")


@dataclass
class Attempt:
    """The result of a step: its events, or its error."""

    dossier: Dossier
    before: int
    error: TrackerError | None

    def then(self, *expected: EventBuilder) -> Dossier:
        """Expect exactly these events, in order, and return the dossier."""
        assert self.error is None
        wanted = [build(self.before + index) for index, build in enumerate(expected, 1)]
        assert pending(self.dossier) == wanted
        assert self.dossier.version == self.before + len(expected)
        return self.dossier

    def then_refused(self, kind: type[TrackerError], message: str | None = None) -> None:
        """Expect this error and no events."""
        assert type(self.error) is kind
        if message is not None:
            assert str(self.error) == message
        assert pending(self.dossier) == []
        assert self.dossier.version == self.before


@dataclass
class Given:
    """A dossier with a history."""

    dossier: Dossier

    def when(self, step: Callable[[Dossier], None]) -> Attempt:
        before = self.dossier.version
        try:
            step(self.dossier)
        except TrackerError as error:
            return Attempt(self.dossier, before, error)
        return Attempt(self.dossier, before, None)


def pending(dossier: Dossier) -> list[Event]:
    """Return the events that are recorded and not yet stored."""
    return cast("list[Event]", list(dossier.pending_events))


def given(*events: EventBuilder) -> Given:
    return Given(dossier_of(*events))


def dossier_of(*events: EventBuilder) -> Dossier:
    """Return the dossier after these events, replayed from storage."""
    return Dossier.replay(None, in_order(*events)) or Dossier.new(CODE)


def in_order(*events: EventBuilder) -> list[Event]:
    return [build(version) for version, build in enumerate(events, 1)]
