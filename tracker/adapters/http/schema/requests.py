"""The messages as they come in over HTTP: one, one for a dossier named in the address, many."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from tracker.adapters.http.schema.bodies import NDJSON, decoded, refusal_of
from tracker.adapters.http.schema.problems import FaultyInputError, TooManyError
from tracker.application.commands.intake import Intake
from tracker.application.commands.registry import AnyStep, read_command
from tracker.application.commands.step_context import StepCommand
from tracker.application.problems.input_faults import Fault
from tracker.domain.dossier.codes import tidied
from tracker.domain.errors import TrackerError

MOST_IN_A_BATCH = 500

Message = Intake | StepCommand


class TakeIn(Intake):
    """Take in, at a desk, a dossier that was handed in before."""

    step: Literal["received"]


Happening = Annotated[AnyStep | TakeIn, Field(discriminator="step")]
HAPPENING: TypeAdapter[StepCommand | TakeIn] = TypeAdapter(Happening)
"""Anything that can be posted to the address of a dossier."""


def addressed(message: StepCommand | TakeIn, code: str) -> Message:
    """Return the message with the code of its address. Raise where its own is another."""
    code = tidied(code)
    if message.code not in {None, code}:
        raise FaultyInputError([Fault(pointer="#/code", detail="must be the code of the address")])
    if isinstance(message, TakeIn):
        fields = {name: getattr(message, name) for name in message.model_fields_set}
        return Intake.model_construct(**fields | {"code": code})
    return message.model_copy(update={"code": code})


@dataclass
class Batch:
    """The messages of a batch by their place in it, and what stands against the others."""

    messages: dict[int, Message] = field(default_factory=dict)
    rejected: dict[int, TrackerError] = field(default_factory=dict)

    def in_working_order(self) -> list[int]:
        """Return the places of the messages: intakes first, then steps, as they happened."""
        return [
            place
            for _, _, place in sorted(
                (isinstance(message, StepCommand), message.occurred_at, place)
                for place, message in self.messages.items()
            )
        ]


def many(media_type: str, raw: bytes) -> Batch:
    """Read a batch. Raise where the whole cannot be read: `MalformedError`, `TooManyError`."""
    if media_type == NDJSON:
        lines: Sequence[object] = [line for line in raw.split(b"\n") if line.strip()]
    else:
        items = decoded(raw)
        if not isinstance(items, list):
            raise FaultyInputError([Fault(pointer="#", detail="must be a list")])
        lines = items
    if len(lines) > MOST_IN_A_BATCH:
        raise TooManyError
    batch = Batch()
    for place, line in enumerate(lines):
        try:
            batch.messages[place] = _one(decoded(line) if isinstance(line, bytes) else line)
        except TrackerError as error:
            batch.rejected[place] = error
    return batch


def _one(item: object) -> Message:
    try:
        message = read_command(item)
    except ValidationError as error:
        raise refusal_of(error) from None
    if isinstance(message, StepCommand) and message.code is None:
        raise FaultyInputError([Fault(pointer="#/code", detail="is missing")])
    return message
