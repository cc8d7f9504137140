"""Live updates: only for the own dossier, only while the service runs, for a limited number."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.http.site import Site
from tracker.adapters.http.pages.live import Live
from tracker.adapters.http.rate_limits import TooOftenError

HERE = "203.0.113.7"


@dataclass
class Status:
    """A read model that counts its calls."""

    versions: dict[str, int] = field(default_factory=lambda: {"A": 1, "B": 1})
    asked: int = 0

    def position(self) -> int:
        return sum(self.versions.values())

    def rows(self, codes: Sequence[str]) -> Mapping[str, Any]:
        self.asked += 1
        return {code: self.versions[code] for code in codes if code in self.versions}


def live(status: Status, *, most: int = 10, ending: Sequence[bool] = (False,)) -> Live:
    return Live(status, status.position, most=most, is_ending=lambda: ending[0])


def beyond(version: int) -> Any:  # noqa: ANN401  a row is only its version here
    return lambda row: row > version


async def events_of(stream: AsyncIterator[str]) -> str:
    return "".join([part async for part in stream])


def test_a_page_gets_changes_of_its_own_dossier_only() -> None:
    status = Status()
    watching = live(status)

    async def look() -> tuple[str, bool]:
        of_a = asyncio.create_task(events_of(watching.follow("A", beyond(1), HERE)))
        of_b = asyncio.create_task(events_of(watching.follow("B", beyond(1), HERE)))
        await asyncio.sleep(0.05)
        status.versions["A"] = 2
        news = await asyncio.wait_for(of_a, 60)
        is_waiting = not of_b.done()
        of_b.cancel()
        return news, is_waiting

    news, is_waiting = asyncio.run(look())
    assert news.endswith("event: changed\ndata: 1\n\n")
    assert is_waiting


def test_a_change_before_the_stream_opened_is_sent_too() -> None:
    watching = live(Status(versions={"A": 5, "B": 5}))

    async def look() -> str:
        another = asyncio.create_task(events_of(watching.follow("B", beyond(5), HERE)))
        await asyncio.sleep(1.2)
        news = await asyncio.wait_for(events_of(watching.follow("A", beyond(4), HERE)), 60)
        another.cancel()
        return news

    assert "event: changed" in asyncio.run(look())


def test_no_rows_are_read_while_the_position_is_unchanged() -> None:
    status = Status()

    async def look() -> None:
        page = asyncio.create_task(events_of(live(status).follow("A", beyond(1), HERE)))
        await asyncio.sleep(0.5)  # ten polls
        page.cancel()

    asyncio.run(look())
    assert status.asked == 1


def test_streams_end_without_an_event_when_the_service_ends() -> None:
    ending = [False]

    async def look() -> str:
        page = asyncio.create_task(
            events_of(live(Status(), ending=ending).follow("A", beyond(1), HERE))
        )
        await asyncio.sleep(0.05)
        ending[0] = True
        return await asyncio.wait_for(page, 60)

    assert "changed" not in asyncio.run(look())


@pytest.mark.parametrize(("most", "addresses", "open_"), [(3, "many", 3), (100, "one", 20)])
def test_open_pages_are_limited_in_total_and_for_each_network(
    most: int, addresses: str, open_: int
) -> None:
    async def look() -> None:
        watching = live(Status(), most=most)
        pages = []
        for number in range(open_):
            address = f"203.0.113.{number}" if addresses == "many" else HERE
            pages.append(asyncio.create_task(events_of(watching.follow("A", beyond(1), address))))
            await asyncio.sleep(0)
        with pytest.raises(TooOftenError):
            watching.follow("A", beyond(1), HERE)
        pages[0].cancel()
        await asyncio.gather(pages[0], return_exceptions=True)
        again = asyncio.create_task(events_of(watching.follow("A", beyond(1), "203.0.113.0")))
        for page in (*pages, again):
            page.cancel()

    asyncio.run(look())


def test_a_page_by_code_gets_no_event_for_private_changes(live: Site) -> None:
    code = live.received()
    position = live.head()
    live.get(f"/v1/lookup/{code}", after=position)
    page = live.get("/", code=code).text
    stream = page.split('data-live="')[1].split('"')[0].replace("&amp;", "&")
    assert stream == f"/live?code={code}&seen=2.2611301000.1"
    live.take(code, "decider", "processing_started")
    with live.client.stream("GET", stream) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert "event: changed" in "".join(answer.iter_text())
