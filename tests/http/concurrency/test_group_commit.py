import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.http.site import ACTORS, NOON, Site
from tracker.adapters.http.concurrency.group_commit import GroupCommit, Handle
from tracker.adapters.http.schema.problems import TooBusyError
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.handler import StoreUnavailableError
from tracker.application.commands.registry import read_command
from tracker.domain.dossier.lifecycle import PublicStatus, Stage
from tracker.domain.errors import RefusedError, TrackerError


def post(number: int) -> Envelope:
    return Envelope(
        ACTORS["desk"],
        read_command({"event_id": str(number), "occurred_at": NOON.isoformat(), "step": "resumed"}),
    )


def stored(envelope: Envelope) -> Accepted:
    return Accepted(envelope.command.event_id, 1, 1, PublicStatus.RECEIVED, Stage.RECEIVED, None)


class Store:
    """Answers each commit only when the test permits it."""

    def __init__(self, answer: Callable[[Envelope], Accepted | TrackerError] = stored) -> None:
        self.commits: list[list[str]] = []
        self.may_go = threading.Semaphore(0)
        self._answer = answer

    def handle(self, envelopes: Sequence[Envelope]) -> list[Accepted | TrackerError]:
        self.commits.append([envelope.command.event_id for envelope in envelopes])
        assert self.may_go.acquire(timeout=60)
        return [self._answer(envelope) for envelope in envelopes]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110  the test has no event to wait for
            await asyncio.sleep(0.001)


def test_what_arrives_during_a_commit_rides_together_in_the_next() -> None:
    store = Store()

    async def run() -> None:
        commit = GroupCommit(store.handle, most=3)
        first = asyncio.create_task(commit.submit(post(0)))
        await until(lambda: len(store.commits) == 1)
        rest = [asyncio.create_task(commit.submit(post(number))) for number in range(1, 6)]
        await asyncio.sleep(0.01)
        store.may_go.release(3)
        results = await asyncio.gather(first, *rest)
        assert [result.code for result in results] == ["0", "1", "2", "3", "4", "5"]
        await commit.close()

    asyncio.run(run())
    assert store.commits == [["0"], ["1", "2", "3"], ["4", "5"]]


def test_a_refused_post_does_not_touch_its_neighbours() -> None:
    def answer(envelope: Envelope) -> Accepted | TrackerError:
        return RefusedError() if envelope.command.event_id == "1" else stored(envelope)

    store = Store(answer)
    store.may_go.release(1)

    async def run() -> None:
        commit = GroupCommit(store.handle)
        results = await commit.submit_all([post(0), post(1), post(2)])
        assert [type(result) for result in results] == [Accepted, RefusedError, Accepted]
        await commit.close()

    asyncio.run(run())


def test_a_post_that_breaks_the_commit_is_alone_in_being_broken() -> None:
    def handle(envelopes: Sequence[Envelope]) -> list[Accepted | TrackerError]:
        if any(envelope.command.event_id == "1" for envelope in envelopes):
            raise ZeroDivisionError
        return [stored(envelope) for envelope in envelopes]

    results = submitted(handle, 3)
    assert [type(result) for result in results] == [Accepted, ZeroDivisionError, Accepted]


def test_an_unavailable_store_fails_all_waiting_commands() -> None:
    asked = []

    def handle(envelopes: Sequence[Envelope]) -> list[Accepted | TrackerError]:
        asked.append(len(envelopes))
        raise StoreUnavailableError

    assert {type(result) for result in submitted(handle, 3)} == {StoreUnavailableError}
    assert asked == [3]


def submitted(handle: Handle, count: int) -> Sequence[object]:
    async def run() -> Sequence[object]:
        commit = GroupCommit(handle)
        results = await commit.submit_all([post(number) for number in range(count)])
        await commit.close()
        return results

    return asyncio.run(run())


def test_closing_finishes_what_was_accepted_and_accepts_no_more() -> None:
    store = Store()

    async def run() -> None:
        commit = GroupCommit(store.handle, most=2)
        waiting = commit.submit_all([post(number) for number in range(5)])
        await until(lambda: len(store.commits) == 1)
        closing = asyncio.create_task(commit.close())
        await asyncio.sleep(0.01)
        with pytest.raises(StoreUnavailableError):
            await commit.submit(post(9))
        store.may_go.release(3)
        await closing
        assert [type(result) for result in await waiting] == [Accepted] * 5

    asyncio.run(run())


def test_above_the_limit_a_command_fails_at_once_and_waiting_ones_are_stored() -> None:
    store = Store()

    async def run() -> None:
        commit = GroupCommit(store.handle, most=1, most_waiting=3)
        waiting = [asyncio.create_task(commit.submit(post(0)))]
        await until(lambda: len(store.commits) == 1)
        waiting += [asyncio.create_task(commit.submit(post(number))) for number in (1, 2, 3)]
        await asyncio.sleep(0)
        with pytest.raises(TooBusyError):
            await commit.submit(post(9))
        with pytest.raises(TooBusyError):
            await commit.submit_all([post(10), post(11)])
        store.may_go.release(4)
        assert [result.code for result in await asyncio.gather(*waiting)] == ["0", "1", "2", "3"]
        store.may_go.release(1)
        assert (await commit.submit(post(12))).code == "12"
        await commit.close()

    asyncio.run(run())


def test_an_idle_group_commit_accepts_a_batch_above_the_limit() -> None:
    store = Store()
    store.may_go.release(5)

    async def run() -> None:
        commit = GroupCommit(store.handle, most_waiting=3)
        results = await commit.submit_all([post(number) for number in range(5)])
        assert [type(result) for result in results] == [Accepted] * 5
        await commit.close()

    asyncio.run(run())


def test_a_sender_that_disconnects_does_not_block_other_answers() -> None:
    store = Store()

    async def run() -> None:
        commit = GroupCommit(store.handle)
        gone = asyncio.create_task(commit.submit(post(0)))
        await until(lambda: len(store.commits) == 1)
        stays = asyncio.create_task(commit.submit(post(1)))
        await asyncio.sleep(0)
        gone.cancel()
        store.may_go.release(2)
        assert (await stays).code == "1"
        await commit.close()

    asyncio.run(run())


def test_requests_at_the_same_time_share_commits(site: Site) -> None:
    class Counting:
        def __init__(self) -> None:
            self.store = site.installation.tracker.store
            self.last_event_of = site.installation.tracker.last_event_of
            self.commits: list[int] = []

        def handle(self, envelopes: Sequence[Envelope]) -> list[Accepted | TrackerError]:
            self.commits.append(len(envelopes))
            return site.installation.tracker.handle(envelopes)

    intakes = [site.intake() for _ in range(60)]
    counting = Counting()
    with site.rebuilt(tracker=counting) as counted, ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda one: counted.post("/v1/dossiers", "desk", one), intakes))
    assert [answer.status_code for answer in answers] == [201] * 60
    assert len({answer.json()["code"] for answer in answers}) == 60
    assert sum(counting.commits) == 60
    assert len(counting.commits) < 60


def test_of_two_officers_deciding_at_once_exactly_one_succeeds(site: Site) -> None:
    for _ in range(10):
        code = site.received()
        with ThreadPoolExecutor(2) as pool:
            answers = list(
                pool.map(
                    lambda who, code=code: site.take(code, who, "decided", outcome="granted"),
                    ["decider", "colleague"],
                )
            )
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        (lost,) = (answer for answer in answers if answer.status_code == 409)
        assert lost.json()["current_version"] == 2
