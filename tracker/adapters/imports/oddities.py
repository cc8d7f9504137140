"""Count oddities in a readable log, with a few examples of each."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tracker.adapters.imports.translation import LoggedLine

_EXAMPLES = 5


class Oddity(StrEnum):
    """The kinds of oddity, as words that follow a count."""

    EVENT_BEFORE_START = "events before their dossier's start"
    EVENT_AFTER_END = "events after their dossier's end"
    END_BEFORE_START = "dossiers that end before they start"
    PROMISE_BEFORE_START = "dossiers promised for a time before their start"
    NO_PROMISE = "dossiers without a promised date"
    UNKNOWN_CHANNEL = "dossiers of a channel the mapping does not name"
    DISAGREEING = "lines that tell their dossier otherwise than its first line"
    REPEATED = "lines that repeat the event of a line before"


@dataclass(frozen=True)
class Example:
    """The line and dossier of an oddity."""

    line: int
    code: str


@dataclass(frozen=True)
class OddityCount:
    """The count of one kind, and its first examples."""

    oddity: Oddity
    count: int
    examples: tuple[Example, ...]


class OddityReport:
    """Counts oddities line by line. Odd lines are imported too."""

    def __init__(self) -> None:
        """Start without oddities."""
        self._counts: Counter[Oddity] = Counter()
        self._examples: dict[Oddity, list[Example]] = {}

    def note_dossier(self, line: LoggedLine) -> None:
        """Check a dossier by its first line."""
        intake = line.intake
        if intake.promised_at is None:
            self.note(Oddity.NO_PROMISE, line)
        elif intake.promised_at < intake.occurred_at:
            self.note(Oddity.PROMISE_BEFORE_START, line)
        if not line.channel_is_named:
            self.note(Oddity.UNKNOWN_CHANNEL, line)

    def note_end(self, line: LoggedLine, *, start: datetime) -> None:
        """Check the first line with a dossier's end."""
        if line.ended_at and line.ended_at < start:
            self.note(Oddity.END_BEFORE_START, line)

    def note_step(self, line: LoggedLine, *, start: datetime, end: datetime | None) -> None:
        """Check a step against its dossier's start and end."""
        if line.step.occurred_at < start:
            self.note(Oddity.EVENT_BEFORE_START, line)
        if end and line.step.occurred_at > end:
            self.note(Oddity.EVENT_AFTER_END, line)

    def note(self, oddity: Oddity, line: LoggedLine) -> None:
        """Count one oddity."""
        self._counts[oddity] += 1
        examples = self._examples.setdefault(oddity, [])
        if len(examples) < _EXAMPLES:
            examples.append(Example(line.record.line, line.intake.code))

    def counts(self) -> tuple[OddityCount, ...]:
        """Return the kinds with a count, in order of declaration."""
        return tuple(
            OddityCount(oddity, self._counts[oddity], tuple(self._examples[oddity]))
            for oddity in Oddity
            if self._counts[oddity]
        )
