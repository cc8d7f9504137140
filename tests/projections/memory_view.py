"""A view that keeps rows in memory: events in, rows out."""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from tests.domain.dossier_spec import EventBuilder, in_order
from tracker.domain.dossier.events.event import Event
from tracker.projections.model.feed import Record
from tracker.projections.model.projection import Projection
from tracker.projections.model.rows import DossierRow, Row
from tracker.serialization import decode_for_projection, encode

D = TypeVar("D", bound=DossierRow)
R = TypeVar("R", bound=Row)


class MemoryView:
    """The rows of a read model in memory."""

    def __init__(self) -> None:
        self.rows: dict[UUID, DossierRow] = {}
        self.added: list[Row] = []

    def of(self, kind: type[D], dossier_ids: Sequence[UUID]) -> Sequence[D | None]:
        rows = [self.rows.get(dossier_id) for dossier_id in dossier_ids]
        return [row if isinstance(row, kind) else None for row in rows]

    def versions(self, kind: type[Row], dossier_ids: Sequence[UUID]) -> Sequence[int]:
        return [getattr(row, "version", 0) for row in self.newest(kind, dossier_ids)]

    def newest(self, kind: type[R], dossier_ids: Sequence[UUID]) -> Sequence[R | None]:
        newest = {row.dossier_id: row for row in self._all(kind)}
        return [newest.get(dossier_id) for dossier_id in dossier_ids]

    def last(self, kind: type[R]) -> R | None:
        return next(reversed(self._all(kind)), None)

    def numbered(self, kind: type[R], numbers: Collection[int]) -> dict[int, R]:
        by_number = {getattr(row, kind.KEY[0]): row for row in self._all(kind)}
        return {number: by_number[number] for number in numbers}

    def _all(self, kind: type[R]) -> list[R]:
        return [row for row in self.added if isinstance(row, kind)]

    def put(self, rows: Iterable[DossierRow]) -> None:
        self.rows |= {row.dossier_id: row for row in rows}

    def add(self, rows: Iterable[Row]) -> None:
        self.added += rows


def as_records(events: list[Event], after: int = 0) -> list[Record]:
    """Return the records of these events, decoded as a feed decodes them."""
    states = [(event.TOPIC, encode(event)) for event in events]
    return [
        Record(after + n, decode_for_projection(topic, state), state)
        for n, (topic, state) in enumerate(states, 1)
    ]


def rows_after(projection: Projection, *story: EventBuilder) -> MemoryView:
    """Return the rows after these events of one dossier.

    The result must be the same event by event and in one batch.
    """
    view = MemoryView()
    for record in as_records(in_order(*story)):
        projection.apply([record], view)
    at_once = MemoryView()
    projection.apply(as_records(in_order(*story)), at_once)
    assert (at_once.rows, at_once.added) == (view.rows, view.added)
    return view


def row_of(kind: type[R], view: MemoryView) -> R:
    """Return the one row of this kind."""
    (row,) = view.rows.values()
    assert type(row) is kind
    return row
