"""Rows of read models, as plain data: the one definition that tables, digests and folds share.

A field is `str`, `int`, `bool`, `bytes`, `UUID`, `datetime` (UTC), or one of them or `None`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table `TABLE`, known by the fields in `KEY`."""

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = ()

    dossier_id: UUID


@dataclass(frozen=True, kw_only=True)
class DossierRow(Row):
    """The one row a dossier has; `version` is the last of its events that is in it."""

    KEY = ("dossier_id",)

    code: str
    version: int


D = TypeVar("D", bound=DossierRow)
R = TypeVar("R", bound=Row)


def row_of(kind: type[R], values: Mapping[str, Any]) -> R:
    """Give the row with these values, which must be all it has.

    Its constructor sets one frozen field after the other, which costs a projection that catches up
    more than all its own work.
    """
    row = object.__new__(kind)
    vars(row).update(values)
    return row


def changed(row: R, changes: Mapping[str, Any]) -> R:
    """Give the row after these changes; the names must be its own."""
    after = row_of(type(row), vars(row))
    vars(after).update(changes)
    return after


class View(Protocol):
    """The rows of one read model, inside one transaction."""

    def of(self, kind: type[D], dossier_ids: Collection[UUID]) -> dict[UUID, D]:
        """Give the rows these dossiers have."""

    def versions(self, kind: type[Row], dossier_ids: Collection[UUID]) -> dict[UUID, int]:
        """Give the newest version each of these dossiers has among rows of one an event."""

    def newest(self, kind: type[R], dossier_ids: Collection[UUID]) -> dict[UUID, R]:
        """Give the newest row each of these dossiers has among rows of one an event."""

    def last(self, kind: type[R]) -> R | None:
        """Give the row with the greatest number, of rows known by one."""

    def numbered(self, kind: type[R], numbers: Collection[int]) -> dict[int, R]:
        """Give the rows with these numbers, of rows known by one."""

    def put(self, rows: Iterable[DossierRow]) -> None:
        """Write rows that may be there already."""

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows that are new."""
