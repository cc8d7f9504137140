"""The figures, compared with their definitions: a few dossiers on a real database."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.contract.list_feed import ListFeed
from tests.domain.dossier_spec import (
    CLERK,
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
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.read_models.figures import SqlFigures
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.citizen import Complained, Rated
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Refused
from tracker.domain.dossier.events.processing import Forwarded, Withdrawn
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.values import Correctable
from tracker.projections.dossier.promises import PromisesProjection
from tracker.projections.dossier.timeline import TimelineProjection
from tracker.projections.figures.figures import Counts, Figures, GroupBy, PromiseCounts, Question
from tracker.projections.figures.ratings import Ratings
from tracker.projections.model.projector import Projector

TAKEN_IN = received(at(2), due(9))
REFUSED = event_builder(Refused, at(3), CLERK, reason=SEALED, basis="")
WITHDRAWN = event_builder(Withdrawn, at(3), PORTAL, reason=None)
NOW = at(25)


def rated(score: int, day: int = 8) -> EventBuilder:
    return event_builder(Rated, at(day), PORTAL, score=score, reason=None)


def rated_at_all(score: int, channel: str = "counter", day: int = 8) -> tuple[EventBuilder, ...]:
    taken_in = received(at(2), due(9))

    def by_channel(version: int) -> Event:
        return replace(taken_in(version), channel=channel)  # type: ignore[call-arg]

    return (by_channel, decided(at(4)), handed(at(5)), delivered(at(6)), rated(score, day))


Ask = Callable[..., Figures]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path / 'views.db'}")
    yield opened
    opened.dispose()


@pytest.fixture
def ask(engine: Engine) -> Ask:
    """Answer a question about these dossiers, from the live table and from the fold of the past."""

    def answer(
        *stories: tuple[EventBuilder, ...],
        as_of: datetime = NOW,
        since: datetime | None = None,
        by: GroupBy | None = None,
        known_at: datetime | None = None,
    ) -> Figures:
        feed = ListFeed(_all(stories))
        promises = SqlReadModel(engine, PromisesProjection())
        timeline = SqlReadModel(engine, TimelineProjection())
        for model, projection in (
            (promises, PromisesProjection()),
            (timeline, TimelineProjection()),
        ):
            model.create()
            Projector(projection, feed, model).catch_up()
        question = Question(as_of=as_of, since=since, by=by, known_at=known_at)

        def counted(now: datetime) -> Figures:
            partner = {"CN05": "VNPOST"}
            figures = SqlFigures(
                promises,
                timeline,
                partner_of=lambda office: partner.get(office, ""),
                now=lambda: now,
            )
            return figures.answer(question)

        live, past = counted(as_of), counted(datetime(2027, 3, 1, tzinfo=UTC))
        if known_at is None and all(event.occurred_at <= as_of for event in feed.events):
            assert live == past
        return past

    return answer


def _all(stories: tuple[tuple[EventBuilder, ...], ...]) -> list[Event]:
    events: list[Event] = []
    for number, story in enumerate(stories, 1):
        code = f"H26.05-261102-{number:04d}"
        events += [
            replace(build(version), code=code, originator_id=dossier_id(code))
            for version, build in enumerate(story, 1)
        ]
    return events


def both(counts: Counts, **late: int) -> Counts:
    """Return the counts that are equal against the first promise and the latest."""
    return replace(counts, latest=PromiseCounts(**late), first=PromiseCounts(**late))


@pytest.mark.parametrize(
    ("story", "counts"),
    [
        pytest.param((submitted(at(2)),), Counts(submitted=1), id="submitted"),
        pytest.param(
            (TAKEN_IN,),
            both(Counts(received=1, open=1, late_without_apology=1), open_overdue=1),
            id="open and overdue",
        ),
        pytest.param(
            (received(at(2), due(25)),), Counts(received=1, open=1), id="open and not due yet"
        ),
        pytest.param(
            (TAKEN_IN, decided(at(9, 17))),
            both(Counts(received=1, finished=1), finished_on_time=1),
            id="finished at the very moment",
        ),
        pytest.param(
            (TAKEN_IN, decided(at(9, 17, 1))),
            both(Counts(received=1, finished=1, late_without_apology=1), finished_late=1),
            id="finished a minute late",
        ),
        pytest.param(
            (received(at(2), None),),
            Counts(received=1, open=1, open_without_promise=1, due_without_promise=1),
            id="open without a promise",
        ),
        pytest.param(
            (received(at(2), None), decided(at(20))),
            Counts(received=1, finished=1, finished_without_promise=1, due_without_promise=1),
            id="finished without a promise",
        ),
        pytest.param(
            (TAKEN_IN, asked(at(6))),
            Counts(received=1, open=1, open_paused=1),
            id="paused before it was due",
        ),
        pytest.param(
            (TAKEN_IN, asked(at(10))),
            both(Counts(received=1, open=1, open_paused=1, late_without_apology=1), open_overdue=1),
            id="paused when it was overdue",
        ),
        pytest.param(
            (TAKEN_IN, extended(at(9), given_date(20)), decided(at(18))),
            Counts(
                received=1,
                finished=1,
                latest=PromiseCounts(finished_on_time=1),
                first=PromiseCounts(finished_late=1),
            ),
            id="late against the first promise only",
        ),
        pytest.param(
            (TAKEN_IN, extended(at(10), given_date(20)), decided(at(18))),
            Counts(
                received=1,
                finished=1,
                late_without_apology=1,
                latest=PromiseCounts(finished_on_time=1),
                first=PromiseCounts(finished_late=1),
            ),
            id="the apology came late",
        ),
        pytest.param(
            (TAKEN_IN, extended(at(9), given_date(20))),
            Counts(
                received=1,
                open=1,
                late_without_apology=1,
                latest=PromiseCounts(open_overdue=1),
                first=PromiseCounts(open_overdue=1),
            ),
            id="the second promise broke too",
        ),
        pytest.param(
            (TAKEN_IN, asked(at(3)), brought(at(5), due(26))),
            Counts(received=1, open=1, first=PromiseCounts(open_overdue=1)),
            id="a pause moved the promise, the first one is past",
        ),
        pytest.param((TAKEN_IN, REFUSED), Counts(received=1, refused=1), id="refused"),
        pytest.param((TAKEN_IN, WITHDRAWN), Counts(received=1, withdrawn=1), id="withdrawn"),
        pytest.param((submitted(at(2)), WITHDRAWN), Counts(withdrawn=1), id="withdrawn unseen"),
        pytest.param(
            (TAKEN_IN, decided(at(4)), handed(at(5)), delivered(at(6)), rated(4)),
            both(
                Counts(received=1, finished=1, returned=1, rated=Ratings(count=1, scores=4)),
                finished_on_time=1,
            ),
            id="rated",
        ),
        pytest.param(
            (TAKEN_IN, decided(at(4)), handed(at(5)), delivered(at(6))),
            both(Counts(received=1, finished=1, returned=1), finished_on_time=1),
            id="delivered",
        ),
    ],
)
def test_a_dossier_counts_only_here(
    ask: Ask, story: tuple[EventBuilder, ...], counts: Counts
) -> None:
    assert ask(story).total == counts


def test_an_open_overdue_dossier_lowers_the_due_rate(ask: Ask) -> None:
    total = ask((TAKEN_IN,), (TAKEN_IN, decided(at(4)))).total
    assert total.rate_finished(total.latest) == 1.0
    assert total.rate_due(total.latest) == 0.5


def test_an_empty_period_has_no_rate_rather_than_a_hundred_percent(ask: Ask) -> None:
    total = ask().total
    assert total == Counts()
    assert (total.rate_finished(total.latest), total.rate_due(total.latest)) == (None, None)
    told_as = total.as_json()
    assert told_as["rate_finished"] is told_as["rate_due"] is None
    assert told_as["against_first_promise"]["rate_due"] is None


def test_without_promises_there_is_no_rate(ask: Ask) -> None:
    total = ask((received(at(2), None), decided(at(20))), (received(at(2), None),)).total
    assert (total.finished, total.open) == (1, 1)
    assert (total.rate_finished(total.latest), total.rate_due(total.latest)) == (None, None)


def test_a_dossier_without_a_promise_is_in_neither_part_of_a_rate(ask: Ask) -> None:
    total = ask((received(at(2), None), decided(at(20))), (TAKEN_IN, decided(at(20)))).total
    assert total.rate_finished(total.latest) == 0.0
    assert total.rate_due(total.latest) == 0.0


def test_a_dossier_handed_in_today_is_never_overdue(ask: Ask) -> None:
    assert ask((TAKEN_IN,), as_of=at(2)).total == Counts(received=1, open=1)


# periods


def test_a_period_counts_received_and_carried_over_dossiers(ask: Ask) -> None:
    total = ask(
        (TAKEN_IN,),
        (TAKEN_IN, decided(at(4))),
        (TAKEN_IN, decided(at(12))),
        (received(at(12), due(19)),),
        (TAKEN_IN, WITHDRAWN),
        since=at(10),
    ).total
    assert total == Counts(
        received=1,
        carried_over=2,
        finished=1,
        open=2,
        late_without_apology=3,
        latest=PromiseCounts(finished_late=1, open_overdue=2),
        first=PromiseCounts(finished_late=1, open_overdue=2),
    )
    assert total.rate_due(total.latest) == 0.0


def test_the_period_begins_at_its_very_instant_and_ends_at_its_very_instant(ask: Ask) -> None:
    story = (TAKEN_IN, decided(at(4)))
    assert ask(story, since=at(2), as_of=at(4)).total.received == 1
    begun_after = ask(story, since=at(2, 9, 1), as_of=at(4)).total
    assert (begun_after.received, begun_after.carried_over, begun_after.finished) == (0, 1, 1)
    ended_before = ask(story, since=at(2), as_of=at(4, 8, 59)).total
    assert (ended_before.finished, ended_before.open) == (0, 1)
    assert ask(story, since=at(4, 9, 1)).total == Counts()


def test_a_dossier_that_ended_at_the_first_instant_of_a_period_is_carried_over(ask: Ask) -> None:
    total = ask((TAKEN_IN, decided(at(4))), since=at(4)).total
    assert (total.carried_over, total.finished) == (1, 1)


# groups


@pytest.mark.parametrize(
    ("by", "name"),
    [
        (GroupBy.CHANNEL, "counter"),
        (GroupBy.OFFICE, "SO-TUPHAP"),
        (GroupBy.RECEIVED_AT, "CN05"),
        (GroupBy.HELPED_AT, "DL-VNPOST-001"),
        (GroupBy.PARTNER, "VNPOST"),
        (GroupBy.PROCEDURE, "2.000488"),
    ],
)
def test_the_groups_are_named_and_add_up_to_the_total(ask: Ask, by: GroupBy, name: str) -> None:
    figures = ask((TAKEN_IN,), (TAKEN_IN, decided(at(4))), by=by)
    assert figures.groups == {name: figures.total}


def test_a_forwarded_dossier_counts_where_it_is_now(ask: Ask) -> None:
    forwarded = event_builder(Forwarded, at(3), to_office="SO-YTE", reason=None)
    figures = ask((TAKEN_IN, forwarded), (TAKEN_IN,), by=GroupBy.OFFICE)
    assert {name: counts.open for name, counts in figures.groups.items()} == {
        "SO-TUPHAP": 1,
        "SO-YTE": 1,
    }
    assert figures.total.open == 2


# ratings


def satisfaction(figures: Figures) -> dict[str, tuple[int | None, float | None]]:
    told_as = figures.as_json()
    shown = {"total": told_as["total"], **told_as["groups"]}
    return {name: (group["ratings"], group["satisfaction"]) for name, group in shown.items()}


def test_the_mean_of_five_ratings_is_shown_and_of_four_nothing(ask: Ask) -> None:
    four = [rated_at_all(score) for score in (5, 4, 4, 2)]
    assert satisfaction(ask(*four)) == {"total": (None, None)}
    assert satisfaction(ask(*four, rated_at_all(3))) == {"total": (5, 3.6)}


def test_a_group_with_few_ratings_hides_another_so_that_the_total_does_not_reveal_it(
    ask: Ask,
) -> None:
    stories = [
        *(rated_at_all(5, "counter") for _ in range(6)),
        *(rated_at_all(4, "online") for _ in range(5)),
        rated_at_all(1, "kiosk"),
    ]
    assert satisfaction(ask(*stories, by=GroupBy.CHANNEL)) == {
        "total": (12, 4.2),
        "counter": (6, 5.0),
        "kiosk": (None, None),
        "online": (None, None),
    }


def test_a_rating_counts_in_the_period_it_was_given_in_and_as_it_was_known(ask: Ask) -> None:
    stories = [rated_at_all(5, day=day) for day in (8, 8, 8, 8, 8, 12)]
    assert ask(*stories, since=at(9)).total.rated == Ratings(count=1, scores=5)
    assert ask(*stories, as_of=at(9)).total.rated == Ratings(count=5, scores=25)
    early = HEARD - timedelta(microseconds=1)
    assert ask(*stories, known_at=early).total.rated == Ratings()


# the past


def test_a_dossier_whose_first_event_had_not_happened_yet_is_none_though_a_later_one_had(
    ask: Ask,
) -> None:
    for early in (asked(at(3)), extended(at(3), given_date(20)), decided(at(3)), WITHDRAWN):
        assert ask((received(at(5), due(12)), early), as_of=at(4)).total == Counts()


def test_a_dossier_decided_by_then_is_finished_though_the_end_of_its_pause_came_later(
    ask: Ask,
) -> None:
    story = (TAKEN_IN, asked(at(3)), brought(at(20)), decided(at(4)))
    assert ask(story, as_of=at(10)).total == both(
        Counts(received=1, finished=1), finished_on_time=1
    )


def test_a_correction_counts_from_the_event_it_corrects_even_if_no_figure_counts_that_event(
    ask: Ask,
) -> None:
    complained = event_builder(Complained, at(3), PORTAL, text=SEALED)
    correction = event_builder(
        Corrected,
        at(12),
        CLERK,
        corrects=2,
        what=Correctable.HELPED_AT,
        value="CN01",
        sealed=None,
        reason=None,
    )
    figures = ask((TAKEN_IN, complained, correction), as_of=at(5), by=GroupBy.HELPED_AT)
    assert set(figures.groups) == {"CN01"}


def test_an_event_recorded_at_exactly_the_requested_moment_is_known(ask: Ask) -> None:
    assert ask((TAKEN_IN,), known_at=HEARD).total.received == 1
    assert ask((TAKEN_IN,), known_at=HEARD - timedelta(microseconds=1)).total == Counts()


def test_the_answer_names_its_question(ask: Ask) -> None:
    told_as = ask((TAKEN_IN,), since=at(1), by=GroupBy.CHANNEL).as_json()
    assert (told_as["as_of"], told_as["since"], told_as["known_at"], told_as["by"]) == (
        NOW.isoformat(),
        at(1).isoformat(),
        None,
        "channel",
    )
    assert told_as["total"]["received"] == 1
    assert told_as["groups"]["counter"]["open_overdue"] == 1
    assert told_as["total"]["against_first_promise"] == {
        "finished_on_time": 0,
        "finished_late": 0,
        "open_overdue": 1,
        "rate_finished": None,
        "rate_due": 0.0,
    }
