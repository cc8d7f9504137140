"""`tracker figures`: what managers answer for, now or as it was known at a past moment."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import orjson
import typer

from tracker.bootstrap import wall_clock
from tracker.cli.explain_figures import explain_difference
from tracker.cli.terminal.console import progress, say, show_table
from tracker.cli.terminal.context import catch_up, me, opened
from tracker.cli.terminal.time_options import past_end, shown, start
from tracker.domain.dossier.actors import Role
from tracker.projections.figures.figures import Against, Counts, Figures, GroupBy, Question


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"


_STANDING = {
    "received": "received",
    "carried over": "carried_over",
    "finished": "finished",
    "open": "open",
    "paused": "open_paused",
    "submitted": "submitted",
}
_ENDED = {
    "refused": "refused",
    "withdrawn": "withdrawn",
    "returned": "returned",
    "late, no apology": "late_without_apology",
}
_TIME = "ISO 8601; without a zone it is the service's own."


def figures(
    by: Annotated[
        GroupBy | None, typer.Option(help="Break down; 'office' decides, 'partner' took it in.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help=f"Beginning of the period. {_TIME} A day: its start."),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help=f"End of the period, by default now. {_TIME} Or a day."),
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Count only what was known then. A day means its end."),
    ] = None,
    *,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Tell which dossiers and events made the difference to the same figures as they"
            " were known then. Without --as-of, as of then.",
        ),
    ] = None,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Count the stored events, not the read models.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TABLE,
) -> None:
    """Count dossiers received, finished, late, open.

    Lateness is told against the latest promise and against the first, in both published readings
    of 'on time'. Nothing that is stored yet is left out.
    """
    now = wall_clock()
    with opened(now=lambda: now) as it:
        zone = it.service.calendar.zone
        then = past_end("--explain", explain, zone, now)
        question = Question(
            as_of=past_end("--as-of", as_of, zone, now) or then or now,
            known_at=past_end("--known-at", known_at, zone, now),
            since=start("--since", since, zone),
            by=by,
        )
        if then is not None:
            explain_difference(it, question, then, as_json=form is Format.JSON)
            return
        if recompute:
            with progress("Events", it.scan.head()) as step:
                answer = it.figures.recompute(me(Role.AUDITOR), question, step)
        else:
            catch_up(it)
            answer = it.figures.answer(me(Role.AUDITOR), question)
    if form is Format.JSON:
        say(orjson.dumps(answer.as_json()).decode())
        return
    _show(answer.to_be_shown(), lambda moment: shown(moment, zone))


def _show(answer: Figures, local: Callable[[datetime | None], str]) -> None:
    question = answer.question
    say(
        f"As of {local(question.as_of)}, known at {local(question.known_at) or 'any time'},"
        f" since {local(question.since) or 'the beginning'}."
    )
    groups: Mapping[str, Counts] = answer.groups
    rows = [("TOTAL", answer.total), *((name or "-", one) for name, one in groups.items())]
    heading = question.by.value if question.by else ""
    for title, counts in (("Dossiers", _STANDING), ("And what else became of them", _ENDED)):
        show_table(
            [heading, *counts],
            [[name, *(getattr(one, field) for field in counts.values())] for name, one in rows],
            title=f"\n{title}",
            numbers=True,
        )
    show_table(
        [heading, "ratings", "satisfaction"],
        [[name, *map(_or_dash, one.rated.as_json().values())] for name, one in rows],
        title="\nHow citizens rated, 1 to 5 (under 5 answers are not shown)",
        numbers=True,
    )
    _show_against("the latest promise", heading, [(name, one, one.latest) for name, one in rows])
    _show_against("the first promise", heading, [(name, one, one.first) for name, one in rows])


def _show_against(which: str, heading: str, rows: list[tuple[str, Counts, Against]]) -> None:
    columns = ["on time", "late", "open and overdue", "on time / finished", "1 - late / due"]
    show_table(
        [heading, *columns],
        [
            [
                name,
                against.finished_on_time,
                against.finished_late,
                against.open_overdue,
                _percent(one.rate_finished(against)),
                _percent(one.rate_due(against)),
            ]
            for name, one, against in rows
        ],
        title=f"\nAgainst {which}",
        numbers=True,
    )


def _or_dash(value: object) -> object:
    return "-" if value is None else value


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"
