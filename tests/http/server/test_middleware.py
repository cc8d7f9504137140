import asyncio
from collections import Counter
from typing import Any

from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from tests.http.site import Site
from tracker.adapters.http.server.middleware import Middleware


def test_above_the_limit_of_requests_in_progress_a_request_is_refused_at_once(site: Site) -> None:
    app = site.client.app
    assert isinstance(app, FastAPI)
    reached = asyncio.Event()
    go_on = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  ASGI's
        reached.set()
        await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    outermost: Middleware = app.outermost  # type: ignore[attr-defined]
    narrow = Middleware(slow, metrics=outermost.metrics, fast_path=outermost.fast_path, most=2)

    async def run() -> Counter[int]:
        async with AsyncClient(
            transport=ASGITransport(narrow), base_url="http://tracker"
        ) as client:
            waiting = [asyncio.create_task(client.get("/somewhere")) for _ in range(2)]
            await reached.wait()
            await asyncio.sleep(0)
            refused = [await client.get("/somewhere") for _ in range(3)]
            assert {answer.headers["retry-after"] for answer in refused} == {"1"}
            go_on.set()
            served = await asyncio.gather(*waiting)
            again = await client.get("/somewhere")
            return Counter(answer.status_code for answer in (*refused, *served, again))

    assert asyncio.run(run()) == {503: 3, 200: 3}
