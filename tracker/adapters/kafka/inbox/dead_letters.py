"""Dead letters: the rejected records of the inbox, which an operator can list and retry.

The number of a dead letter is its offset in the topic. A retry sends the same bytes to the inbox
under the same sender and marks the dead letter as retried, both in one transaction. A dead letter
with an unknown sender cannot be retried: the sender must send the command again.
Equal repeats (same sender, same place in the inbox, same bytes) count as one dead letter.
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
    """No dead letter has this number, or it has expired."""


class UnknownSenderOfDeadLetterError(RefusedError):
    """The sender of this dead letter is unknown, so only the sender can send it again."""


class DeadLetterRetriedError(RefusedError):
    """This dead letter was already retried."""


@dataclass(frozen=True)
class DeadLetter:
    """The data of a dead letter that may be shown, without the command.

    `source` is the record's `partition:offset` in the inbox. `sender` is the actor's id, empty if
    unknown. `size` is in bytes.
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
    """Lists and retries the dead letters of one installation."""

    def __init__(self, connection: KafkaConnection, names: TopicNames) -> None:
        """Use the topics of these names. This makes no connection."""
        self._connection = connection
        self._names = names

    def all(self) -> list[DeadLetter]:
        """Return the dead letters that Kafka still keeps, oldest first.

        Raise kafka-python's errors.
        """
        records, retried = self._read()
        return [_dead_letter(record, number in retried) for number, record in records.items()]

    def retry(self, numbers: Collection[int]) -> None:
        """Send these dead letters to the inbox again, all of them or none.

        Raise `UnknownDeadLetterError`, `UnknownSenderOfDeadLetterError`, `DeadLetterRetriedError`,
        and `InDoubtError`.
        """
        with Transactions(
            self._connection, f"{self._names.dead_letters}-retry", limit_s=_LIMIT_S
        ) as transactions:  # no other process can retry from now on
            transactions.end_leftovers([self._names.inbox, self._names.dead_letters])
            records, retried = self._read()
            outgoing: list[Outgoing] = []
            for number in numbers:
                if number not in records:
                    raise UnknownDeadLetterError
                if number in retried:
                    raise DeadLetterRetriedError
                outgoing += self._retry_records(number, records[number])
            if outgoing:
                transactions.commit(outgoing)

    def _retry_records(self, number: int, record: Any) -> Iterator[Outgoing]:  # noqa: ANN401  kafka-python has no types
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
                    elif (identity := _identity(record)) not in seen:
                        seen.add(identity)
                        records[record.offset] = record
        finally:
            reader.close()
        return records, retried


def _identity(record: Any) -> tuple[object, ...]:  # noqa: ANN401  kafka-python has no types
    """Return what two records of the same dead letter have in common."""
    return record.key, tuple(record.headers), hashlib.sha256(record.value or b"").digest()


def _dead_letter(record: Any, retried: bool) -> DeadLetter:  # noqa: ANN401, FBT001  kafka-python has no types
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
