"""The promise ledger and each dossier's clock: whole rows."""

import pytest
from msgspec.structs import replace

from tests.domain.dossier_spec import (
    CLERK,
    CODE,
    HEARD,
    PORTAL,
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
    given_date,
    handed,
    received,
    submitted,
)
from tests.projections.memory_view import row_of, rows_after
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.citizen import Complained, Rated
from tracker.domain.dossier.events.delivery import Collected
from tracker.domain.dossier.events.intake import Refused
from tracker.domain.dossier.events.processing import Withdrawn
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.values import Correctable
from tracker.projections.dossier.promises import PromiseRow, PromisesProjection, SlaRow

TAKEN_IN = received(at(2), due(9))
REFUSED = event_builder(Refused, at(3), CLERK, reason=SEALED, basis="")
WITHDRAWN = event_builder(Withdrawn, at(3), PORTAL, reason=None)
COLLECTED = event_builder(Collected, at(6), CLERK, at_office="CN05")

FRESH = SlaRow(
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
    channel="counter",
    procedure="2.000488",
    first_promised_at=at(9, 17),
    apologised_late=False,
    refused_at=None,
    withdrawn_at=None,
    returned_at=None,
    ended_version=0,
    score=None,
    rated_at=None,
    rated_version=0,
)


def clock(*story: EventBuilder) -> SlaRow:
    return row_of(SlaRow, rows_after(PromisesProjection(), *story))


def ledger(*story: EventBuilder) -> list[object]:
    return list(rows_after(PromisesProjection(), *story).added)


def line(version: int, step: str, day: int, made: int, *, given: bool) -> PromiseRow:
    return PromiseRow(
        dossier_id=dossier_id(CODE),
        version=version,
        step=step,
        due_at=at(day, 17),
        given=given,
        made_at=at(made),
        recorded_at=HEARD,
    )


def correcting(version: int, day: int) -> EventBuilder:
    return event_builder(
        Corrected,
        at(12),
        CLERK,
        corrects=version,
        what=Correctable.OCCURRED_AT,
        value=at(day).isoformat(),
        sealed=None,
        reason=None,
    )


def test_a_received_dossier_has_its_whole_row() -> None:
    assert clock(TAKEN_IN) == FRESH


def test_a_dossier_without_a_promise_has_none_of_either_kind() -> None:
    row = clock(received(at(2), None))
    assert row == replace(FRESH, promised_at=None, first_promised_at=None)
    assert ledger(received(at(2), None)) == []


def test_every_promise_is_a_line_and_none_is_overwritten() -> None:
    story = (TAKEN_IN, asked(at(3)), brought(at(5), due(11)), extended(at(6), given_date(20)))
    assert ledger(*story) == [
        line(1, "received", 9, 2, given=False),
        line(3, "supplement_received", 11, 5, given=False),
        line(4, "promise_extended", 20, 6, given=True),
    ]
    assert clock(*story) == replace(FRESH, version=4, promised_at=at(20, 17))


def test_the_first_promise_stays_the_first_whatever_is_promised_later() -> None:
    story = (
        received(at(2), None),
        extended(at(4), given_date(20)),
        extended(at(5), given_date(24)),
    )
    row = clock(*story)
    assert (row.first_promised_at, row.promised_at) == (at(20, 17), at(24, 17))


def test_the_channel_and_procedure_of_the_reception_count() -> None:
    online = replace(FRESH, channel="counter", version=2, received_version=2, received_at=at(3))
    assert clock(submitted(at(2)), received(at(3), due(9))) == online


@pytest.mark.parametrize(
    ("story", "late"),
    [
        ((extended(at(9), given_date(20)),), False),
        ((extended(at(10), given_date(20)),), True),
        ((asked(at(6)), extended(at(12), given_date(20))), False),
        ((asked(at(10)), extended(at(12), given_date(20))), True),
        ((extended(at(9), given_date(12)), extended(at(13), given_date(20))), True),
        ((extended(at(9), given_date(12)), extended(at(12), given_date(20))), False),
        ((extended(at(10), given_date(12)), extended(at(12), given_date(20))), True),
    ],
)
def test_an_apology_is_late_if_the_promise_was_broken_while_the_clock_ran(
    story: tuple[EventBuilder, ...], late: bool
) -> None:
    assert clock(TAKEN_IN, *story).apologised_late is late


@pytest.mark.parametrize(
    ("story", "changed"),
    [
        (
            (TAKEN_IN, REFUSED),
            {"stage": "refused", "status": 3, "refused_at": at(3), "ended_version": 2},
        ),
        (
            (TAKEN_IN, WITHDRAWN),
            {"stage": "withdrawn", "status": 7, "withdrawn_at": at(3), "ended_version": 2},
        ),
        (
            (TAKEN_IN, decided(at(4)), handed(at(5)), delivered(at(6))),
            {
                "stage": "returned",
                "status": 10,
                "finished_at": at(4),
                "finished_version": 2,
                "returned_at": at(6),
                "ended_version": 4,
            },
        ),
        (
            (TAKEN_IN, decided(at(4)), COLLECTED),
            {
                "stage": "returned",
                "status": 10,
                "finished_at": at(4),
                "finished_version": 2,
                "returned_at": at(6),
                "ended_version": 3,
            },
        ),
    ],
)
def test_each_end_has_its_time(story: tuple[EventBuilder, ...], changed: dict[str, object]) -> None:
    expected = replace(FRESH, version=len(story), underneath=str(changed["stage"]), **changed)
    assert clock(*story) == expected
    complained = event_builder(Complained, at(9), PORTAL, text=SEALED)
    assert clock(*story, complained) == replace(expected, version=len(story) + 1)


def test_a_corrected_time_of_any_end_counts() -> None:
    for story, name in (
        ((TAKEN_IN, REFUSED), "refused_at"),
        ((TAKEN_IN, WITHDRAWN), "withdrawn_at"),
        ((TAKEN_IN, decided(at(4)), COLLECTED), "returned_at"),
        ((TAKEN_IN, decided(at(4))), "finished_at"),
        ((TAKEN_IN,), "received_at"),
    ):
        before = clock(*story)
        after = clock(*story, correcting(len(story), 1))
        assert after == replace(before, version=len(story) + 1, **{name: at(1)})


def test_a_rating_has_its_time_and_is_corrected_like_any_other() -> None:
    home = (TAKEN_IN, decided(at(4)), handed(at(5)), delivered(at(6)))
    rated = event_builder(Rated, at(8), PORTAL, score=4, reason=SEALED)
    row = clock(*home, rated)
    assert (row.score, row.rated_at, row.rated_version) == (4, at(8), 5)
    correction = event_builder(
        Corrected,
        at(9),
        CLERK,
        corrects=5,
        what=Correctable.OCCURRED_AT,
        value=at(7).isoformat(),
        sealed=None,
        reason=None,
    )
    assert clock(*home, rated, correction).rated_at == at(7)
