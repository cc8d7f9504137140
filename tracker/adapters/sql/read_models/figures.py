"""Counts the figures in SQL, on the live table or on a table rebuilt for a past moment."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import groupby, islice
from operator import attrgetter

from msgspec.structs import asdict
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    and_,
    func,
    literal,
    or_,
    select,
)

from tracker.adapters.sql.columns import table_of, temporary_table_of
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.domain.dossier.events.intake import Received, Submitted
from tracker.domain.dossier.history import cut
from tracker.domain.dossier.lifecycle import Step
from tracker.projections.dossier.promises import PromisesProjection, SlaRow
from tracker.projections.dossier.timeline import TimelineRow
from tracker.projections.figures.figures import (
    FIELD_OF,
    Counts,
    Figures,
    GroupBy,
    PromiseCounts,
    Question,
)
from tracker.projections.figures.ratings import Ratings
from tracker.serialization import decode

_Condition = ColumnElement[bool]
_STEPS_WITHOUT_FIGURES = (
    Step.INTERNAL_STEP_TAKEN,
    Step.CARRIER_SCANNED,
    Step.COMPLAINED,
    Step.NOTICES_AGREED,
    Step.NOTICES_STOPPED,
    Step.PERSONAL_DATA_ERASED,
)
"""Steps that change no figure. The rebuild for a past moment skips them.

It reads all steps of a dossier with corrections, because a correction may refer to one of these.
"""
_ROWS_A_WRITE = 5_000


class SqlFigures:
    """Answers questions for figures from the read models of promises and timelines."""

    def __init__(
        self,
        promises: SqlReadModel,
        timeline: SqlReadModel,
        *,
        partner_of: Callable[[str], str],
        now: Callable[[], datetime],
    ) -> None:
        """Read these two models. `partner_of` returns the partner of an office."""
        self._promises = promises
        self._timeline = timeline
        self._partner_of = partner_of
        self._now = now

    def answer(self, question: Question) -> Figures:
        """Return the figures. For a past moment, use only the events that count at that moment."""
        now = self._now()
        if question.as_of >= now and (question.known_at is None or question.known_at >= now):
            with self._promises.reading() as (connection, generation):
                groups = _count(connection, table_of(SlaRow, generation), question)
        else:
            groups = self._count_the_past(question)
        if question.by is GroupBy.PARTNER:
            groups = _merged(groups, self._partner_of)
        total = sum(groups.values(), start=Counts())
        shown = groups if question.by else {}
        return Figures(question=question, total=total, groups=dict(sorted(shown.items())))

    def _count_the_past(self, question: Question) -> dict[str, Counts]:
        with self._timeline.reading() as (connection, generation):
            table = temporary_table_of(SlaRow)
            table.create(connection)
            try:
                rows = _past_rows(connection, table_of(TimelineRow, generation), question)
                while part := list(islice(rows, _ROWS_A_WRITE)):
                    connection.execute(table.insert(), list(map(asdict, part)))
                return _count(connection, table, question)
            finally:
                table.drop(connection)


def _past_rows(connection: Connection, timeline: Table, question: Question) -> Iterator[SlaRow]:
    """Yield the row of each dossier at the moment of the question, built by the projection."""
    corrected = select(timeline.c.dossier_id).where(timeline.c.step == Step.CORRECTED.value)
    changes_figures = timeline.c.step.not_in([step.value for step in _STEPS_WITHOUT_FIGURES])
    query = (
        select(timeline.c.dossier_id, timeline.c.topic, timeline.c.state)
        .where(or_(changes_figures, timeline.c.dossier_id.in_(corrected)))
        .order_by(timeline.c.dossier_id, timeline.c.version)
    )
    if question.known_at is not None:
        query = query.where(timeline.c.recorded_at <= question.known_at)
    projection = PromisesProjection()
    lines = connection.execute(query.execution_options(yield_per=_ROWS_A_WRITE))
    for _, group in groupby(lines, key=attrgetter("dossier_id")):
        row: SlaRow | None = None
        events = [decode(line.topic, line.state) for line in group]
        for event in cut(events, as_of=question.as_of):
            if row is not None or isinstance(event, Submitted | Received):
                row = projection.fold(row, event)
        if row is not None:
            yield row


def _count(connection: Connection, table: Table, question: Question) -> dict[str, Counts]:
    c = table.c
    since, as_of = question.since, question.as_of

    def during(moment: ColumnElement[datetime | None]) -> _Condition:
        return moment.is_not(None) if since is None else moment >= since

    not_ended = and_(c.finished_at.is_(None), c.withdrawn_at.is_(None), c.refused_at.is_(None))
    is_open = and_(c.received_at.is_not(None), not_ended)
    finished = and_(c.received_at.is_not(None), during(c.finished_at))
    carried = (
        literal(value=False)
        if since is None
        else and_(
            c.received_at < since,
            *(
                or_(end.is_(None), end >= since)
                for end in (c.finished_at, c.withdrawn_at, c.refused_at)
            ),
        )
    )
    received = during(c.received_at)
    no_promise = c.promised_at.is_(None)

    def on_time(due: ColumnElement[datetime | None]) -> _Condition:
        return and_(finished, c.finished_at <= due)

    def late(due: ColumnElement[datetime | None]) -> _Condition:
        return and_(finished, c.finished_at > due)

    def overdue(due: ColumnElement[datetime | None]) -> _Condition:
        return and_(is_open, due < as_of, or_(c.paused_at.is_(None), due < c.paused_at))

    conditions: dict[str, _Condition] = {
        "submitted": and_(c.received_at.is_(None), not_ended),
        "received": received,
        "carried_over": carried,
        "finished": finished,
        "finished_without_promise": and_(finished, no_promise),
        "refused": during(c.refused_at),
        "withdrawn": during(c.withdrawn_at),
        "returned": during(c.returned_at),
        "open": is_open,
        "open_paused": and_(is_open, c.paused_at.is_not(None)),
        "open_without_promise": and_(is_open, no_promise),
        "due_without_promise": and_(or_(received, carried), no_promise),
        "late_without_apology": or_(
            and_(or_(is_open, finished), c.apologised_late),
            late(c.promised_at),
            overdue(c.promised_at),
        ),
    }
    for which, due in (("latest", c.promised_at), ("first", c.first_promised_at)):
        conditions |= {
            f"{which}.finished_on_time": on_time(due),
            f"{which}.finished_late": late(due),
            f"{which}.open_overdue": overdue(due),
        }
    rated = and_(c.score.is_not(None), during(c.rated_at))
    group = c[FIELD_OF[question.by]] if question.by else literal("")
    query = select(
        group.label("group"),
        func.count().filter(rated).label("rated.count"),
        func.coalesce(func.sum(c.score).filter(rated), 0).label("rated.scores"),
        *(func.count().filter(condition).label(name) for name, condition in conditions.items()),
    ).group_by("group")
    return {row["group"]: _counts(row) for row in connection.execute(query).mappings()}


def _counts(row: RowMapping) -> Counts:
    parts: dict[str, dict[str, int]] = {"latest": {}, "first": {}, "rated": {}}
    plain: dict[str, int] = {}
    for name, count in row.items():
        which, _, what = name.partition(".")
        if what:
            parts[which][what] = int(count)
        elif name != "group":
            plain[name] = count
    return Counts(
        latest=PromiseCounts(**parts["latest"]),
        first=PromiseCounts(**parts["first"]),
        rated=Ratings(**parts["rated"]),
        **plain,
    )


def _merged(groups: Mapping[str, Counts], name_of: Callable[[str], str]) -> dict[str, Counts]:
    merged: dict[str, Counts] = {}
    for name, counts in groups.items():
        merged[name_of(name)] = merged.get(name_of(name), Counts()) + counts
    return merged
