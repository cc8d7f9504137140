"""Translate a line of a legacy log into commands."""

import hashlib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
from pydantic import ValidationError

from tracker.adapters.imports.log_lines import LogFileError, Record
from tracker.adapters.imports.mapping import ISO, LogMapping, TimeForm, Value
from tracker.application.commands.intake import LegacyIntake
from tracker.application.commands.processing import Decide, RecordInternalStep
from tracker.domain.dossier.codes import legacy_code
from tracker.domain.errors import InvalidInputError

_Cells = Sequence[str]


class UnreadableLineError(InvalidInputError):
    """The line of the log cannot be read."""


@dataclass(frozen=True)
class LoggedLine:
    """One line as commands: the intake, the decision if the dossier has ended, and the step.

    `channel_is_named` is true if the mapping names the channel, or names no channels.
    """

    record: Record
    intake: LegacyIntake
    end: Decide | None
    step: RecordInternalStep
    channel_is_named: bool

    @property
    def ended_at(self) -> datetime | None:
        """Return when the dossier ended, or `None`."""
        return self.end.occurred_at if self.end else None


class Translation:
    """Reads lines by a mapping. The columns are located once in the heading."""

    def __init__(self, mapping: LogMapping, heading: Record) -> None:
        """Locate the columns. Raise `LogFileError` if one is missing or exists twice."""
        if heading.fault:
            message = f"The heading cannot be read: {heading.fault}."
            raise LogFileError(message)
        self._mapping = mapping
        self._empty = mapping.file.empty
        names = [cell.strip() for cell in heading.cells]
        wanted = sorted(mapping.columns())
        problems = [f"column {name!r} is missing" for name in wanted if name not in names]
        problems += [f"column {name!r} exists twice" for name in wanted if names.count(name) > 1]
        if problems:
            message = f"The file does not fit the mapping: {', '.join(problems)}."
            raise LogFileError(message)
        self._at = {name: names.index(name) for name in wanted}
        self._moment = _time_reader(mapping.time)

    def read(self, record: Record) -> LoggedLine:
        """Return the commands of a line. Raise `UnreadableLineError` with the reason."""
        if record.fault:
            raise UnreadableLineError(record.fault)
        try:
            return self._read(record)
        except ValidationError as error:
            faults = [
                f"{fault['loc'][0] if fault['loc'] else ''}: {fault['msg']}"
                for fault in error.errors()
            ]
            raise UnreadableLineError("; ".join(faults)) from error
        except UnreadableLineError:
            raise
        except InvalidInputError as error:
            raise UnreadableLineError(str(error)) from error

    def _read(self, record: Record) -> LoggedLine:
        mapping, cells = self._mapping, record.cells
        dossier, offices = mapping.dossier, mapping.offices
        code = legacy_code(self._required(cells, dossier.code))
        channel = self._value(cells, dossier.channel)
        return LoggedLine(
            record=record,
            intake=LegacyIntake(
                event_id=f"{code}:received",
                occurred_at=self._required_time(cells, dossier.received_at),
                code=code,
                channel=mapping.channels.get(channel, channel),
                procedure=self._value(cells, dossier.procedure),
                helped_at=self._value(cells, offices.helped_at),
                received_at=self._value(cells, offices.received_at),
                decided_by=self._value(cells, offices.decided_by),
                promised_at=self._time(cells, dossier.promised_at),
                way_of_return=dossier.way_of_return,
            ),
            end=self._end(code, self._time(cells, dossier.finished_at)),
            step=self._step(cells, code),
            channel_is_named=not mapping.channels
            or channel in mapping.channels
            or channel in mapping.channels.values(),
        )

    def _end(self, code: str, finished_at: datetime | None) -> Decide | None:
        if finished_at is None:
            return None
        return Decide(
            step="decided",
            event_id=f"{code}:decided",
            occurred_at=finished_at,
            code=code,
            outcome=self._mapping.dossier.outcome,
        )

    def _step(self, cells: _Cells, code: str) -> RecordInternalStep:
        step = self._mapping.step
        name, clerk = self._value(cells, step.name), self._value(cells, step.clerk)
        unit = self._optional(cells, step.unit)
        occurred_at = self._required_time(cells, step.occurred_at)
        event_id = self._cell(cells, step.event_id) if step.event_id else ""
        if not event_id:
            content = msgspec.json.encode([name, clerk, unit, occurred_at])
            event_id = f"{code}:{hashlib.sha256(content).hexdigest()[:32]}"
        fields = {
            "step": "internal_step_taken",
            "event_id": event_id,
            "occurred_at": occurred_at,
            "code": code,
            "name": name,
            "clerk": clerk,
        }
        return RecordInternalStep.model_validate(fields | ({"unit": unit} if unit else {}))

    def _cell(self, cells: _Cells, column: str) -> str:
        text = cells[self._at[column]].strip()
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        return "" if text in self._empty else text

    def _required(self, cells: _Cells, column: str) -> str:
        text = self._cell(cells, column)
        if not text:
            message = f"{column} is empty"
            raise UnreadableLineError(message)
        return text

    def _optional(self, cells: _Cells, value: Value | None) -> str:
        if value is None:
            return ""
        text = self._cell(cells, value.column) if value.column else ""
        return text or value.constant or ""

    def _value(self, cells: _Cells, value: Value) -> str:
        text = self._optional(cells, value)
        if not text:
            message = f"{value.column} is empty"
            raise UnreadableLineError(message)
        return text

    def _time(self, cells: _Cells, column: str | None) -> datetime | None:
        text = self._cell(cells, column) if column else ""
        if not text:
            return None
        try:
            return self._moment(text)
        except (ValueError, OverflowError):
            message = f"{column} {text[:60]!r} is not a time in the mapping's format"
            raise UnreadableLineError(message) from None

    def _required_time(self, cells: _Cells, column: str) -> datetime:
        moment = self._time(cells, column)
        if moment is None:
            message = f"{column} is empty"
            raise UnreadableLineError(message)
        return moment


def _time_reader(form: TimeForm) -> Callable[[str], datetime]:
    zone = ZoneInfo(form.zone) if form.zone else None

    def read(text: str) -> datetime:
        moment = (
            datetime.fromisoformat(text)
            if form.format == ISO
            else datetime.strptime(text, form.format)  # noqa: DTZ007  the zone is set below
        )
        if moment.tzinfo is None:
            if zone is None:
                raise ValueError
            moment = moment.replace(tzinfo=zone)
        return moment.astimezone(UTC)

    return read
