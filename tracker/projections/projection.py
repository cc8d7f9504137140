"""What a projection is: a pure translation of events into rows."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from tracker.domain.errors import TrackerError
from tracker.domain.events import Event
from tracker.projections.feed import Record
from tracker.projections.rows import DossierRow, Row, View

D = TypeVar("D", bound=DossierRow)


class GapInHistoryError(TrackerError):
    """An event of a dossier is missing before this one; the read model stops here."""


def is_next(newest: dict[UUID, int], event: Event) -> bool:
    """Tell whether the event follows on its dossier's newest, and note it; an older one does not.

    Raises `GapInHistoryError` where one between is missing: nobody trusts a feed blindly.
    """
    version = newest.get(event.originator_id, 0)
    if event.originator_version <= version:
        return False
    if event.originator_version != version + 1:
        raise GapInHistoryError
    newest[event.originator_id] = event.originator_version
    return True


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
    def fold(self, row: D | None, event: Event) -> D | None:
        """Give the row after this event; `None` where the dossier is none for this model yet."""

    def lines(self, record: Record) -> Sequence[Row]:  # noqa: ARG002  none unless a model has them
        """Give the rows this one event adds beside."""
        return ()

    def apply(self, records: Sequence[Record], view: View) -> None:
        """Fold a batch to the last row of each dossier; what is in a row already is passed over.

        Raises `GapInHistoryError`.
        """
        rows = view.of(self.ROW, {record.event.originator_id for record in records})
        newest = {dossier_id: row.version for dossier_id, row in rows.items()}
        changed: dict[UUID, D] = {}
        added: list[Row] = []
        for record in records:
            event = record.event
            if not is_next(newest, event):
                continue
            row = changed.get(event.originator_id) or rows.get(event.originator_id)
            folded = self.fold(row, event)
            if folded is not None:
                changed[event.originator_id] = folded
            added.extend(self.lines(record))
        view.put(changed.values())
        view.add(added)
