"""Concurrent commands: two processes on one store, threads on one dossier."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest

from tests.application.service_desk import (
    ADMINISTRATOR,
    CLERK,
    DECIDER,
    PORTAL,
    Hands,
    ServiceDesk,
    service_desk,
)
from tracker.application.commands.envelope import Accepted, Envelope, VersionConflictError
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.errors import TrackerError

T = TypeVar("T")


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[list[ServiceDesk]]:
    hands = Hands()
    with ExitStack() as stack:
        yield [stack.enter_context(service_desk(tmp_path, hands)) for _ in range(2)]


def at_once(*calls: Callable[[], T]) -> list[T | TrackerError]:
    barrier = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T | TrackerError:
        barrier.wait()
        try:
            return call()
        except TrackerError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def posting(desk: ServiceDesk, post: Envelope) -> Callable[[], Accepted]:
    return lambda: desk.at.tracker.post(post)


def test_of_two_decisions_at_once_on_two_writers_exactly_one_is_stored(
    desks: list[ServiceDesk],
) -> None:
    for number in range(8):
        code = desks[0].take_in(event_id=f"in-{number}").code
        posts = [
            Envelope(
                replace(DECIDER, id=f"officer-{which}"),
                desk.message(
                    event_id=f"decide-{number}", code=code, step="decided", outcome=outcome
                ),
                if_version=1 if number % 2 else None,
            )
            for which, (desk, outcome) in enumerate(
                zip(desks * 2, ["granted", "refused"] * 2, strict=True)
            )
        ]
        results = at_once(*map(posting, desks * 2, posts))
        won = [result for result in results if isinstance(result, Accepted)]
        lost = [result for result in results if not isinstance(result, Accepted)]
        assert len(won) == 1
        assert {type(error) for error in lost} <= {StepNotAllowedError, VersionConflictError}
        assert {getattr(error, "version", None) for error in lost} == {2}
        assert desks[1].steps(code) == ["received", "decided"]


def test_of_twenty_parallel_appends_what_was_accepted_is_stored_and_nothing_else(
    desks: list[ServiceDesk],
) -> None:
    code = desks[0].take_in().code
    posts = [
        Envelope(
            PORTAL,
            desks[0].message(event_id=f"c-{number}", code=code, step="complained", text="chậm"),
        )
        for number in range(20)
    ]
    results = at_once(*map(posting, desks * 10, posts))
    history = desks[0].history(code)
    stored = {event.event_id: event.originator_version for event in history[1:]}
    answered = {
        post.command.event_id: result.version
        for post, result in zip(posts, results, strict=True)
        if isinstance(result, Accepted)
    }
    assert stored == answered
    assert answered
    assert [event.originator_version for event in history] == list(range(1, len(history) + 1))
    refused = {type(result) for result in results if not isinstance(result, Accepted)}
    assert refused <= {VersionConflictError}


def test_one_request_sent_at_once_by_many_is_carried_out_once_and_answered_alike(
    desks: list[ServiceDesk],
) -> None:
    post = Envelope(CLERK, desks[0].intake())
    results = at_once(*map(posting, desks * 4, [post] * 8))
    answers = [result for result in results if isinstance(result, Accepted)]
    assert len(answers) == 8
    assert len(desks[0].everything()) == 1
    assert {replace(answer, duplicate=False) for answer in answers} == {
        replace(answers[0], duplicate=False)
    }
    assert sum(not answer.duplicate for answer in answers) == 1


@pytest.mark.parametrize("kind", ["intake", "step", "batch"])
def test_of_one_message_at_two_writers_one_answer_is_new_and_one_a_duplicate(
    desks: list[ServiceDesk], kind: str
) -> None:
    desk = desks[0]
    code = desk.take_in().code
    for number in range(40):
        posts = [Envelope(CLERK, desk.intake(event_id=f"same-{number}"))]
        if kind == "step":
            text = desk.message(event_id=f"s-{number}", code=code, step="complained", text="chậm")
            posts = [Envelope(PORTAL, text)]
        if kind == "batch":
            posts.append(Envelope(PORTAL, desk.intake(event_id=f"other-{number}")))

        def handle(
            writer: ServiceDesk, posts: list[Envelope] = posts
        ) -> list[Accepted | TrackerError]:
            return writer.handle(*posts)

        results = at_once(*(lambda writer=writer: handle(writer) for writer in desks))
        pairs = zip(*(result for result in results if isinstance(result, list)), strict=True)
        for pair in pairs:
            assert sorted(answer.duplicate for answer in pair if isinstance(answer, Accepted)) == [
                False,
                True,
            ], (number, pair)


def test_one_id_twice_in_a_batch_that_meets_a_conflict_is_new_once(
    desks: list[ServiceDesk],
) -> None:
    code = desks[0].take_in().code
    for number in range(10):
        first, second = (
            [
                Envelope(
                    PORTAL,
                    desks[0].message(
                        event_id=f"c-{number}-{which}", code=code, step="complained", text="chậm"
                    ),
                ),
                *[Envelope(CLERK, desks[0].intake(event_id=f"twice-{number}-{which}"))] * 2,
            ]
            for which in range(2)
        )
        results = at_once(
            lambda first=first: desks[0].handle(*first),  # type: ignore[misc]
            lambda second=second: desks[1].handle(*second),  # type: ignore[misc]
        )
        for batch in results:
            assert isinstance(batch, list)
            assert [answer.duplicate for answer in batch[1:] if isinstance(answer, Accepted)] == [
                False,
                True,
            ]


def test_a_retry_at_another_writer_is_a_duplicate(desks: list[ServiceDesk]) -> None:
    post = Envelope(CLERK, desks[0].intake())
    first = desks[0].at.tracker.post(post)
    assert desks[1].at.tracker.post(post) == replace(first, duplicate=True)


def test_batches_with_neighbours_in_conflict_keep_every_other_item(
    desks: list[ServiceDesk],
) -> None:
    code = desks[0].take_in().code

    def batch(which: int) -> Callable[[], list[Accepted | TrackerError]]:
        desk, actor = desks[which], replace(DECIDER, id=f"officer-{which}")
        clerk = replace(CLERK, id=f"clerk-{which}")
        posts = [Envelope(clerk, desk.intake(event_id=f"n-{number}")) for number in range(10)]
        decide = desk.message(event_id="d", code=code, step="decided", outcome="granted")
        posts.insert(5, Envelope(actor, decide))
        return lambda: desk.handle(*posts)

    results = at_once(batch(0), batch(1))
    assert all(isinstance(result, list) for result in results)
    flat = [item for result in results if isinstance(result, list) for item in result]
    assert sum(isinstance(item, Accepted) for item in flat) == 21
    assert [type(item) for item in flat if not isinstance(item, Accepted)] == [StepNotAllowedError]
    assert len({item.code for item in flat if isinstance(item, Accepted)}) == 21
    assert len(desks[0].everything()) == 22


def test_codes_asked_for_at_once_are_all_different(desks: list[ServiceDesk]) -> None:
    posts = [Envelope(replace(CLERK, id=f"c-{number}"), desks[0].intake()) for number in range(12)]
    results = at_once(*map(posting, desks * 6, posts))
    codes = [result.code for result in results if isinstance(result, Accepted)]
    assert len(codes) == len(set(codes)) == 12


def test_a_step_racing_an_erasure_never_leaves_text_that_cannot_be_opened(
    desks: list[ServiceDesk],
) -> None:
    for number in range(20):
        code = desks[0].take_in(event_id=f"in-{number}").code
        complaint = Envelope(
            PORTAL,
            desks[1].message(event_id=f"c-{number}", code=code, step="complained", text="chậm"),
        )
        erased = number
        at_once(
            posting(desks[1], complaint),
            lambda code=code, erased=erased: desks[0].at.tracker.erase_personal_data(  # type: ignore[misc]
                ADMINISTRATOR, code, event_id=f"erase-{erased}", basis="b"
            ),
        )
        steps = desks[0].steps(code)
        assert "personal_data_erased" in steps
        if "complained" in steps:
            assert steps.index("complained") < steps.index("personal_data_erased")
