"""Random histories of dossiers; each step is legal when it happens."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from tests.domain.dossier_spec import CALENDAR, PAPER, SEALED, pending
from tracker.domain.deadlines.time_rules import PausePolicy, ProcessingTime, TimeRule, TimeUnit
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.clock import Clock
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import (
    Correctable,
    NoticeChannel,
    NoticeLanguage,
    Offices,
    Outcome,
    Promise,
    Stamp,
    WayOfReturn,
)
from tracker.domain.errors import InvalidInputError
from tracker.projections.model.feed import Record
from tracker.serialization import decode_for_projection, encode

BEGIN = datetime(2026, 10, 5, 2, tzinfo=UTC)
ANYBODY = Actor(Role.ADMINISTRATOR, "chance")
DECIDING = ("SO-TUPHAP", "SO-YTE", "UBND-BAVI")
TAKING_IN = ("CN01", "CN05", "DL-VNPOST-001")
PARCELS = ("RR473124829VN", "X1")
LATENESS = (
    timedelta(),
    timedelta(minutes=3),
    timedelta(hours=5),
    timedelta(days=1),
    timedelta(days=4),
    timedelta(days=12),
)
CLOCKS = tuple(
    Clock(TimeRule(time, pause_policy=policy), CALENDAR)
    for time in (
        None,
        ProcessingTime(0, TimeUnit.WORKING_DAYS),
        ProcessingTime(3, TimeUnit.WORKING_DAYS),
        ProcessingTime(12, TimeUnit.WORKING_HOURS),
        ProcessingTime(9, TimeUnit.CALENDAR_DAYS),
    )
    for policy in PausePolicy
)
OFTEN = (Step.DECIDED, Step.SUPPLEMENT_ASKED, Step.SUPPLEMENT_RECEIVED, Step.RESUMED)
SELDOM = (Step.WITHDRAWN, Step.REFUSED, Step.PERSONAL_DATA_ERASED)


@dataclass
class _Life:
    dossier: Dossier
    clock: Clock


def history(seed: int, *, dossiers: int = 4, steps: int = 40) -> list[Event]:
    """Return the events of some dossiers in the order of their recording."""
    chance = Random(seed)
    lives: list[_Life] = []
    events: list[Event] = []
    now = BEGIN
    for number in range(steps):
        now += timedelta(minutes=chance.choice((1, 50, 400, 1_500)), microseconds=number)
        if len(lives) < dossiers and (not lives or chance.random() < 0.3):
            life = _Life(Dossier.new(f"H26.05-261005-{len(lives) + 1:04d}"), chance.choice(CLOCKS))
            lives.append(life)
        else:
            life = chance.choice(lives)
        occurred = now - chance.choice(LATENESS)
        mark = Stamp(occurred, now, ANYBODY, "chance", f"e-{number}")
        allowed = life.dossier.allowed_steps()
        weights = [4 if step in OFTEN else 0.3 if step in SELDOM else 1 for step in allowed]
        try:
            _take(chance.choices(allowed, weights)[0], life, mark, chance)
        except InvalidInputError:
            continue
        events += pending(life.dossier)
        life.dossier._pending_events.clear()
    return events


def records(events: list[Event]) -> list[Record]:
    """Return the records of these events, read as a feed reads them."""
    states = [(event.TOPIC, encode(event)) for event in events]
    return [
        Record(place, decode_for_projection(topic, state), state)
        for place, (topic, state) in enumerate(states, 1)
    ]


def by_dossier(events: list[Event]) -> dict[str, list[Event]]:
    histories: dict[str, list[Event]] = {}
    for event in events:
        histories.setdefault(event.code, []).append(event)
    return histories


def _take(step: Step, life: _Life, mark: Stamp, chance: Random) -> None:
    if step in {Step.SUBMITTED, Step.RECEIVED}:
        _take_in(step, life, mark, chance)
    elif step is Step.CORRECTED:
        _correct(life.dossier, mark, chance)
    else:
        _STEPS[step](life.dossier, mark, life.clock, chance)


_STEPS: dict[Step, Callable[[Dossier, Stamp, Clock, Random], None]] = {
    Step.REFUSED: lambda d, m, _, __: d.refuse(m, reason=SEALED, basis="b"),
    Step.FORWARDED: lambda d, m, _, r: d.forward(m, to_office=r.choice(DECIDING), reason=None),
    Step.PROCESSING_STARTED: lambda d, m, _, __: d.start_processing(m),
    Step.INTERNAL_STEP_TAKEN: lambda d, m, _, __: d.take_internal_step(
        m, name="n", clerk="c", unit="u"
    ),
    Step.SUPPLEMENT_ASKED: lambda d, m, _, __: d.ask_supplement(
        m, papers=(PAPER,), reason=SEALED, basis="b"
    ),
    Step.SUPPLEMENT_RECEIVED: lambda d, m, c, _: d.receive_supplement(m, papers=(PAPER,), clock=c),
    Step.FEE_ASKED: lambda d, m, _, __: d.ask_fee(m, amount=1, reason=SEALED, basis="b"),
    Step.FEE_PAID: lambda d, m, c, _: d.pay_fee(m, amount=1, reference="r", clock=c),
    Step.STOPPED: lambda d, m, _, __: d.stop(m, reason=SEALED, basis="b"),
    Step.RESUMED: lambda d, m, c, _: d.resume(m, reason=None, clock=c),
    Step.WITHDRAWN: lambda d, m, _, __: d.withdraw(m, reason=None),
    Step.PROMISE_EXTENDED: lambda d, m, _, r: d.extend_promise(
        m,
        due_at=m.occurred_at + timedelta(days=r.randint(0, 20)),
        reason=SEALED,
        basis="b",
        signer="s",
    ),
    Step.DECIDED: lambda d, m, _, r: d.decide(
        m, outcome=r.choice(list(Outcome)), reason=None, document="d"
    ),
    Step.HANDED_TO_CARRIER: lambda d, m, _, r: d.hand_to_carrier(
        m, carrier="VNPOST", number=r.choice(PARCELS)
    ),
    Step.CARRIER_SCANNED: lambda d, m, _, r: d.scan(
        m,
        number=r.choice(PARCELS),
        scan=r.choice(("EMB", "EMH", "EMI", "504", "?")),
        whereabouts=None,
        raw=None,
    ),
    Step.DELIVERED: lambda d, m, _, __: d.deliver(m),
    Step.DELIVERY_FAILED: lambda d, m, _, __: d.fail_delivery(m, reason=None),
    Step.RETURNED_TO_OFFICE: lambda d, m, _, __: d.return_to_office(m),
    Step.COLLECTED: lambda d, m, _, __: d.collect(m, at_office="CN01"),
    Step.DELIVERED_ELECTRONICALLY: lambda d, m, _, __: d.deliver_electronically(m),
    Step.RATED: lambda d, m, _, r: d.rate(m, score=r.randint(1, 5), reason=None),
    Step.COMPLAINED: lambda d, m, _, __: d.complain(m, text=SEALED),
    Step.NOTICES_AGREED: lambda d, m, _, r: d.agree_to_notices(
        m, channels=(r.choice(list(NoticeChannel)),), language=NoticeLanguage.ENGLISH, contact=None
    ),
    Step.NOTICES_STOPPED: lambda d, m, _, __: d.stop_notices(m),
    Step.PERSONAL_DATA_ERASED: lambda d, m, _, __: d.erase_personal_data(m, basis="b"),
}


def _take_in(step: Step, life: _Life, mark: Stamp, chance: Random) -> None:
    received_at = chance.choice(TAKING_IN)
    intake = {
        "channel": chance.choice(("counter", "agent", "online")),
        "offices": Offices(chance.choice(TAKING_IN), received_at, chance.choice(DECIDING)),
        "procedure": chance.choice(("P1", "P2")),
        "procedure_version": 1,
        "papers": (PAPER,),
        "way_of_return": WayOfReturn.POST,
        "applicant": SEALED,
    }
    if step is Step.SUBMITTED:
        life.dossier.submit(mark, **intake)
        return
    slip = Promise(mark.occurred_at + timedelta(days=chance.randint(0, 9)), given=True)
    given = slip if chance.random() < 0.2 else None
    life.dossier.receive(mark, clock=life.clock, given=given, **intake)


def _correct(dossier: Dossier, mark: Stamp, chance: Random) -> None:
    what = chance.choice([Correctable.OCCURRED_AT] * 4 + list(Correctable))
    value = {
        Correctable.OCCURRED_AT: (
            mark.recorded_at - chance.choice(LATENESS) - timedelta(hours=1)
        ).isoformat(),
        Correctable.WAY_OF_RETURN: "collect",
        Correctable.PARCEL_NUMBER: chance.choice(PARCELS),
        Correctable.APPLICANT: "",
    }.get(what, chance.choice(TAKING_IN))
    sealed = SEALED if what is Correctable.APPLICANT else None
    corrects = chance.choice((1, chance.randint(1, dossier.version)))
    dossier.correct(
        replace(mark, occurred_at=mark.recorded_at),
        corrects=corrects,
        what=what,
        value=value,
        sealed=sealed,
        reason=None,
    )
