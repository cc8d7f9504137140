"""A record of the inbox: who sent it and what it says.

Its value is the JSON that would be posted over HTTP; its headers are

    api-key     the sender's key, as over HTTP; never copied anywhere
    if-version  optional: the version the sender believes current

or, put there by `dead_letters` in the key's stead, `actor` and `seal`.
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
    """This record needs a header api-key with a key that is known and not revoked."""


class MalformedRecordError(InvalidInputError):
    """This record is not JSON in UTF-8, or its header if-version is no number."""


class UnfitRecordError(InvalidInputError):
    """What was sent does not fit; `errors` tells where."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep the faults."""
        super().__init__()
        self.faults = tuple(faults)


class KeyRing(Protocol):
    """Knows whose key a key is."""

    def actor_of(self, key: str) -> Actor:
        """Return the actor of a key. Raise `UnknownError`."""


@dataclass
class InboxRecord:
    """One record and what is known of it so far: the post it is, or what stands against it."""

    record: Any
    event_id: str | None = None
    actor: Actor | None = None
    post: Envelope | None = None
    error: Exception | None = None

    @property
    def if_version(self) -> str:
        """The version the sender believes current, as text, empty where it says none."""
        return _text(self.record, "if-version") or ""


class InboxReader:
    """Reads records; what is wrong with one is kept with it."""

    def __init__(self, keys: KeyRing, seal: ActorSeal) -> None:
        """Look keys up here, and open actors sealed with this."""
        self._keys = keys
        self._seal = seal

    def letter(self, record: Any) -> InboxRecord:  # noqa: ANN401  kafka-python has no types
        """Read one record."""
        letter = InboxRecord(record)
        item = _decoded(record.value)
        letter.event_id = _event_id(item)
        try:
            letter.actor = self._actor(letter)
            letter.post = Envelope(letter.actor, _message(item), _number(letter.if_version))
        except TrackerError as error:
            letter.error = error
        return letter

    def _actor(self, letter: InboxRecord) -> Actor:
        record = letter.record
        actor, seal = _text(record, "actor"), _text(record, "seal")
        if actor and seal:
            return self._seal.open(actor.encode(), seal.encode(), record.value, letter.if_version)
        try:
            return self._keys.actor_of(_text(record, "api-key") or "")
        except UnknownError:
            raise UnknownSenderError from None


def _decoded(value: bytes | None) -> object:
    try:
        return msgspec.json.decode(value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _UNREADABLE


def _message(item: object) -> Any:  # noqa: ANN401  any message there is
    if item is _UNREADABLE:
        raise MalformedRecordError
    try:
        message = read_command(item)
    except ValidationError as error:
        raise UnfitRecordError(faults_of(error.errors(include_input=False))) from None
    if isinstance(message, StepCommand) and message.code is None:
        raise UnfitRecordError([Fault(pointer="#/code", detail="is missing")])
    return message


def _event_id(item: object) -> str | None:
    try:
        return _EVENT_ID.validate_python(item["event_id"] if isinstance(item, dict) else None)
    except (KeyError, ValidationError):
        return None


def _number(text: str) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        raise MalformedRecordError from None


def _text(record: Any, name: str) -> str | None:  # noqa: ANN401  kafka-python has no types
    for key, value in record.headers:
        if key == name:
            return str(value or b"", "utf-8", "replace")
    return None
