"""Clients that post commands and repeat each one until it is acknowledged."""

import http.client
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event as Signal
from threading import Lock, Thread
from typing import Any
from uuid import uuid4

from ops.local_servers.ports import HOST
from ops.reading_back import Acknowledged
from tests.faults.cluster import DEPARTMENT, DESK

_PATIENCE_S = 150.0
_ANSWER_S = 15.0
_STEPS: Sequence[tuple[str, dict[str, str]]] = (
    (DEPARTMENT, {"step": "processing_started"}),
    (DEPARTMENT, {"step": "supplement_asked", "reason": "thiếu giấy"}),
    (DESK, {"step": "supplement_received"}),
    (DEPARTMENT, {"step": "decided", "outcome": "granted"}),
)


@dataclass(frozen=True)
class Posted(Acknowledged):
    """A command that was posted until it was acknowledged."""

    answers: tuple[int, ...]
    """The status of every answer, 0 for none. The last one is 200 or 201."""


@dataclass
class Load:
    """The acknowledged commands and the faults of all clients."""

    acknowledged: list[Posted] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def record(self, posted: Posted) -> None:
        with self._lock:
            self.acknowledged.append(posted)

    def __len__(self) -> int:
        return len(self.acknowledged)

    def retried(self) -> int:
        return sum(len(posted.answers) > 1 for posted in self.acknowledged)


def stamp() -> dict[str, str]:
    return {"event_id": uuid4().hex, "occurred_at": datetime.now(UTC).isoformat()}


def intake() -> dict[str, Any]:
    return {
        **stamp(),
        "procedure": "2.001610",
        "applicant": {"name": "An", "phone": "0900 000 001"},
    }


class Client:
    """Sends requests to one port with the API keys of several actors."""

    def __init__(self, port: int, keys: Mapping[str, str], load: Load) -> None:
        self._port = port
        self._keys = keys
        self.load = load
        self._connection: http.client.HTTPConnection | None = None

    def take_in(self) -> Posted:
        return self.post("/v1/dossiers", DESK, intake())

    def post(self, path: str, actor: str, command: Mapping[str, Any]) -> Posted:
        """Post a command with one event id until it is acknowledged."""
        body = {**stamp(), **command}
        answers: list[int] = []
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            status, answer = self.ask("POST", path, actor, body)
            answers.append(status)
            if status in {200, 201}:
                posted = Posted(
                    actor,
                    body["event_id"],
                    answer["code"],
                    answer["version"],
                    answer["position"],
                    answer["status"],
                    tuple(answers),
                )
                self.load.record(posted)
                return posted
            if status not in {0, 503}:
                break
            time.sleep(random.uniform(0.05, 0.3))
        message = f"{path} {body} got the answers {answers}, the last one {answer}"
        raise AssertionError(message)

    def ask(self, method: str, path: str, actor: str = "", body: Any = None) -> tuple[int, Any]:  # noqa: ANN401  JSON
        """Send one request. Return the status, 0 without an answer, and the JSON or the error."""
        headers = {"Content-Type": "application/json"}
        if actor:
            headers["Authorization"] = f"Bearer {self._keys[actor]}"
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(HOST, self._port, timeout=_ANSWER_S)
            self._connection.request(method, path, json.dumps(body) if body else None, headers)
            with self._connection.getresponse() as answer:
                return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return 0, repr(error)

    def live(self, stopping: Signal, rate: float) -> None:
        """Post the commands of one dossier after another, `rate` commands a second."""
        try:
            while not stopping.is_set():
                taken = self.take_in()
                for actor, step in _STEPS[: random.randint(0, len(_STEPS))]:
                    if stopping.wait(1 / rate):
                        break
                    self.post(f"/v1/dossiers/{taken.code}/events", actor, step)
                    self._read(taken.code)
                stopping.wait(1 / rate)
        except Exception as error:  # noqa: BLE001  `posting` checks the faults
            self.load.faults.append(repr(error))
        finally:
            self.close()

    def _read(self, code: str) -> None:
        """Read a dossier, which must never be answered with an error of its own."""
        status, answer = self.ask("GET", f"/v1/dossiers/{code}", DESK)
        assert status in {0, 200, 503}, answer

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


@contextmanager
def posting(
    port: int, keys: Mapping[str, str], *, clients: int = 3, rate: float = 12.0
) -> Iterator[Load]:
    """Run clients while the context lasts, then let each finish its current command."""
    load, stopping = Load(), Signal()
    threads = [
        Thread(target=Client(port, keys, load).live, args=(stopping, rate)) for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    assert load.faults == []
