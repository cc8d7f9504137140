"""Why a figure has changed: which dossiers, and which of their events."""

from collections import Counter
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.oracle import expected_figures
from tests.contract.random_lives import BEGIN, by_dossier, history
from tests.domain.dossier.test_history import correction, heard
from tests.domain.dossier_spec import (
    CLERK,
    EventBuilder,
    at,
    decided,
    due,
    event_builder,
    in_order,
    received,
)
from tracker.domain.dossier.events.citizen import Rated
from tracker.domain.dossier.events.processing import ProcessingStarted
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.values import Correctable
from tracker.projections.figures.explanation import Change, Explanation
from tracker.projections.figures.figures import Counts, GroupBy, Question

PARTNERS = {"DL-VNPOST-001": "VNPOST"}
MONTH = Question(as_of=at(28), since=at(1))


def partner_of(office: str) -> str:
    return PARTNERS.get(office, "")


def explained(*story: EventBuilder, then: datetime, question: Question = MONTH) -> list[Change]:
    return list(Explanation(question, then, partner_of).changes([in_order(*story)]))


TAKEN_IN = heard(received(at(2), due(9)), at(2))


def test_a_decision_recorded_late_is_named_with_its_changes() -> None:
    decision = heard(decided(at(8)), at(20))
    (change,) = explained(TAKEN_IN, decision, then=at(15))
    assert change.lost == (
        "open",
        "late_without_apology",
        "latest.open_overdue",
        "first.open_overdue",
    )
    assert change.gained == ("finished", "latest.finished_on_time", "first.finished_on_time")
    assert [(cause.originator_version, cause.step) for cause in change.causes] == [(2, "decided")]


def test_events_known_then_explain_nothing() -> None:
    assert explained(TAKEN_IN, heard(decided(at(8)), at(8)), then=at(15)) == []


def test_news_that_change_no_count_are_no_cause() -> None:
    begun = heard(event_builder(ProcessingStarted, at(3), CLERK), at(16))
    decision = heard(decided(at(8)), at(20))
    assert explained(TAKEN_IN, begun, then=at(15)) == []
    (change,) = explained(TAKEN_IN, begun, decision, then=at(15))
    assert [cause.originator_version for cause in change.causes] == [3]


def test_a_correction_of_a_time_is_a_cause() -> None:
    (change,) = explained(
        TAKEN_IN,
        heard(decided(at(8)), at(8)),
        heard(correction(2, at(20), at(12)), at(20)),
        then=at(15),
    )
    assert change.lost == ("latest.finished_on_time", "first.finished_on_time")
    assert change.gained == (
        "late_without_apology",
        "latest.finished_late",
        "first.finished_late",
    )


def test_a_dossier_that_moved_to_another_group_left_one_and_joined_the_other() -> None:
    moved = event_builder(
        Corrected,
        at(3),
        CLERK,
        corrects=1,
        what=Correctable.RECEIVED_AT,
        value="CN09",
        sealed=None,
        reason=None,
    )
    by_office = replace(MONTH, as_of=at(5), by=GroupBy.RECEIVED_AT)
    (change,) = explained(TAKEN_IN, heard(moved, at(20)), then=at(15), question=by_office)
    assert (change.group_then, change.group_now) == ("CN05", "CN09")
    assert change.lost == change.gained == ("received", "open")


def test_the_rating_of_one_person_is_never_shown() -> None:
    rated = event_builder(Rated, at(9), CLERK, score=1, reason=None)
    story = (TAKEN_IN, heard(decided(at(8)), at(8)), heard(rated, at(20)))
    assert explained(*story, then=at(15)) == []


def test_news_after_the_later_moment_are_not_known_yet() -> None:
    decision = heard(decided(at(8)), at(20))
    known = replace(MONTH, known_at=at(19))
    assert explained(TAKEN_IN, decision, then=at(15), question=known) == []


def numbers(counts: Counts) -> Counter[str]:
    counted = asdict(counts)
    del counted["rated"]
    of_promises = {
        f"{which}.{name}": number
        for which in ("latest", "first")
        for name, number in counted.pop(which).items()
    }
    return Counter(counted | of_promises)


@given(seed=st.integers(0, 10**9))
@settings(deadline=None, max_examples=40)
def test_a_difference_between_then_and_now_is_explained_to_the_last_dossier(seed: int) -> None:
    events = history(seed, dossiers=6, steps=60)
    histories, chance = by_dossier(events), Random(seed)
    until, then = events[-1].recorded_at, chance.choice(events).recorded_at
    question = Question(
        as_of=chance.choice((until, then)),
        known_at=chance.choice((None, max(then, chance.choice(events).recorded_at))),
        since=chance.choice((None, BEGIN + timedelta(days=3))),
        by=chance.choice((None, *GroupBy)),
    )
    explanation = Explanation(question, then, partner_of)
    changes = list(explanation.changes(histories.values()))
    for answer, known_at in ((explanation.then(), then), (explanation.now(), question.known_at)):
        asked = replace(question, known_at=known_at)
        assert (answer.total, dict(answer.groups)) == expected_figures(histories, asked, PARTNERS)
    for group in {*explanation.then().groups, *explanation.now().groups} or {""}:
        before, after = (
            numbers(figures.groups.get(group, Counts()) if question.by else figures.total)
            for figures in (explanation.then(), explanation.now())
        )
        gained = Counter(
            name for change in changes if change.group_now == group for name in change.gained
        )
        lost = Counter(
            name for change in changes if change.group_then == group for name in change.lost
        )
        after.subtract(before)
        gained.subtract(lost)
        assert {name: n for name, n in after.items() if n} == {
            name: n for name, n in gained.items() if n
        }
    for change in changes:
        assert change.causes
        assert all(cause.recorded_at > then for cause in change.causes)
