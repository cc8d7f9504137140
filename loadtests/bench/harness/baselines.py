"""The baselines: endpoints of the framework alone, to compare those of Tracker with.

`bare` is an ASGI application that reads the body and answers. `typed` is FastAPI with a typed body
and a typed answer; it checks its input and stores nothing. Both answers are as long as that of
Tracker's intake. Both run under the same uvicorn with the same settings.
"""

import argparse
from datetime import UTC, datetime
from typing import Literal

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

_ANSWER = (
    b'{"code":"H26.01-261120-0101","version":1,"position":2444,"status":2,"stage":"received",'
    b'"promised_at":"2026-11-30T17:00:00+07:00","duplicate":false}'
)


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body and answer."""
    if scope["type"] != "http":
        return
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(_ANSWER)),
    ]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": _ANSWER})


class Person(BaseModel):
    """The applicant."""

    name: str
    phone: str | None = None
    id_number: str | None = None
    address: str | None = None


class Paper(BaseModel):
    """One line of the list of papers."""

    name: str
    form: str
    quantity: int


class Message(BaseModel):
    """An intake like Tracker's, without its rules."""

    event_id: str
    occurred_at: datetime
    step: Literal["received", "submitted"] = "received"
    procedure: str
    applicant: Person
    papers: list[Paper] = []


class Answer(BaseModel):
    """The answer of Tracker."""

    code: str
    version: int
    position: int
    status: int
    stage: str
    promised_at: datetime | None
    duplicate: bool


def typed() -> FastAPI:
    """Return the application with typed endpoints that store nothing."""
    app = FastAPI()
    promised_at = datetime(2026, 11, 30, 10, tzinfo=UTC)

    def answer(code: str) -> Answer:
        return Answer(
            code=code,
            version=1,
            position=2444,
            status=2,
            stage="received",
            promised_at=promised_at,
            duplicate=False,
        )

    @app.post("/v1/dossiers", status_code=201)
    async def take_in(message: Message) -> Answer:
        return answer(message.event_id)

    @app.get("/v1/lookup/{code}")
    async def look_up(code: str) -> Answer:
        return answer(code)

    return app


def main() -> None:
    """Serve one of them until the process is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=("bare", "typed"))
    parser.add_argument("--port", type=int, required=True)
    chosen = parser.parse_args()
    app: ASGIApp = bare if chosen.which == "bare" else typed()
    config = uvicorn.Config(
        app,
        port=chosen.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
