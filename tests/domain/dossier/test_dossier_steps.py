"""Each step, taken by each actor who may take it, leads to exactly its event."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.domain.dossier.dossier_stages import HOME, POSTED, READY, TAKEN_IN
from tests.domain.dossier_spec import (
    ADMINISTRATOR,
    BY_SMS,
    CLERK,
    DECIDER,
    INTAKE,
    PAPER,
    PARCEL,
    PORTAL,
    POSTMAN,
    SEALED,
    EventBuilder,
    Given,
    agreed,
    asked,
    at,
    brought,
    clock,
    decided,
    delivered,
    due,
    event_builder,
    extended,
    fee_asked,
    fee_paid,
    given,
    given_date,
    handed,
    in_order,
    pending,
    received,
    resumed,
    scanned,
    stamp,
    stopped,
    submitted,
)
from tracker.domain.dossier.dossier import (
    Dossier,
)
from tracker.domain.dossier.events.citizen import Complained, NoticesStopped, Rated
from tracker.domain.dossier.events.delivery import (
    Collected,
    DeliveredElectronically,
    DeliveryFailed,
    ReturnedToOffice,
)
from tracker.domain.dossier.events.intake import Refused
from tracker.domain.dossier.events.processing import (
    Forwarded,
    InternalStepTaken,
    ProcessingStarted,
    Withdrawn,
)
from tracker.domain.dossier.events.records import Corrected, PersonalDataErased
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.dossier.values import (
    Correctable,
    Outcome,
)
from tracker.domain.errors import NotAllowedError


@pytest.mark.parametrize(
    ("before", "step", "after"),
    [
        pytest.param(
            (),
            lambda d: d.submit(stamp(at(2), PORTAL), **INTAKE),
            (submitted(at(2)),),
            id="submit",
        ),
        pytest.param(
            (),
            lambda d: d.receive(stamp(at(2), CLERK), clock=clock(), given=None, **INTAKE),
            (received(at(2), due(9)),),
            id="receive",
        ),
        pytest.param(
            (submitted(at(2)),),
            lambda d: d.receive(stamp(at(3), CLERK), clock=clock(), given=None, **INTAKE),
            (received(at(3), due(10)),),
            id="receive what was submitted",
        ),
        pytest.param(
            (submitted(at(2)),),
            lambda d: d.refuse(stamp(at(3), CLERK), reason=SEALED, basis="b"),
            (event_builder(Refused, at(3), CLERK, reason=SEALED, basis="b"),),
            id="refuse",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.forward(stamp(at(3)), to_office="SO-YTE", reason=SEALED),
            (event_builder(Forwarded, at(3), to_office="SO-YTE", reason=SEALED),),
            id="forward",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.start_processing(stamp(at(3))),
            (event_builder(ProcessingStarted, at(3)),),
            id="start_processing",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.take_internal_step(stamp(at(3)), name="n", clerk="c", unit="u"),
            (event_builder(InternalStepTaken, at(3), name="n", clerk="c", unit="u"),),
            id="take_internal_step",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.ask_supplement(stamp(at(3)), papers=(PAPER,), reason=SEALED, basis="b"),
            (asked(at(3)),),
            id="ask_supplement",
        ),
        pytest.param(
            (*TAKEN_IN, asked(at(3))),
            lambda d: d.receive_supplement(stamp(at(4), CLERK), papers=(PAPER,), clock=clock()),
            (brought(at(4), due(10)),),
            id="receive_supplement",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.ask_fee(stamp(at(3)), amount=50_000, reason=SEALED, basis="b"),
            (fee_asked(at(3)),),
            id="ask_fee",
        ),
        pytest.param(
            (*TAKEN_IN, fee_asked(at(3))),
            lambda d: d.pay_fee(
                stamp(at(4), CLERK), amount=50_000, reference="FT-1", clock=clock()
            ),
            (fee_paid(at(4), due(10)),),
            id="pay_fee",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.stop(stamp(at(3)), reason=SEALED, basis="b"),
            (stopped(at(3)),),
            id="stop",
        ),
        pytest.param(
            (*TAKEN_IN, stopped(at(3))),
            lambda d: d.resume(stamp(at(4)), reason=None, clock=clock()),
            (resumed(at(4), due(10)),),
            id="resume",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.withdraw(stamp(at(3), PORTAL), reason=SEALED),
            (event_builder(Withdrawn, at(3), PORTAL, reason=SEALED),),
            id="withdraw",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.extend_promise(
                stamp(at(3)), due_at=at(20, 17), reason=SEALED, basis="b", signer="s"
            ),
            (extended(at(3), given_date(20)),),
            id="extend_promise",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.decide(stamp(at(4)), outcome=Outcome.GRANTED, reason=None, document="d"),
            (decided(at(4)),),
            id="decide",
        ),
        pytest.param(
            READY,
            lambda d: d.hand_to_carrier(stamp(at(5), CLERK), carrier="VNPOST", number=PARCEL),
            (handed(at(5)),),
            id="hand_to_carrier",
        ),
        pytest.param(
            POSTED,
            lambda d: d.scan(
                stamp(at(6), POSTMAN), number=PARCEL, scan="EMB", whereabouts=None, raw=None
            ),
            (scanned(at(6), "EMB", "moving"),),
            id="scan",
        ),
        pytest.param(
            POSTED,
            lambda d: d.deliver(stamp(at(6), POSTMAN)),
            (delivered(at(6)),),
            id="deliver",
        ),
        pytest.param(
            POSTED,
            lambda d: d.fail_delivery(stamp(at(6), POSTMAN), reason=SEALED),
            (event_builder(DeliveryFailed, at(6), POSTMAN, reason=SEALED),),
            id="fail_delivery",
        ),
        pytest.param(
            POSTED,
            lambda d: d.return_to_office(stamp(at(9), POSTMAN)),
            (event_builder(ReturnedToOffice, at(9), POSTMAN),),
            id="return_to_office",
        ),
        pytest.param(
            READY,
            lambda d: d.collect(stamp(at(5), CLERK), at_office="CN05"),
            (event_builder(Collected, at(5), CLERK, at_office="CN05"),),
            id="collect",
        ),
        pytest.param(
            READY,
            lambda d: d.deliver_electronically(stamp(at(5), PORTAL)),
            (event_builder(DeliveredElectronically, at(5), PORTAL),),
            id="deliver_electronically",
        ),
        pytest.param(
            HOME,
            lambda d: d.rate(stamp(at(9), PORTAL), score=5, reason=None),
            (event_builder(Rated, at(9), PORTAL, score=5, reason=None),),
            id="rate",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.complain(stamp(at(9), PORTAL), text=SEALED),
            (event_builder(Complained, at(9), PORTAL, text=SEALED),),
            id="complain",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.correct(
                stamp(at(3), CLERK),
                corrects=1,
                what=Correctable.WAY_OF_RETURN,
                value="collect",
                sealed=None,
                reason=SEALED,
            ),
            (
                event_builder(
                    Corrected,
                    at(3),
                    CLERK,
                    corrects=1,
                    what=Correctable.WAY_OF_RETURN,
                    value="collect",
                    sealed=None,
                    reason=SEALED,
                ),
            ),
            id="correct",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.agree_to_notices(stamp(at(3), CLERK), **BY_SMS),
            (agreed(at(3)),),
            id="agree_to_notices",
        ),
        pytest.param(
            (*TAKEN_IN, agreed(at(3))),
            lambda d: d.stop_notices(stamp(at(4), CLERK)),
            (event_builder(NoticesStopped, at(4), CLERK),),
            id="stop_notices",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.erase_personal_data(stamp(at(9), ADMINISTRATOR), basis="law 91"),
            (event_builder(PersonalDataErased, at(9), ADMINISTRATOR, basis="law 91"),),
            id="erase_personal_data",
        ),
    ],
)
def test_a_step_leads_to_exactly_its_event(
    before: tuple[EventBuilder, ...],
    step: Callable[[Dossier], None],
    after: tuple[EventBuilder, ...],
) -> None:
    dossier = given(*before).when(step).then(*after)
    again = Dossier.replay(None, [*in_order(*before), *pending(dossier)])
    assert again is not None
    assert _all_of(again) == _all_of(dossier)


def _all_of(dossier: Dossier) -> dict[str, object]:
    return {name: value for name, value in vars(dossier).items() if name != "_pending_events"}


def test_the_cases_above_speak_of_every_step() -> None:
    cases = test_a_step_leads_to_exactly_its_event.pytestmark[0].args[1]  # type: ignore[attr-defined]
    steps = {build(1).step for case in cases for build in case.values[2]}
    assert steps == set(Step)


@pytest.mark.parametrize("case", list(range(25)))
def test_no_step_is_taken_by_an_auditor(case: int) -> None:
    step = list(Step)[case]
    auditor = replace(DECIDER, role=type(DECIDER.role)("auditor"))
    refused = _any_step(given(*TAKEN_IN), step, auditor)
    assert refused is NotAllowedError


def _any_step(start: Given, step: Step, by: object) -> type[Exception] | None:
    try:
        start.dossier._check(step, stamp(at(3), by))  # type: ignore[arg-type]
    except (NotAllowedError, StepNotAllowedError) as error:
        return type(error)
    return None
