"""`tracker figures --explain`: list the dossiers and events that changed a figure."""

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from tempfile import SpooledTemporaryFile
from typing import IO

import orjson

from tracker.application.queries.explain_figures import ExplainedChange, KnownBeforeThenError
from tracker.cli.run.gc_tuning import less_frequent_gc
from tracker.cli.terminal.console import progress, say, show_table
from tracker.cli.terminal.context import me
from tracker.cli.terminal.errors import UsageError
from tracker.cli.terminal.time_options import shown
from tracker.container import Container
from tracker.domain.dossier.actors import Role
from tracker.domain.dossier.events.event import Event
from tracker.projections.figures.explanation import Change
from tracker.projections.figures.figures import Counts, Figures, PromiseCounts, Question

_IN_MEMORY = 1_000_000
_COUNTS: dict[str, Callable[[Counts], int]] = {
    "received": lambda counts: counts.received,
    "carried over": lambda counts: counts.carried_over,
    "finished": lambda counts: counts.finished,
    "open": lambda counts: counts.open,
    "refused": lambda counts: counts.refused,
    "withdrawn": lambda counts: counts.withdrawn,
    "returned": lambda counts: counts.returned,
    "late, no apology": lambda counts: counts.late_without_apology,
}
_AGAINST: dict[str, Callable[[Counts], PromiseCounts]] = {
    "latest promise": lambda counts: counts.latest,
    "first promise": lambda counts: counts.first,
}


def explain_difference(
    container: Container, question: Question, then: datetime, *, as_json: bool
) -> None:
    """Print the figures as known at `then` and at `question.known_at`, and the events between.

    There may be very many changes, so a temporary file holds them until both figures are known.
    Raise `UsageError`.
    """
    zone = container.service.calendar.zone
    write = _line if as_json else _sentences
    with SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8") as lines:
        with progress("Events", container.scan.head()) as step, less_frequent_gc():
            try:
                explained = container.explain_figures.explain(
                    me(Role.AUDITOR), question, then, step
                )
            except KnownBeforeThenError as error:
                message = "--known-at lies before --explain. Give a later time or leave it out."
                raise UsageError(message) from error
            lines.writelines(write(change, zone) + "\n" for change in explained.changes())
        lines.seek(0)
        if as_json:
            _say_json(explained, lines)
        else:
            _say_tables(explained, lines, zone)


def _say_json(explained: ExplainedChange, lines: IO[str]) -> None:
    then, now = (
        orjson.dumps(answer.as_json()).decode() for answer in (explained.then(), explained.now())
    )
    say(f'{{"then":{then},"now":{now},"changes":[')
    before = ""
    for line in lines:
        say(before + line.rstrip("\n"))
        before = ","
    say("]}")


def _say_tables(explained: ExplainedChange, lines: IO[str], zone: tzinfo) -> None:
    then, now = explained.then(), explained.now()
    question = now.question
    say(
        f"As of {shown(question.as_of, zone)}, since"
        f" {shown(question.since, zone) or 'the beginning'}:"
        f" as known at {shown(then.question.known_at, zone)},"
        f" and at {shown(question.known_at, zone) or 'any time until now'}."
    )
    show_table(
        ["", "then", "now", "difference"], list(_rows(then, now)), title="\nFigures", numbers=True
    )
    number = explained.number
    count = "dossier counts" if number == 1 else "dossiers count"
    say(f"\n{number} {count} otherwise{':' if number else '.'}")
    for line in lines:
        say(line.rstrip("\n"))


def _rows(then: Figures, now: Figures) -> Iterator[list[object]]:
    """Yield the rows of the total, and those rows of each group that differ."""
    yield from _rows_of("", then.total, now.total, every=True)
    for name in sorted({*then.groups, *now.groups}):
        before, after = (figures.groups.get(name, Counts()) for figures in (then, now))
        yield from _rows_of(f"{name or '-'}: ", before, after, every=False)


def _rows_of(group: str, then: Counts, now: Counts, *, every: bool) -> Iterator[list[object]]:
    for name, count in _COUNTS.items():
        before, after = count(then), count(now)
        if every or before != after:
            yield [group + name, before, after, f"{after - before:+}" if after != before else ""]
    for promise, against in _AGAINST.items():
        rates = {
            f"on time / finished, {promise}": (
                then.rate_finished(against(then)),
                now.rate_finished(against(now)),
            ),
            f"1 - late / due, {promise}": (
                then.rate_due(against(then)),
                now.rate_due(against(now)),
            ),
        }
        for name, (rate, rate_now) in rates.items():
            if every or rate != rate_now:
                yield [group + name, _percent(rate), _percent(rate_now), _points(rate, rate_now)]


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"


def _points(before: float | None, after: float | None) -> str:
    if before is None or after is None or before == after:
        return ""
    return f"{(after - before) * 100:+.2f} points"


def _sentences(change: Change, zone: tzinfo) -> str:
    group = change.group_now or change.group_then
    if change.group_then != change.group_now:
        group = f"{change.group_then or '-'} -> {change.group_now or '-'}"
    lines = [f"{change.code}{f' ({group})' if group else ''}"]
    if change.lost:
        lines.append(f"  no longer: {', '.join(map(_named, change.lost))}")
    if change.gained:
        lines.append(f"  now: {', '.join(map(_named, change.gained))}")
    lines += [
        f"  because of event {event.originator_version}: {event.step}, happened"
        f" {shown(event.occurred_at, zone)}, recorded {shown(event.recorded_at, zone)}"
        f" by {_who(event)}"
        for event in change.causes
    ]
    return "\n".join(lines)


def _line(change: Change, zone: tzinfo) -> str:
    return orjson.dumps(change.as_json(zone)).decode()


def _named(count: str) -> str:
    which, _, name = count.rpartition(".")
    return name.replace("_", " ") + (f" ({which} promise)" if which else "")


def _who(event: Event) -> str:
    return " ".join(filter(None, (event.by.role, event.by.id, event.by.office)))
