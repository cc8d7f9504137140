"""Import a legacy log: read it as a stream and handle its commands in batches.

The id of every command follows from the log. So an interrupted import can be started again, and a
second import adds only what is new in the log.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tracker.adapters.imports.log_lines import LogFileError, Record
from tracker.adapters.imports.mapping import LogMapping
from tracker.adapters.imports.oddities import Oddity, OddityCount, OddityReport
from tracker.adapters.imports.opening import open_log
from tracker.adapters.imports.recent import RecentItems
from tracker.adapters.imports.rejects import RejectFile
from tracker.adapters.imports.translation import LoggedLine, Translation, UnreadableLineError
from tracker.application.commands.envelope import Accepted, Envelope, RequestReusedError
from tracker.application.commands.intake import LegacyIntake
from tracker.domain.errors import TrackerError

Handle = Callable[[Sequence[Envelope]], Sequence[Accepted | TrackerError]]
"""Handles envelopes in one transaction and returns a result for each, like `Tracker.handle`."""

_COMMANDS_A_BATCH = 500
_REJECTS_A_BATCH = 500
_DOSSIERS_CACHED = 10_000
_EVENTS_CACHED = 100_000


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """The counts of an import.

    Of all `rows`, `rejected` are in the file `rejects`. Of these, `conflicts` have the id of an
    earlier import with other content. `already_there` rows were imported before.
    """

    rows: int
    dossiers_added: int
    steps_added: int
    decisions_added: int
    already_there: int
    rejected: int
    conflicts: int
    rejects: Path | None
    oddities: tuple[OddityCount, ...]

    @property
    def events_added(self) -> int:
        """Return the number of stored events."""
        return self.dossiers_added + self.steps_added + self.decisions_added


def import_log(
    path: Path,
    mapping: LogMapping,
    handle: Handle,
    *,
    rejects: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    """Import a log. `progress` is called with the number of bytes read, of all `bytes_to_read`.

    Rows that cannot be imported go to `rejects`, by default `FILE.rejected.csv` next to the file.
    Raise `LogFileError` if nothing can be imported, and the errors of `handle`; the earlier rows
    are stored then, and the import may be started again.
    """
    rejects = rejects or path.with_name(f"{path.stem}.rejected.csv")
    if rejects.resolve() == path.resolve():
        message = "The reject file must not be the file to import. Choose another name."
        raise LogFileError(message)
    with (
        open_log(path, mapping, progress) as log,
        RejectFile(rejects, mapping.file) as refused,
    ):
        heading = next(log.records, None)
        if heading is None:
            message = f"{path.name} is empty. Give a log with a heading."
            raise LogFileError(message)
        translation = Translation(mapping, heading)
        refused.begin(heading.cells)
        run = _Import(mapping, handle, refused)
        run.take_all(log.records, translation, lambda: progress(log.done()))
        return run.report()


@dataclass
class _Dossier:
    """The cached state of a dossier; `refused` says why its intake was refused."""

    intake: LegacyIntake
    ended_at: datetime | None = None
    refused: str = ""


@dataclass(frozen=True)
class _Task:
    """A command with its line; `again` is true if an earlier line had the same event."""

    envelope: Envelope
    line: LoggedLine
    dossier: _Dossier
    again: bool = False


@dataclass
class _Counts:
    rows: int = 0
    dossiers_added: int = 0
    steps_added: int = 0
    decisions_added: int = 0
    already_there: int = 0
    conflicts: int = 0


@dataclass
class _Batch:
    """Commands of one batch: first the intakes, then the steps and decisions."""

    intakes: list[_Task] = field(default_factory=list)
    steps: list[_Task] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.intakes) + len(self.steps)


class _Import:
    """The state of a running import."""

    def __init__(self, mapping: LogMapping, handle: Handle, refused: RejectFile) -> None:
        self._actor = mapping.actor
        self._handle = handle
        self._refused = refused
        self._oddities = OddityReport()
        self._counts = _Counts()
        self._dossiers: RecentItems[_Dossier] = RecentItems(_DOSSIERS_CACHED)
        self._events: RecentItems[bool] = RecentItems(_EVENTS_CACHED)
        self._batch = _Batch()
        self._end: _Task | None = None

    def take_all(
        self, records: Iterable[Record], translation: Translation, progress: Callable[[], None]
    ) -> None:
        """Import every record."""
        for record in records:
            self._counts.rows += 1
            try:
                line = translation.read(record)
            except UnreadableLineError as error:
                self._refused.add(record, str(error))
            else:
                self._take(line)
            if len(self._batch) >= _COMMANDS_A_BATCH or self._refused.waiting >= _REJECTS_A_BATCH:
                self._send()
                progress()
        self._decide()
        self._send()
        progress()

    def report(self) -> ImportReport:
        """Return the counts."""
        return ImportReport(
            **vars(self._counts),
            rejected=self._refused.count,
            rejects=self._refused.written(),
            oddities=self._oddities.counts(),
        )

    def _take(self, line: LoggedLine) -> None:
        code = line.intake.code
        if self._end and self._end.line.intake.code != code:
            self._decide()
        dossier = self._dossiers.get(code)
        if dossier is None:
            dossier = _Dossier(line.intake)
            self._dossiers.put(code, dossier)
            self._oddities.note_dossier(line)
            self._batch.intakes.append(_Task(Envelope(self._actor, line.intake), line, dossier))
        elif line.intake != dossier.intake or line.ended_at != dossier.ended_at:
            self._oddities.note(Oddity.DISAGREEING, line)
        if line.end and dossier.ended_at is None:
            dossier.ended_at = line.ended_at
            self._oddities.note_end(line, start=dossier.intake.occurred_at)
            self._end = _Task(Envelope(self._actor, line.end), line, dossier)
        self._oddities.note_step(line, start=dossier.intake.occurred_at, end=dossier.ended_at)
        again = self._events.get(line.step.event_id) is not None
        if again:
            self._oddities.note(Oddity.REPEATED, line)
        self._events.put(line.step.event_id, True)  # noqa: FBT003  only the key matters
        self._batch.steps.append(_Task(Envelope(self._actor, line.step), line, dossier, again))

    def _decide(self) -> None:
        """Add the decision of a dossier after its steps, when its consecutive lines were read."""
        if self._end:
            self._batch.steps.append(self._end)
            self._end = None

    def _send(self) -> None:
        intakes, steps = self._batch.intakes, self._batch.steps
        self._batch = _Batch()
        for task, result in self._handled(intakes):
            if not isinstance(result, TrackerError):
                self._counts.dossiers_added += not result.duplicate
            elif isinstance(result, RequestReusedError):
                self._conflict(task, "its dossier was imported before with other columns")
            else:
                task.dossier.refused = f"its dossier was not imported: {result}"
        ready = [task for task in steps if not task.dossier.refused]
        for task in steps:
            if task.dossier.refused:
                self._refused.add(task.line.record, task.dossier.refused)
        for task, result in self._handled(ready):
            self._count_step(task, result)
        self._refused.flush()

    def _handled(self, tasks: list[_Task]) -> Iterator[tuple[_Task, Accepted | TrackerError]]:
        if tasks:
            yield from zip(tasks, self._handle([task.envelope for task in tasks]), strict=True)

    def _count_step(self, task: _Task, result: Accepted | TrackerError) -> None:
        is_step = task.envelope.command is task.line.step
        if isinstance(result, RequestReusedError):
            what = "this event" if is_step else "its dossier's end"
            self._conflict(task, f"{what} was imported before with other content")
        elif isinstance(result, TrackerError):
            self._refused.add(task.line.record, str(result))
        elif is_step:
            self._counts.steps_added += not result.duplicate
            self._counts.already_there += result.duplicate and not task.again
        else:
            self._counts.decisions_added += not result.duplicate

    def _conflict(self, task: _Task, what: str) -> None:
        self._counts.conflicts += 1
        self._refused.add(task.line.record, f"conflict: {what}")
