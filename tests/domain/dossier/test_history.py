"""A history limited on two time axes: when events occurred and when they were recorded."""

from datetime import datetime

import pytest

from tests.domain.dossier_spec import (
    CLERK,
    EventBuilder,
    asked,
    at,
    brought,
    decided,
    due,
    event_builder,
    in_order,
    received,
)
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.history import cut, occurred_at, out_of_order, turning_points
from tracker.domain.dossier.lifecycle import Stage
from tracker.domain.dossier.values import Correctable


def heard(build: EventBuilder, moment: datetime) -> EventBuilder:
    def later(version: int) -> Event:
        event = build(version)
        object.__setattr__(event, "recorded_at", moment)
        return event

    return later


def correction(of: int, moment: datetime, value: datetime) -> EventBuilder:
    return event_builder(
        Corrected,
        moment,
        CLERK,
        corrects=of,
        what=Correctable.OCCURRED_AT,
        value=value.isoformat(),
        sealed=None,
        reason=None,
    )


STORY = in_order(
    heard(received(at(2), due(9)), at(2)),
    heard(asked(at(4)), at(6)),
    heard(brought(at(5), due(10)), at(5, 12)),
    heard(decided(at(9)), at(9)),
)


def versions(**ends: datetime) -> list[int]:
    return [event.originator_version for event in cut(STORY, **ends)]


def test_without_an_end_nothing_is_cut() -> None:
    assert cut(STORY) == STORY


@pytest.mark.parametrize(
    ("as_of", "kept"),
    [
        (at(1), []),
        (at(2), [1]),
        (at(4, 8), [1]),
        (at(4), [1, 2]),
        (at(5), [1, 2, 3]),
        (at(9), [1, 2, 3, 4]),
    ],
)
def test_an_event_at_the_limit_is_included(as_of: datetime, kept: list[int]) -> None:
    assert versions(as_of=as_of) == kept


def test_an_event_recorded_later_is_not_known() -> None:
    assert versions(known_at=at(5, 12)) == [1, 3]
    assert versions(known_at=at(6)) == [1, 2, 3]


def test_both_axes_cut_at_once() -> None:
    assert versions(as_of=at(4), known_at=at(5, 12)) == [1]
    assert versions(as_of=at(4), known_at=at(6)) == [1, 2]


def test_a_history_without_its_middle_still_gives_a_picture() -> None:
    picture = Dossier.picture(cut(STORY, known_at=at(5, 12)))
    assert picture is not None
    assert (picture.progress.stage, picture.promise) == (Stage.RECEIVED, due(10))


# corrections

MOVED = [*STORY, heard(correction(4, at(10), at(6)), at(10))(5)]


def test_a_corrected_time_counts_once_the_correction_is_known() -> None:
    assert [event.originator_version for event in cut(MOVED, as_of=at(6))] == [1, 2, 3, 4, 5]
    before = cut(MOVED, as_of=at(6), known_at=at(9))
    assert [event.originator_version for event in before] == [1, 2, 3]


def test_the_state_at_a_moment_uses_the_corrected_time() -> None:
    picture = Dossier.picture(cut(MOVED, as_of=at(7)))
    assert picture is not None
    assert picture.finished_at == at(6)


def test_an_event_corrected_to_a_later_time_had_not_happened_before_it() -> None:
    later = [*STORY, heard(correction(4, at(12), at(11)), at(12))(5)]
    assert [event.originator_version for event in cut(later, as_of=at(10))] == [1, 2, 3]
    assert [event.originator_version for event in cut(later, as_of=at(11))] == [1, 2, 3, 4, 5]


def test_of_several_corrections_the_last_one_known_counts() -> None:
    twice = [*MOVED, heard(correction(4, at(11), at(7)), at(11))(6)]
    assert occurred_at(twice)[4] == at(7)
    assert occurred_at(cut(twice, known_at=at(10)))[4] == at(6)


def test_a_correction_of_the_offices_counts_from_the_beginning() -> None:
    offices = heard(
        event_builder(
            Corrected,
            at(10),
            CLERK,
            corrects=1,
            what=Correctable.HELPED_AT,
            value="CTV-BAVI",
            sealed=None,
            reason=None,
        ),
        at(10),
    )(5)
    picture = Dossier.picture(cut([*STORY, offices], as_of=at(3)))
    assert picture is not None
    assert picture.offices.helped_at == "CTV-BAVI"


def test_a_correction_of_a_correction_counts_from_the_event_it_is_all_about() -> None:
    again = [*MOVED, heard(correction(5, at(11), at(8)), at(11))(6)]
    assert occurred_at(again) == {1: at(2), 2: at(4), 3: at(5), 4: at(6), 5: at(6), 6: at(6)}


# an inconsistent history


def test_a_history_whose_end_precedes_its_start_gives_no_dossier_before_the_start() -> None:
    dirty = in_order(received(at(9), due(16)), decided(at(4)))
    assert [event.originator_version for event in cut(dirty, as_of=at(5))] == [2]
    assert Dossier.picture(cut(dirty, as_of=at(5))) is None
    whole = Dossier.picture(cut(dirty, as_of=at(9)))
    assert whole is not None
    assert (whole.received_at, whole.finished_at) == (at(9), at(4))


def test_an_event_recorded_after_a_later_event_is_out_of_order() -> None:
    events = in_order(
        received(at(2), due(9)), asked(at(4)), heard(brought(at(3), due(10)), at(6)), decided(at(4))
    )
    assert out_of_order(events) == {3}
    assert out_of_order(STORY) == frozenset()


def test_a_correction_puts_nothing_out_of_order() -> None:
    events = in_order(
        received(at(2), due(9)), correction(1, at(6), at(1)), heard(decided(at(5)), at(7))
    )
    assert out_of_order(events) == frozenset()


def test_every_moment_that_changed_something_is_a_turning_point_and_so_is_now() -> None:
    corrected = in_order(
        heard(received(at(2), due(9)), at(2)),
        heard(decided(at(9)), at(10)),
        heard(correction(2, at(11), at(8)), at(12)),
    )
    moments = [at(2), at(8), at(9), at(10), at(11), at(12)]
    assert turning_points(corrected, at(20)) == [*moments, at(20)]
    assert turning_points(corrected, at(12)) == moments
