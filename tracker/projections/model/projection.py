"""What a projection is: a pure translation of events into rows."""

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
    """An event of a dossier is missing before this one; the read model stops here."""


def by_dossier(records: Sequence[Record]) -> Sequence[Sequence[Record]]:
    """Return the records of each dossier, in their order."""
    histories: dict[int, list[Record]] = defaultdict(list)
    for record in records:  # an id's own hash is reckoned in Python, each time it is asked for
        histories[record.event.originator_id.int].append(record)
    return list(histories.values())


def ids(histories: Sequence[Sequence[Record]]) -> Sequence[UUID]:
    """Return the id of each of these dossiers."""
    return [history[0].event.originator_id for history in histories]


def is_next(event: Event, version: int) -> bool:
    """Return whether the event follows on this version of its dossier; an older one does not.

    Raise `GapInHistoryError` where one between is missing: nobody trusts a feed blindly.
    """
    if event.originator_version > version + 1:
        raise GapInHistoryError
    return event.originator_version == version + 1


class Projection(ABC):
    """Translates events into rows of the given kinds."""

    NAME: ClassVar[str]
    ROWS: ClassVar[tuple[type[Row], ...]]

    @abstractmethod
    def apply(self, records: Sequence[Record], view: View) -> None:
        """Write what follows from these events."""


class DossierProjection(Projection, Generic[D]):
    """Keeps one row a dossier, folded from its events in order."""

    ROW: type[D]

    @abstractmethod
    def fold(self, row: D | None, event: Event) -> D:
        """Return the row after this event, and with its version."""

    def lines(self, record: Record) -> Sequence[Row]:  # noqa: ARG002  none unless a model has them
        """Return the rows this one event adds beside."""
        return ()

    def apply(self, records: Sequence[Record], view: View) -> None:
        """Fold a batch to the last row of each dossier; what is in a row already is passed over.

        Raise `GapInHistoryError`.
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
