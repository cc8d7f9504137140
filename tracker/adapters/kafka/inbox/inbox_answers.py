"""Makes the inbox's answers and dead letters.

An answer has the key of its inbox record, and the headers `inbox-partition` and `inbox-offset`. A
dead letter has the key and the bytes of its inbox record, and these headers:

    kind, reason                     the problem's name and a sentence about it
    topic, partition, offset         the place of the inbox record
    if-version                       the header of the inbox record, if it had one
    actor, seal                      the sender, if known (see `sealed_actor`)

No other header of the inbox record is copied, so no API key is.
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
from tracker.application.commands.envelope import Accepted, VersionConflictError
from tracker.application.problems.names import problem_name
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.errors import TrackerError

_NAMES: dict[type[Exception], str] = {
    UnknownSenderError: "unknown-key",
    MalformedRecordError: "malformed",
}


class Answer(msgspec.Struct, omit_defaults=True):
    """The answer to one inbox record; `outcome` is `created`, `duplicate` or `rejected`."""

    event_id: str | None
    outcome: str
    code: str | None = None
    version: int | None = None
    position: int | None = None
    promised_at: str | None = None
    problem: "Problem | None" = None


class Problem(msgspec.Struct, omit_defaults=True):
    """The reason of a rejection. It contains nothing of the command."""

    kind: str
    detail: str
    errors: tuple[dict[str, str], ...] = ()
    current_version: int | None = None


def accepted(names: TopicNames, inbox_record: InboxRecord, result: Accepted) -> list[Outgoing]:
    """Return the answer to a record whose command was executed."""
    promised = result.promised_at.isoformat() if result.promised_at else None
    return [
        _answer(
            names,
            inbox_record,
            Answer(
                inbox_record.event_id,
                "duplicate" if result.duplicate else "created",
                result.code,
                result.version,
                result.position,
                promised,
            ),
        )
    ]


def rejected(
    names: TopicNames, inbox_record: InboxRecord, error: Exception, seal: ActorSeal
) -> list[Outgoing]:
    """Return the answer to a rejected record, and its dead inbox_record."""
    problem = _problem(error)
    answer = Answer(inbox_record.event_id, "rejected", problem=problem)
    return [_answer(names, inbox_record, answer), _dead_letter(names, inbox_record, problem, seal)]


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


def _answer(names: TopicNames, inbox_record: InboxRecord, answer: Answer) -> Outgoing:
    record = inbox_record.record
    return Outgoing(
        names.answers,
        record.key,
        msgspec.json.encode(answer),
        [
            ("inbox-partition", b"%d" % record.partition),
            ("inbox-offset", b"%d" % record.offset),
        ],
    )


def _dead_letter(
    names: TopicNames, inbox_record: InboxRecord, problem: Problem, seal: ActorSeal
) -> Outgoing:
    record, value = inbox_record.record, inbox_record.record.value or b""
    headers = [
        ("kind", problem.kind.encode()),
        ("reason", problem.detail.encode()),
        ("topic", record.topic.encode()),
        ("partition", b"%d" % record.partition),
        ("offset", b"%d" % record.offset),
    ]
    if inbox_record.if_version:
        headers.append(("if-version", inbox_record.if_version.encode()))
    if inbox_record.actor:
        actor, sealed = seal.seal(inbox_record.actor, value, inbox_record.if_version)
        headers += [("actor", actor), ("seal", sealed)]
    return Outgoing(names.dead_letters, record.key, value, headers)
