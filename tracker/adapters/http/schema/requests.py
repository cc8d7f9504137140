"""Read commands from HTTP bodies: a single command or a batch."""

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

MAX_BATCH_SIZE = 500

Command = Intake | StepCommand


class TakeIn(Intake):
    """Take in, at a desk, a dossier that was handed in before."""

    step: Literal["received"]


Happening = Annotated[AnyStep | TakeIn, Field(discriminator="step")]
STEP_OR_INTAKE: TypeAdapter[StepCommand | TakeIn] = TypeAdapter(Happening)
"""Every command that can be posted to the address of a dossier."""


def addressed(command: StepCommand | TakeIn, code: str) -> Command:
    """Return the command with the code of the address.

    Raise `FaultyInputError` if the command has another code.
    """
    code = tidied(code)
    if command.code not in {None, code}:
        raise FaultyInputError([Fault(pointer="#/code", detail="must be the code of the address")])
    if isinstance(command, TakeIn):
        fields = {name: getattr(command, name) for name in command.model_fields_set}
        return Intake.model_construct(**fields | {"code": code})
    return command.model_copy(update={"code": code})


@dataclass
class Batch:
    """The valid commands of a batch by position, and the errors of the others by position."""

    commands: dict[int, Command] = field(default_factory=dict)
    rejected: dict[int, TrackerError] = field(default_factory=dict)

    def in_working_order(self) -> list[int]:
        """Return the positions of the commands: intakes first, then steps, each by time."""
        return [
            position
            for _, _, position in sorted(
                (isinstance(command, StepCommand), command.occurred_at, position)
                for position, command in self.commands.items()
            )
        ]


def read_batch(media_type: str, raw: bytes) -> Batch:
    """Return the commands of a batch.

    Raise `MalformedError`, `FaultyInputError` or `TooManyError` if the whole cannot be read.
    """
    if media_type == NDJSON:
        lines: Sequence[object] = [line for line in raw.split(b"\n") if line.strip()]
    else:
        items = decoded(raw)
        if not isinstance(items, list):
            raise FaultyInputError([Fault(pointer="#", detail="must be a list")])
        lines = items
    if len(lines) > MAX_BATCH_SIZE:
        raise TooManyError
    batch = Batch()
    for position, line in enumerate(lines):
        try:
            batch.commands[position] = _read_command(
                decoded(line) if isinstance(line, bytes) else line
            )
        except TrackerError as error:
            batch.rejected[position] = error
    return batch


def _read_command(item: object) -> Command:
    try:
        command = read_command(item)
    except ValidationError as error:
        raise refusal_of(error) from None
    if isinstance(command, StepCommand) and command.code is None:
        raise FaultyInputError([Fault(pointer="#/code", detail="is missing")])
    return command
