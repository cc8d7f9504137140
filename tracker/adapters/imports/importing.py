"""Imports a legacy log: reads it as a stream and posts what it tells, some hundreds at a time.

Every post has an id that follows from the log, so an import that was broken off is simply started
again, and a second one adds only what the log did not tell before.
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
"""Carries posts out in one transaction and answers for each, as `Tracker.handle` does."""

_POSTS_A_BATCH = 500
_REJECTS_A_BATCH = 500
_DOSSIERS_REMEMBERED = 10_000
_EVENTS_REMEMBERED = 100_000


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import did.

    `rows` were read, of which `rejected` stand in the file `rejects`, `conflicts` of them because
    an earlier import had the same with other content. `already_there` rows were imported before.
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
        """Every event that was stored."""
        return self.dossiers_added + self.steps_added + self.decisions_added


def import_log(
    path: Path,
    mapping: LogMapping,
    handle: Handle,
    *,
    rejects: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    """Import a log. `progress` is told how many of its `bytes_to_read` are done.

    Rows that cannot be imported go to `rejects`, by default `FILE.rejected.csv` beside the file.
    Raise `LogFileError` where nothing can be imported, and what `handle` raises; then the rows
    before are stored, and the same import may be started again.
    """
    rejects = rejects or path.with_name(f"{path.stem}.rejected.csv")
    if rejects.resolve() == path.resolve():
        message = "The reject file may not be the file that is imported."
        raise LogFileError(message)
    with (
        open_log(path, mapping, progress) as log,
        RejectFile(rejects, mapping.file) as refused,
    ):
        heading = next(log.records, None)
        if heading is None:
            message = f"{path.name} is empty."
            raise LogFileError(message)
        translation = Translation(mapping, heading)
        refused.begin(heading.cells)
        run = _Import(mapping, handle, refused)
        run.take_all(log.records, translation, lambda: progress(log.done()))
        return run.report()


@dataclass
class _Dossier:
    """What is remembered of a dossier; `refused` says why it could not be taken over."""

    intake: LegacyIntake
    ended_at: datetime | None = None
    refused: str = ""


@dataclass(frozen=True)
class _Task:
    """One post with the line it comes from; `again`: a line before had the same event."""

    post: Envelope
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
    """What is posted together: dossiers are taken over first, then come their steps and ends."""

    intakes: list[_Task] = field(default_factory=list)
    steps: list[_Task] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.intakes) + len(self.steps)


class _Import:
    """One import under way."""

    def __init__(self, mapping: LogMapping, handle: Handle, refused: RejectFile) -> None:
        self._actor = mapping.actor
        self._handle = handle
        self._refused = refused
        self._odd = OddityReport()
        self._counts = _Counts()
        self._dossiers: RecentItems[_Dossier] = RecentItems(_DOSSIERS_REMEMBERED)
        self._events: RecentItems[bool] = RecentItems(_EVENTS_REMEMBERED)
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
            if len(self._batch) >= _POSTS_A_BATCH or self._refused.waiting >= _REJECTS_A_BATCH:
                self._send()
                progress()
        self._decide()
        self._send()
        progress()

    def report(self) -> ImportReport:
        """Return what was done."""
        return ImportReport(
            **vars(self._counts),
            rejected=self._refused.count,
            rejects=self._refused.written(),
            oddities=self._odd.counts(),
        )

    def _take(self, line: LoggedLine) -> None:
        code = line.intake.code
        if self._end and self._end.line.intake.code != code:
            self._decide()
        dossier = self._dossiers.get(code)
        if dossier is None:
            dossier = _Dossier(line.intake)
            self._dossiers.put(code, dossier)
            self._odd.note_dossier(line)
            self._batch.intakes.append(_Task(Envelope(self._actor, line.intake), line, dossier))
        elif line.intake != dossier.intake or line.ended_at != dossier.ended_at:
            self._odd.note(Oddity.DISAGREEING, line)
        if line.end and dossier.ended_at is None:
            dossier.ended_at = line.ended_at
            self._odd.note_end(line, start=dossier.intake.occurred_at)
            self._end = _Task(Envelope(self._actor, line.end), line, dossier)
        self._odd.note_step(line, start=dossier.intake.occurred_at, end=dossier.ended_at)
        again = self._events.get(line.step.event_id) is not None
        if again:
            self._odd.note(Oddity.REPEATED, line)
        self._events.put(line.step.event_id, True)  # noqa: FBT003  only its key is of use
        self._batch.steps.append(_Task(Envelope(self._actor, line.step), line, dossier, again))

    def _decide(self) -> None:
        """Let a dossier's end follow its steps, once all that stand together were read."""
        if self._end:
            self._batch.steps.append(self._end)
            self._end = None

    def _send(self) -> None:
        intakes, steps = self._batch.intakes, self._batch.steps
        self._batch = _Batch()
        for task, result in self._posted(intakes):
            if not isinstance(result, TrackerError):
                self._counts.dossiers_added += not result.duplicate
            elif isinstance(result, RequestReusedError):
                self._conflict(task, "its dossier was imported before with other columns")
            else:
                task.dossier.refused = f"its dossier was not taken over: {result}"
        ready = [task for task in steps if not task.dossier.refused]
        for task in steps:
            if task.dossier.refused:
                self._refused.add(task.line.record, task.dossier.refused)
        for task, result in self._posted(ready):
            self._count_step(task, result)
        self._refused.flush()

    def _posted(self, tasks: list[_Task]) -> Iterator[tuple[_Task, Accepted | TrackerError]]:
        if tasks:
            yield from zip(tasks, self._handle([task.post for task in tasks]), strict=True)

    def _count_step(self, task: _Task, result: Accepted | TrackerError) -> None:
        is_step = task.post.message is task.line.step
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
