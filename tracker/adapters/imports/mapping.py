"""The mapping file of a legacy log, in TOML: it says what the columns mean."""

import codecs
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.values import Outcome, WayOfReturn
from tracker.domain.errors import InvalidInputError

ISO = "iso"


class MappingError(InvalidInputError):
    """The mapping file has faults; `problems` names each with its file and key."""

    def __init__(self, file: str, problems: list[str]) -> None:
        """Keep the problems; the message has a line for each."""
        self.problems = tuple(f"{file}: {problem}" for problem in problems)
        super().__init__("\n".join(self.problems))


def _known_encoding(name: str) -> str:
    try:
        known = codecs.lookup(name)
        joined = "a,\n".encode(name) == b"a,\n"
    except (LookupError, UnicodeError):
        known, joined = None, False
    if known is None or not joined:
        message = "is not a text encoding that keeps ASCII"
        raise ValueError(message)
    return "utf-8-sig" if known.name == "utf-8" else known.name


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        message = "is not a zone such as Asia/Ho_Chi_Minh"
        raise ValueError(message) from None
    return name


def _readable_format(text: str) -> str:
    if text == ISO:
        return text
    moment = datetime(2011, 10, 12, 13, 14, 15).astimezone()
    try:
        read = datetime.strptime(moment.strftime(text), text)  # noqa: DTZ007  the format may have %z
    except ValueError:
        read = None
    if read is None or read.date() != moment.date():
        message = "is neither 'iso' nor a strptime format with year, month and day"
        raise ValueError(message)
    return text


def _from_short_form(given: object) -> object:
    return {"column": given} if isinstance(given, str) else given


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(_Part):
    """A value from a column; the constant is used if the cell or the column is missing."""

    column: _Text | None = None
    constant: _Text | None = None

    @model_validator(mode="after")
    def _has_one(self) -> "Value":
        if self.column is None and self.constant is None:
            message = "needs a column, a constant, or both"
            raise ValueError(message)
        return self


ValueIn = Annotated[Value, BeforeValidator(_from_short_form)]


class FileForm(_Part):
    """The format of the file. `empty` are words that mean an empty cell."""

    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8-sig"
    delimiter: Annotated[str, Field(pattern=r'^[^"\r\n]$')] = ","
    empty: frozenset[_Text] = frozenset()


class TimeForm(_Part):
    """The format of times; `zone` is the zone of times without one."""

    format: Annotated[str, AfterValidator(_readable_format)] = ISO
    zone: Annotated[str, AfterValidator(_known_zone)] | None = None

    @model_validator(mode="after")
    def _has_a_zone(self) -> "TimeForm":
        if self.format != ISO and "%z" not in self.format and self.zone is None:
            message = "needs a zone, or %z in its format"
            raise ValueError(message)
        return self


class DossierColumns(_Part):
    """The columns of the dossier on each line."""

    code: _Text
    received_at: _Text
    promised_at: _Text | None = None
    finished_at: _Text | None = None
    channel: ValueIn
    procedure: ValueIn
    outcome: Outcome
    way_of_return: WayOfReturn


class OfficeColumns(_Part):
    """The columns of the three offices."""

    helped_at: ValueIn
    received_at: ValueIn
    decided_by: ValueIn


class StepColumns(_Part):
    """The columns of a step. Without an event id, the content identifies the step."""

    event_id: _Text | None = None
    name: ValueIn
    clerk: ValueIn
    unit: ValueIn | None = None
    occurred_at: _Text


class LogMapping(_Part):
    """A whole mapping. `source` names the log for ever: so an import can be repeated."""

    source: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,49}$")]
    file: FileForm = FileForm()
    time: TimeForm = TimeForm()
    dossier: DossierColumns
    offices: OfficeColumns
    step: StepColumns
    channels: dict[_Text, _Text] = Field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """The actor of the imported events."""
        return Actor(Role.ADMINISTRATOR, f"import:{self.source}")

    def columns(self) -> frozenset[str]:
        """Return the columns that the log must have."""
        columns: set[str] = set()
        for part in (self.dossier, self.offices, self.step):
            for _, value in part:
                match value:
                    case Value(column=str(column)):
                        columns.add(column)
                    case Outcome() | WayOfReturn():
                        pass
                    case str():
                        columns.add(value)
        return frozenset(columns)


def read_mapping(path: Path) -> LogMapping:
    """Return the mapping in a file. Raise `MappingError` with every fault in it."""
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise MappingError(path.name, [f"the file cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise MappingError(path.name, ["the text is not UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        raise MappingError(path.name, [f"this is not TOML: {error}"]) from error
    try:
        return LogMapping.model_validate(data)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        ]
        raise MappingError(path.name, problems) from error
