"""The status of a dossier, and the public answer to its code."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.domain.dossier_spec import (
    CLERK,
    CODE,
    HEARD,
    PORTAL,
    POSTMAN,
    SEALED,
    EventBuilder,
    asked,
    at,
    brought,
    decided,
    delivered,
    due,
    event_builder,
    extended,
    fee_asked,
    given_date,
    handed,
    in_order,
    received,
    stopped,
    submitted,
)
from tests.projections.memory_view import MemoryView, as_records, row_of, rows_after
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.citizen import Complained
from tracker.domain.dossier.events.intake import Refused
from tracker.domain.dossier.events.processing import Forwarded, Withdrawn
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.lifecycle import PublicStatus
from tracker.domain.dossier.values import Correctable
from tracker.projections.dossier.lookup import PublicAnswer, public_answer
from tracker.projections.dossier.status import StatusProjection, StatusRow
from tracker.projections.model.projection import GapInHistoryError

TAKEN_IN = received(at(2), due(9))


def status(*story: EventBuilder) -> StatusRow:
    return row_of(StatusRow, rows_after(StatusProjection(), *story))


FRESH = StatusRow(
    dossier_id=dossier_id(CODE),
    code=CODE,
    version=1,
    stage="received",
    status=2,
    underneath="received",
    pauses="",
    paused_at=None,
    helped_at="DL-VNPOST-001",
    received_at_office="CN05",
    decided_by="SO-TUPHAP",
    promised_at=at(9, 17),
    received_at=at(2),
    received_version=1,
    finished_at=None,
    finished_version=0,
    recorded_at=HEARD,
)


def correction(of: int, what: Correctable, value: str) -> EventBuilder:
    return event_builder(
        Corrected,
        at(12),
        CLERK,
        corrects=of,
        what=what,
        value=value,
        sealed=None,
        reason=None,
    )


def test_a_received_dossier_has_its_whole_row() -> None:
    assert status(TAKEN_IN) == FRESH


def test_a_dossier_handed_in_unseen_has_no_promise_and_no_reception() -> None:
    assert status(submitted(at(2))) == replace(
        FRESH,
        stage="submitted",
        status=1,
        underneath="submitted",
        promised_at=None,
        received_at=None,
        received_version=0,
    )


def test_a_dossier_submitted_and_then_received_counts_from_receipt() -> None:
    row = status(submitted(at(2)), received(at(3), due(10)))
    assert row == replace(
        FRESH, version=2, promised_at=at(10, 17), received_at=at(3), received_version=2
    )


def test_a_paused_dossier_shows_since_when_and_for_what() -> None:
    row = status(TAKEN_IN, asked(at(3)), fee_asked(at(4)))
    assert row == replace(
        FRESH,
        version=3,
        stage="waiting_for_papers",
        status=5,
        pauses="fee,supplement",
        paused_at=at(3),
    )
    assert status(TAKEN_IN, asked(at(3)), fee_asked(at(4)), brought(at(5))) == replace(
        FRESH, version=4, stage="waiting_for_fee", status=6, pauses="fee", paused_at=at(3)
    )


def test_when_the_pause_is_over_the_row_is_as_before_with_the_new_promise() -> None:
    assert status(TAKEN_IN, asked(at(3)), brought(at(5), due(11))) == replace(
        FRESH, version=3, promised_at=at(11, 17)
    )


def test_forwarding_changes_the_office_that_decides_and_no_other() -> None:
    forwarded = event_builder(Forwarded, at(3), to_office="SO-YTE", reason=None)
    assert status(TAKEN_IN, forwarded) == replace(FRESH, version=2, decided_by="SO-YTE")


def test_an_extension_is_the_promise_that_is_shown() -> None:
    row = status(TAKEN_IN, extended(at(4), given_date(20)))
    assert row == replace(FRESH, version=2, promised_at=at(20, 17))


def test_a_decided_and_delivered_dossier_keeps_the_time_of_its_decision() -> None:
    row = status(TAKEN_IN, decided(at(4)), handed(at(5)), delivered(at(6)))
    assert row == replace(
        FRESH,
        version=4,
        stage="returned",
        status=10,
        underneath="returned",
        finished_at=at(4),
        finished_version=2,
    )


def test_corrections_change_only_the_field_they_name() -> None:
    story = (TAKEN_IN, decided(at(4)))
    done = status(*story)
    moment = at(1).isoformat()
    for of, what, value, changed in (
        (1, Correctable.HELPED_AT, "CN01", {"helped_at": "CN01"}),
        (1, Correctable.RECEIVED_AT, "CN01", {"received_at_office": "CN01"}),
        (1, Correctable.OCCURRED_AT, moment, {"received_at": at(1)}),
        (2, Correctable.OCCURRED_AT, moment, {"finished_at": at(1)}),
        (1, Correctable.WAY_OF_RETURN, "collect", {}),
    ):
        row = status(*story, correction(of, what, value))
        assert row == replace(done, version=3, **changed)


def test_the_row_has_the_time_of_the_latest_recording() -> None:
    later = event_builder(Complained, at(3), PORTAL, heard=HEARD + timedelta(days=1), text=SEALED)
    assert status(TAKEN_IN, later) == replace(
        FRESH, version=2, recorded_at=HEARD + timedelta(days=1)
    )


def test_an_event_that_is_in_the_row_already_is_passed_over() -> None:
    view = rows_after(StatusProjection(), TAKEN_IN, decided(at(4)))
    before = dict(view.rows)
    StatusProjection().apply(as_records(in_order(TAKEN_IN, decided(at(4)))), view)
    assert view.rows == before


def test_a_missing_event_is_found_and_nothing_is_written() -> None:
    first, _, third = in_order(TAKEN_IN, asked(at(3)), brought(at(4)))
    view = MemoryView()
    with pytest.raises(GapInHistoryError):
        StatusProjection().apply(as_records([first, third]), view)
    assert view.rows == {}


# the public answer


def answer(now: datetime, *story: EventBuilder) -> PublicAnswer:
    return public_answer(status(*story), phone="024", now=now)


def test_the_code_alone_reveals_these_six_things() -> None:
    assert answer(at(3), TAKEN_IN) == PublicAnswer(
        code=CODE,
        status=PublicStatus.RECEIVED,
        promised_at=at(9, 17),
        on_time=True,
        to_do=False,
        phone="024",
    )


@pytest.mark.parametrize(
    ("now", "story", "on_time"),
    [
        (at(2), (TAKEN_IN,), True),
        (at(9, 17), (TAKEN_IN,), True),
        (at(9, 17, 1), (TAKEN_IN,), False),
        (at(30), (TAKEN_IN, asked(at(9))), True),
        (at(30), (TAKEN_IN, asked(at(10))), False),
        (at(30), (TAKEN_IN, asked(at(8)), fee_asked(at(12)), brought(at(13))), True),
        (at(30), (TAKEN_IN, decided(at(9))), True),
        (at(30), (TAKEN_IN, decided(at(10))), False),
        (at(30), (received(at(2), None),), None),
        (at(30), (TAKEN_IN, event_builder(Withdrawn, at(3), PORTAL, reason=None)), None),
        (
            at(30),
            (TAKEN_IN, event_builder(Refused, at(3), CLERK, reason=SEALED, basis="")),
            None,
        ),
    ],
)
def test_on_time_is_shown_only_with_a_promise(
    now: datetime, story: tuple[EventBuilder, ...], on_time: bool | None
) -> None:
    assert answer(now, *story).on_time is on_time


@pytest.mark.parametrize(
    ("story", "to_do"),
    [
        ((TAKEN_IN,), False),
        ((TAKEN_IN, asked(at(3))), True),
        ((TAKEN_IN, fee_asked(at(3))), True),
        ((TAKEN_IN, stopped(at(3))), False),
        ((TAKEN_IN, decided(at(3)), handed(at(4)), delivered(at(5), POSTMAN)), False),
    ],
)
def test_the_citizen_has_something_to_do_only_while_papers_or_a_fee_are_asked(
    story: tuple[EventBuilder, ...], to_do: bool
) -> None:
    assert answer(at(6), *story).to_do is to_do
