"""A simulated user who visits the service again and again.

Locust replaces `time.sleep`: other users continue while one sleeps.
"""

import json
import random
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import quote

from locust import FastHttpUser, task
from locust.contrib.fasthttp import ResponseContextManager
from locust.env import Environment
from locust.exception import RescheduleTask

from loadtests.load_curve import LoadCurve
from loadtests.profile import Journey, Profile
from loadtests.results.recorder import Recorder
from loadtests.users.credentials import Credentials
from loadtests.users.messages import Message, Procedures, stamped
from loadtests.users.own_address import any_address, call_from
from loadtests.users.shared_state import SharedState
from ops.reading_back import Acknowledged

JSON, NDJSON = "application/json", "application/x-ndjson"
_TRIES = 6
_PAUSE_S = 0.5
_NOBODY_COMES_S = 3_600.0
_TRY_AGAIN = frozenset({0, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_STORED = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})


@dataclass(frozen=True)
class TestContext:
    """What all users of one load test share."""

    profile: Profile
    credentials: Credentials
    procedures: Procedures
    recorder: Recorder
    state: SharedState


@dataclass(frozen=True)
class Answer:
    """An answer of the service; the status is 0 if no answer came."""

    status: int
    body: Any
    retry_after_s: float

    def named(self) -> str:
        """Return its status and the type of its problem."""
        if not self.status:
            return "no answer"
        problem = self.body.get("type", "") if isinstance(self.body, dict) else ""
        return f"{self.status} {str(problem).removeprefix('/problems/')}".strip()


class SimulatedUser(FastHttpUser):
    """Begins visits as often as the profile says; each user has its own address.

    A journey names its role (empty: no key) and implements `visit`.
    """

    abstract = True
    role: ClassVar[str] = ""
    journey: ClassVar[str]
    load_test: ClassVar[TestContext]
    settings: ClassVar[Journey]
    load_curve: ClassVar[LoadCurve]
    network_timeout = 20.0
    connection_timeout = 20.0

    @classmethod
    def enters(cls, context: TestContext) -> None:
        """Take part in this load test if the profile names this journey."""
        cls.journey = cls.__module__.rpartition(".")[2]
        cls.abstract = cls.journey not in context.profile.journeys
        if not cls.abstract:
            cls.load_test = context
            cls.settings = context.profile.journeys[cls.journey]
            cls.load_curve = context.profile.load_curve(cls.journey)
            cls.fixed_count = cls.settings.people

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.chance = random.Random()
        self.state = self.load_test.state
        self._last_came_at: float | None = None
        call_from(self.client.client.clientpool, str(self.host), self.address())

    def address(self) -> str:
        """Return the address to call from."""
        return any_address(self.chance)

    def visit(self) -> None:
        """Visit the service once."""
        raise NotImplementedError

    @task
    def come(self) -> None:
        """Visit, except at the very start of the load test."""
        if self._last_came_at is not None:
            self.visit()

    def wait_time(self) -> float:
        """Return the time to the next visit, counted from the beginning of the last one."""
        now = self.now()
        last = now if self._last_came_at is None else self._last_came_at
        due = self.load_curve.after(last, self.chance.expovariate(1 / self.settings.every_s))
        self._last_came_at = max(now, due)
        return min(self._last_came_at - now, _NOBODY_COMES_S)

    def now(self) -> float:
        """Seconds since the load began."""
        shape = self.environment.shape_class
        return shape.get_run_time() if shape else 0.0

    def think(self) -> None:
        """Pause between two requests."""
        time.sleep(self.chance.uniform(*self.settings.think_s))

    def ask(
        self,
        path: str,
        name: str,
        *,
        fine: Collection[int] = (200,),
        role: str | None = None,
        body: str | None = None,
        media_type: str = JSON,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; an answer with a status that is not in `fine` is recorded as a failure.

        With a body it is a POST. `role` names the key to use, by default that of the journey.
        """
        sent = dict(headers or {})
        if key := self._key(self.role if role is None else role):
            sent["Authorization"] = f"Bearer {key}"
        if body is not None:
            sent["Content-Type"] = media_type
        with self.client.request(
            "GET" if body is None else "POST",
            path,
            name=f"{self.journey}: {name}",
            data=body,
            headers=sent,
            catch_response=True,
        ) as response:
            answer = _answer(response)
            if answer.status in fine:
                response.success()
            else:
                response.failure(answer.named())
        return answer

    def look(self, path: str, name: str, **how: Any) -> Any:  # noqa: ANN401  whatever is JSON
        """Return something that must exist; end the visit if the service refuses."""
        answer = self.ask(path, name, **how)
        if answer.status != HTTPStatus.OK:
            raise RescheduleTask
        return answer.body

    def tell(
        self,
        path: str,
        name: str,
        message: Message,
        *,
        role: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Acknowledged:
        """Send a command, with one event id, until it is acknowledged; else end the visit."""
        message = message if "event_id" in message else stamped(message)
        source = self.load_test.credentials.actors[self.role if role is None else role].source
        self.load_test.recorder.sent(source, message["event_id"])
        body = json.dumps(message, ensure_ascii=False)
        for _ in range(_TRIES):
            answer = self.ask(path, name, fine=_STORED, role=role, body=body, headers=headers)
            if answer.status in _STORED:
                return self.acknowledged(source, message, answer.body)
            if answer.status not in _TRY_AGAIN:
                break
            time.sleep(answer.retry_after_s or _PAUSE_S)
        raise RescheduleTask

    def acknowledged(
        self, source: str, message: Message, stored: Mapping[str, Any]
    ) -> Acknowledged:
        """Record what the service has stored."""
        one = Acknowledged(
            source,
            message["event_id"],
            stored["code"],
            stored["version"],
            stored["position"],
            stored["status"],
        )
        self.load_test.recorder.acknowledged(one)
        return one

    def step(self, code: str, name: str, step: str, **fields: Any) -> Acknowledged:  # noqa: ANN401
        """Send one step on a dossier. `role` and `headers` are as for `tell`."""
        how = {one: fields.pop(one) for one in ("role", "headers") if one in fields}
        path = f"/v1/dossiers/{quote(code)}/events"
        return self.tell(path, name, stamped({"step": step, **fields}), **how)

    def missed(self, name: str, what: str) -> None:
        """Record a wrong answer of the service."""
        self.environment.events.request.fire(
            request_type="SAYS",
            name=f"{self.journey}: {name}",
            response_time=0,
            response_length=0,
            exception=AssertionError(what),
            context={},
        )

    def _key(self, role: str) -> str:
        return self.load_test.credentials.actors[role].key if role else ""


def enter(journeys: Iterable[type[SimulatedUser]], context: TestContext) -> None:
    """Let the journeys that the profile names take part."""
    for journey in journeys:
        journey.enters(context)


def _answer(response: ResponseContextManager) -> Answer:
    text = response.text or ""
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = text
    after = str(response.headers.get("retry-after") or 0) if response.headers else "0"
    return Answer(response.status_code or 0, body, float(after) if after.isdecimal() else _PAUSE_S)
