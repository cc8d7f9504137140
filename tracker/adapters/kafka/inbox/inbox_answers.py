"""What the inbox answers, and what it lays aside.

An answer bears the key of the record it answers, and in its headers `inbox-partition` and
`inbox-offset` of it. A dead letter is the record itself, bytes and key, with headers that say why:

    kind, reason                     the problem, by name and in a sentence
    topic, partition, offset         where it stood
    if-version                       as it came, where it came
    actor, seal                      who sent it, where that was known (see `sealed_actor`)

Neither repeats any of the headers it came with, so that no key is ever copied.
"""

import msgspec

from tracker.adapters.kafka.inbox.inbox_records import (
    InboxRecord,
    MalformedRecordError,
    UnfitRecordError,
    UnknownSenderError,
)
from tracker.adapters.kafka.inbox.sealed_actor import ActorSeal
from tracker.adapters.kafka.records import Outgoing
from tracker.adapters.kafka.topics import TopicNames
from tracker.application.commands.envelope import (
    Accepted,
    VersionConflictError,
)
from tracker.application.problems.names import problem_name
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.errors import (
    TrackerError,
)

_NAMES: dict[type[Exception], str] = {
    UnknownSenderError: "unknown-key",
    MalformedRecordError: "malformed",
}


class Answer(msgspec.Struct, omit_defaults=True):
    """What became of one record; `outcome` is `created`, `duplicate` or `rejected`."""

    event_id: str | None
    outcome: str
    code: str | None = None
    version: int | None = None
    position: int | None = None
    promised_at: str | None = None
    problem: "Problem | None" = None


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong. Nothing that was sent is repeated here."""

    kind: str
    detail: str
    errors: tuple[dict[str, str], ...] = ()
    current_version: int | None = None


def accepted(names: TopicNames, letter: InboxRecord, result: Accepted) -> list[Outgoing]:
    """Return the answer to a record that was carried out."""
    promised = result.promised_at.isoformat() if result.promised_at else None
    return [
        _answer(
            names,
            letter,
            Answer(
                letter.event_id,
                "duplicate" if result.duplicate else "created",
                result.code,
                result.version,
                result.position,
                promised,
            ),
        )
    ]


def rejected(
    names: TopicNames, letter: InboxRecord, error: Exception, seal: ActorSeal
) -> list[Outgoing]:
    """Return the answer to a record that could not be, and the dead letter it becomes."""
    problem = _problem(error)
    answer = Answer(letter.event_id, "rejected", problem=problem)
    return [_answer(names, letter, answer), _dead(names, letter, problem, seal)]


def _problem(error: Exception) -> Problem:
    known = isinstance(error, TrackerError)
    return Problem(
        _NAMES.get(type(error)) or problem_name(error),
        str(error) if known else "It was noted and will be looked at.",
        tuple(fault.model_dump() for fault in error.faults)
        if isinstance(error, UnfitRecordError)
        else (),
        error.version if isinstance(error, VersionConflictError | StepNotAllowedError) else None,
    )


def _answer(names: TopicNames, letter: InboxRecord, answer: Answer) -> Outgoing:
    record = letter.record
    return Outgoing(
        names.answers,
        record.key,
        msgspec.json.encode(answer),
        [
            ("inbox-partition", b"%d" % record.partition),
            ("inbox-offset", b"%d" % record.offset),
        ],
    )


def _dead(names: TopicNames, letter: InboxRecord, problem: Problem, seal: ActorSeal) -> Outgoing:
    record, value = letter.record, letter.record.value or b""
    headers = [
        ("kind", problem.kind.encode()),
        ("reason", problem.detail.encode()),
        ("topic", record.topic.encode()),
        ("partition", b"%d" % record.partition),
        ("offset", b"%d" % record.offset),
    ]
    if letter.if_version:
        headers.append(("if-version", letter.if_version.encode()))
    if letter.actor:
        actor, sealed = seal.seal(letter.actor, value, letter.if_version)
        headers += [("actor", actor), ("seal", sealed)]
    return Outgoing(names.dead_letters, record.key, value, headers)
