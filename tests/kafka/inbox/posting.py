"""A partner that sends inbox records, the service that processes them, and the answers."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

from kafka import KafkaProducer

from ops.reading_back import headers, records
from tests.kafka.relaying import until
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.inbox.inbox import Handle, Inbox
from tracker.adapters.kafka.topics import TopicNames
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.errors import TrackerError
from tracker.settings import Settings

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)
SECRET = b"s" * 32
DESK = Actor(Role.STAFF, "desk", "CN01")


@dataclass
class Partner:
    """A client that sends commands through Kafka with its own API key."""

    connection: KafkaConnection
    names: TopicNames
    container: Container
    key: str
    sent: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def intake(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        return {
            "event_id": f"intake-{next(self.numbers)}",
            "occurred_at": NOON.isoformat(),
            "procedure": "2.001610",
            "applicant": {"name": "Nguyễn Thị An", "phone": "0900 000 001"},
        } | changes

    def post(self, *items: object, key: str | None = "", **named: str) -> None:
        """Send JSON, or bytes unchanged, with this partner's API key or the one in `key`."""
        texts = {"api-key": self.key if key == "" else key} | {
            name.replace("_", "-"): value for name, value in named.items()
        }
        encoded = [(name, text.encode()) for name, text in texts.items() if text is not None]
        producer = KafkaProducer(bootstrap_servers=self.connection.servers)
        for item in items:
            value = item if isinstance(item, bytes) else json.dumps(item).encode()
            producer.send(self.names.inbox, value, key=b"mine", headers=encoded).get(10)
            self.sent += 1
        producer.close()

    def raw_answers(self) -> list[Any]:
        return records(self.connection.servers, self.names.answers)

    def answers(self, expected: int | None = None) -> list[dict[str, Any]]:
        """Wait for all answers and return them in the order of the sent records."""
        wanted = self.sent if expected is None else expected
        until(lambda: len(self.raw_answers()) >= wanted)
        answers = sorted(
            self.raw_answers(), key=lambda answer: int(headers(answer)["inbox-offset"])
        )
        assert len(answers) == wanted
        return [json.loads(answer.value) for answer in answers]

    def stored(self) -> int:
        return self.container.tracker.store.max_notification_id() or 0


@contextmanager
def partner(connection: KafkaConnection, names: TopicNames, directory: Path) -> Iterator[Partner]:
    with open_container(Settings(data_dir=directory), now=lambda: NOON) as container:
        yield Partner(connection, names, container, container.keys.make(DESK, NOON))


@contextmanager
def serving(
    partner: Partner, handle: Handle | None = None, *, secret: bytes = SECRET
) -> Iterator[Inbox]:
    """Run an inbox while the context lasts, and raise its error at the end."""
    inbox = Inbox(
        partner.connection,
        partner.names,
        handle=handle or partner.container.tracker.handle,
        keys=partner.container.keys,
        secret=secret,
    )
    failed: list[BaseException] = []

    def run() -> None:
        try:
            inbox.run()
        except BaseException as error:  # noqa: BLE001  raised again below
            failed.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield inbox
    finally:
        inbox.stop()
        thread.join(30)
        assert not thread.is_alive()
        if failed:
            raise failed[0]


def failing(
    handle: Handle, fails: Callable[[Sequence[Envelope]], Exception | None]
) -> Callable[[Sequence[Envelope]], Sequence[Accepted | TrackerError]]:
    """Return a handler that raises the error of `fails`, if any, and else calls `handle`."""

    def execute(envelopes: Sequence[Envelope]) -> Sequence[Accepted | TrackerError]:
        error = fails(envelopes)
        if error:
            raise error
        return handle(envelopes)

    return execute
