"""Reads the records of the inbox: the sender and the command of each.

The value is the same JSON as the body of the HTTP request. The headers are

    api-key     the sender's API key, as over HTTP; never copied to another topic
    if-version  optional: the version that the sender expects the dossier to have

or, instead of `api-key`, the `actor` and `seal` that `dead_letters` writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from pydantic import TypeAdapter, ValidationError

from tracker.adapters.kafka.inbox.sealed_actor import ActorSeal
from tracker.application.commands.envelope import Envelope
from tracker.application.commands.registry import read_command
from tracker.application.commands.step_context import StepCommand
from tracker.application.commands.text_types import EventId
from tracker.application.problems.input_faults import Fault, faults_of
from tracker.domain.dossier.actors import Actor
from tracker.domain.errors import InvalidInputError, TrackerError, UnknownError

_UNREADABLE = object()
_EVENT_ID: TypeAdapter[str] = TypeAdapter(EventId)


class UnknownSenderError(TrackerError):
    """This record needs a header api-key with a known key that is not revoked."""


class MalformedRecordError(InvalidInputError):
    """This record is not JSON in UTF-8, or its header if-version is not a number."""


class UnfitRecordError(InvalidInputError):
    """The command is invalid. The field `errors` lists the faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Store the faults."""
        super().__init__()
        self.faults = tuple(faults)


class KeyRing(Protocol):
    """Finds the actor of an API key."""

    def actor_of(self, key: str) -> Actor:
        """Return the actor of a key. Raise `UnknownError`."""


@dataclass
class InboxRecord:
    """One record of the inbox, with its envelope or the error that prevents one."""

    record: Any
    event_id: str | None = None
    actor: Actor | None = None
    envelope: Envelope | None = None
    error: Exception | None = None

    @property
    def if_version(self) -> str:
        """The version that the sender expects, as text; empty if the header is missing."""
        return _text(self.record, "if-version") or ""


class InboxReader:
    """Reads records, and stores the error of an invalid record with it."""

    def __init__(self, keys: KeyRing, seal: ActorSeal) -> None:
        """Find senders in this key ring, and open sealed actors with this seal."""
        self._keys = keys
        self._seal = seal

    def read(self, record: Any) -> InboxRecord:  # noqa: ANN401  kafka-python has no types
        """Return the inbox record of a Kafka record."""
        inbox_record = InboxRecord(record)
        item = _decoded(record.value)
        inbox_record.event_id = _event_id(item)
        try:
            inbox_record.actor = self._actor(inbox_record)
            inbox_record.envelope = Envelope(
                inbox_record.actor, _command(item), _version(inbox_record.if_version)
            )
        except TrackerError as error:
            inbox_record.error = error
        return inbox_record

    def _actor(self, inbox_record: InboxRecord) -> Actor:
        record = inbox_record.record
        actor, seal = _text(record, "actor"), _text(record, "seal")
        if actor and seal:
            return self._seal.open(
                actor.encode(), seal.encode(), record.value, inbox_record.if_version
            )
        try:
            return self._keys.actor_of(_text(record, "api-key") or "")
        except UnknownError:
            raise UnknownSenderError from None


def _decoded(value: bytes | None) -> object:
    try:
        return msgspec.json.decode(value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _UNREADABLE


def _command(item: object) -> Any:  # noqa: ANN401  a command of any class
    if item is _UNREADABLE:
        raise MalformedRecordError
    try:
        command = read_command(item)
    except ValidationError as error:
        raise UnfitRecordError(faults_of(error.errors(include_input=False))) from None
    if isinstance(command, StepCommand) and command.code is None:
        raise UnfitRecordError([Fault(pointer="#/code", detail="is missing")])
    return command


def _event_id(item: object) -> str | None:
    try:
        return _EVENT_ID.validate_python(item["event_id"] if isinstance(item, dict) else None)
    except (KeyError, ValidationError):
        return None


def _version(text: str) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        raise MalformedRecordError from None


def _text(record: Any, name: str) -> str | None:  # noqa: ANN401  kafka-python has no types
    for key, value in record.headers:
        if key == name:
            return str(value or b"", "utf-8", "replace")
    return None
