"""What the inbox could not accept: to be looked at, and handed in again.

A letter is known by its number, the offset in its topic. Handing it in again posts the same bytes
to the inbox, in the name of who sent them, and notes that this was done, both in one transaction.
What was never known to be from anybody cannot be handed in again; its sender must.
An equal repeat (same sender, same place in the inbox, same bytes) is one letter with the first.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from kafka import TopicPartition

from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.reader.reader import TopicReader
from tracker.adapters.kafka.records import Outgoing
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import Transactions
from tracker.domain.dossier.actors import Actor
from tracker.domain.errors import RefusedError, UnknownError

_RETRIED = "retried"
_LIMIT_S = 15.0
_BATCH = 500


class UnknownDeadLetterError(UnknownError):
    """There is no dead letter with this number, or it is kept no longer."""


class UnknownSenderOfDeadLetterError(RefusedError):
    """Nobody knows who sent this letter, so that only its sender can send it again."""


class DeadLetterRetriedError(RefusedError):
    """This letter was handed in again already."""


@dataclass(frozen=True)
class DeadLetter:
    """What may be told of a dead letter: all but what was sent.

    `source` is the partition and offset it had in the inbox, with a colon between; `sender` the
    actor's id, empty where nobody knows it.
    """

    number: int
    laid_aside_at: datetime
    kind: str
    reason: str
    sender: str
    source: str
    size: int
    retried: bool


class DeadLetters:
    """The dead letters of one installation."""

    def __init__(self, connection: KafkaConnection, names: TopicNames) -> None:
        """Look there; nothing connects before it is asked."""
        self._connection = connection
        self._names = names

    def all(self) -> list[DeadLetter]:
        """List the letters that are still kept, oldest first. Raises kafka-python's errors."""
        records, retried = self._read()
        return [_told(record, number in retried) for number, record in records.items()]

    def retry(self, numbers: Collection[int]) -> None:
        """Hand these letters in again, all of them or none.

        Raise `UnknownDeadLetterError`, `UnknownSenderOfDeadLetterError`, `DeadLetterRetriedError`, `InDoubtError`.
        """
        with Transactions(
            self._connection, f"{self._names.dead_letters}-retry", limit_s=_LIMIT_S
        ) as transactions:  # from here on nobody else retries
            transactions.end_leftovers([self._names.inbox, self._names.dead_letters])
            records, retried = self._read()
            outgoing: list[Outgoing] = []
            for number in numbers:
                if number not in records:
                    raise UnknownDeadLetterError
                if number in retried:
                    raise DeadLetterRetriedError
                outgoing += self._again(number, records[number])
            if outgoing:
                transactions.commit(outgoing)

    def _again(self, number: int, record: Any) -> Iterator[Outgoing]:  # noqa: ANN401  it has no types
        headers = dict(record.headers)
        if "seal" not in headers:
            raise UnknownSenderOfDeadLetterError
        kept = [
            (name, headers[name]) for name in ("actor", "seal", "if-version") if name in headers
        ]
        yield Outgoing(self._names.inbox, record.key, record.value, kept)
        yield Outgoing(
            self._names.dead_letters, _RETRIED.encode(), b"", [(_RETRIED, b"%d" % number)]
        )

    def _read(self) -> tuple[Mapping[int, Any], Collection[int]]:
        reader = TopicReader(self._connection, self._names.dead_letters)
        try:
            records: dict[int, Any] = {}
            retried: set[int] = set()
            seen: set[tuple[object, ...]] = set()
            after = min(reader.begins().values())
            partition = TopicPartition(self._names.dead_letters, 0)
            while read := reader.read(partition, after=after, limit=_BATCH):
                after = read[-1].offset + 1
                for record in read:
                    mark = dict(record.headers).get(_RETRIED)
                    if mark is not None:
                        retried.add(int(mark))
                    elif (what := _what(record)) not in seen:
                        seen.add(what)
                        records[record.offset] = record
        finally:
            reader.close()
        return records, retried


def _what(record: Any) -> tuple[object, ...]:  # noqa: ANN401  it has no types
    """Return what makes a letter another one: an equal record is a repeat of the same letter."""
    return record.key, tuple(record.headers), hashlib.sha256(record.value or b"").digest()


def _told(record: Any, retried: bool) -> DeadLetter:  # noqa: ANN401, FBT001  it has no types
    headers = {name: str(value, "utf-8", "replace") for name, value in record.headers}
    actor = headers.get("actor")
    return DeadLetter(
        number=record.offset,
        laid_aside_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        kind=headers.get("kind", ""),
        reason=headers.get("reason", ""),
        sender=msgspec.json.decode(actor, type=Actor).id if actor else "",
        source=f"{headers.get('partition', '')}:{headers.get('offset', '')}",
        size=len(record.value or b""),
        retried=retried,
    )
