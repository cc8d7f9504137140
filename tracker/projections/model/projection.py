"""Projections: pure translations of events into rows."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from tracker.domain.dossier.events.event import Event
from tracker.domain.errors import TrackerError
from tracker.projections.model.feed import Record
from tracker.projections.model.rows import DossierRow, Row, View

D = TypeVar("D", bound=DossierRow)


class GapInHistoryError(TrackerError):
    """An earlier event of this dossier is missing; the read model stops here."""


def by_dossier(records: Sequence[Record]) -> Sequence[Sequence[Record]]:
    """Return the records of each dossier, in order."""
    histories: dict[int, list[Record]] = defaultdict(list)
    for record in records:  # hashing a UUID is slow, hashing an integer is fast
        histories[record.event.originator_id.int].append(record)
    return list(histories.values())


def ids(histories: Sequence[Sequence[Record]]) -> Sequence[UUID]:
    """Return the dossier id of each history."""
    return [history[0].event.originator_id for history in histories]


def is_next(event: Event, version: int) -> bool:
    """Return whether the event follows this version of its dossier; `False` for an older one.

    Raise `GapInHistoryError` if an event between them is missing.
    """
    if event.originator_version > version + 1:
        raise GapInHistoryError
    return event.originator_version == version + 1


class Projection(ABC):
    """A translation of events into rows of the given kinds."""

    NAME: ClassVar[str]
    ROWS: ClassVar[tuple[type[Row], ...]]

    @abstractmethod
    def apply(self, records: Sequence[Record], view: View) -> None:
        """Write the rows that follow from these events."""


class DossierProjection(Projection, Generic[D]):
    """A projection with one row a dossier, folded from its events in order."""

    ROW: type[D]

    @abstractmethod
    def fold(self, row: D | None, event: Event) -> D:
        """Return the row after this event, with the event's version."""

    def lines(self, record: Record) -> Sequence[Row]:  # noqa: ARG002  a subclass may use it
        """Return the additional rows for this one event."""
        return ()

    def apply(self, records: Sequence[Record], view: View) -> None:
        """Write the last row of each dossier in the batch; skip events that a row already has.

        Raise `GapInHistoryError` if an event is missing.
        """
        histories = by_dossier(records)
        rows = view.of(self.ROW, ids(histories))
        changed: list[D] = []
        added: list[Row] = []
        for before, history in zip(rows, histories, strict=True):
            row = before
            for record in history:
                if is_next(record.event, row.version if row else 0):
                    row = self.fold(row, record.event)
                    added.extend(self.lines(record))
            if row is not None and row is not before:
                changed.append(row)
        view.put(changed)
        view.add(added)
