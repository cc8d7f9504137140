"""`tracker figures`: the key figures, now or as they were known at a past time."""

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
from tracker.projections.figures.figures import Counts, Figures, GroupBy, PromiseCounts, Question


class Format(StrEnum):
    """The format of the output."""

    TABLE = "table"
    JSON = "json"


_CURRENT = {
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
_TIME = "ISO 8601; the default zone is the service's."


def figures(
    by: Annotated[
        GroupBy | None,
        typer.Option(
            help="Group by this. 'office' is the deciding office, 'partner' the receiving one."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help=f"Start of the period. {_TIME} A day means its start."),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help=f"End of the period. Default: now. {_TIME} A day means its end."
        ),
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
            help="Compare with the figures as they were known at this time, and list the dossiers"
            " and events that made the difference. --as-of then defaults to this time.",
        ),
    ] = None,
    recompute: Annotated[
        bool,
        typer.Option(
            "--recompute", help="Count the stored events instead of reading the read models."
        ),
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="The output format.")] = Format.TABLE,
) -> None:
    """Count dossiers received, finished, late, open.

    Lateness is measured against the latest and against the first promise, by both published
    definitions of 'on time'. Every stored event is counted.
    """
    now = wall_clock()
    with opened(now=lambda: now) as container:
        zone = container.service.calendar.zone
        then = past_end("--explain", explain, zone, now)
        question = Question(
            as_of=past_end("--as-of", as_of, zone, now) or then or now,
            known_at=past_end("--known-at", known_at, zone, now),
            since=start("--since", since, zone),
            by=by,
        )
        if then is not None:
            explain_difference(container, question, then, as_json=form is Format.JSON)
            return
        if recompute:
            with progress("Events", container.scan.head()) as step:
                answer = container.figures.recompute(me(Role.AUDITOR), question, step)
        else:
            catch_up(container)
            answer = container.figures.answer(me(Role.AUDITOR), question)
    if form is Format.JSON:
        say(orjson.dumps(answer.as_json()).decode())
        return
    _show(answer.without_hidden_ratings(), lambda moment: shown(moment, zone))


def _show(answer: Figures, local: Callable[[datetime | None], str]) -> None:
    question = answer.question
    say(
        f"As of {local(question.as_of)}, known at {local(question.known_at) or 'any time'},"
        f" since {local(question.since) or 'the beginning'}."
    )
    groups: Mapping[str, Counts] = answer.groups
    rows = [("TOTAL", answer.total), *((name or "-", counts) for name, counts in groups.items())]
    heading = question.by.value if question.by else ""
    for title, columns in (("Dossiers", _CURRENT), ("How they ended", _ENDED)):
        show_table(
            [heading, *columns],
            [
                [name, *(getattr(counts, field) for field in columns.values())]
                for name, counts in rows
            ],
            title=f"\n{title}",
            numbers=True,
        )
    show_table(
        [heading, "ratings", "satisfaction"],
        [[name, *map(_or_dash, counts.rated.as_json().values())] for name, counts in rows],
        title="\nHow citizens rated, 1 to 5 (under 5 answers are not shown)",
        numbers=True,
    )
    _show_against(
        "the latest promise", heading, [(name, counts, counts.latest) for name, counts in rows]
    )
    _show_against(
        "the first promise", heading, [(name, counts, counts.first) for name, counts in rows]
    )


def _show_against(which: str, heading: str, rows: list[tuple[str, Counts, PromiseCounts]]) -> None:
    columns = ["on time", "late", "open and overdue", "on time / finished", "1 - late / due"]
    show_table(
        [heading, *columns],
        [
            [
                name,
                against.finished_on_time,
                against.finished_late,
                against.open_overdue,
                _percent(counts.rate_finished(against)),
                _percent(counts.rate_due(against)),
            ]
            for name, counts, against in rows
        ],
        title=f"\nAgainst {which}",
        numbers=True,
    )


def _or_dash(value: object) -> object:
    return "-" if value is None else value


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"
