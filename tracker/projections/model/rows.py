"""Rows of read models, as plain data: the one definition that tables, digests and folds share.

A field is `str`, `int`, `bool`, `bytes`, `UUID`, `datetime` (UTC), or one of them or `None`.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import ClassVar, Protocol, TypeVar
from uuid import UUID

import msgspec


class Row(msgspec.Struct, frozen=True, gc=False):
    """A row of the table `TABLE`, known by the fields in `KEY`.

    No dataclass: a frozen one sets field after field in Python, which costs a projection that
    catches up more than all its own work.
    """

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = ()

    dossier_id: UUID


class DossierRow(Row, frozen=True, gc=False):
    """The one row a dossier has; `version` is the last of its events that is in it."""

    KEY = ("dossier_id",)

    code: str
    version: int


D = TypeVar("D", bound=DossierRow)
R = TypeVar("R", bound=Row)


class View(Protocol):
    """The rows of one read model, inside one transaction."""

    def of(self, kind: type[D], dossier_ids: Sequence[UUID]) -> Sequence[D | None]:
        """Return the row of each of these dossiers, in their order; `None` where it has none."""

    def versions(self, kind: type[Row], dossier_ids: Sequence[UUID]) -> Sequence[int]:
        """Return likewise the newest version each has among rows of one an event; 0 for none."""

    def newest(self, kind: type[R], dossier_ids: Sequence[UUID]) -> Sequence[R | None]:
        """Return likewise the newest row each has among rows of one an event."""

    def last(self, kind: type[R]) -> R | None:
        """Return the row with the greatest number, of rows known by one."""

    def numbered(self, kind: type[R], numbers: Collection[int]) -> dict[int, R]:
        """Return the rows with these numbers, of rows known by one."""

    def put(self, rows: Iterable[DossierRow]) -> None:
        """Write rows that may be there already."""

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows that are new."""
