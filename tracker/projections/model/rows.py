"""Rows of read models, as plain data. Tables, digests and folds share this one definition.

A field is a `str`, `int`, `bool`, `bytes`, `UUID` or `datetime` (UTC), or one of them or `None`.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import ClassVar, Protocol, TypeVar
from uuid import UUID

import msgspec


class Row(msgspec.Struct, frozen=True, gc=False):
    """A row of the table `TABLE`, identified by the fields in `KEY`.

    It is not a dataclass: creating a frozen dataclass costs a projection more time than all its
    other work.
    """

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = ()

    dossier_id: UUID


class DossierRow(Row, frozen=True, gc=False):
    """The one row of a dossier; `version` is the last event included in it."""

    KEY = ("dossier_id",)

    code: str
    version: int


D = TypeVar("D", bound=DossierRow)
R = TypeVar("R", bound=Row)


class View(Protocol):
    """The rows of one read model in one transaction."""

    def of(self, kind: type[D], dossier_ids: Sequence[UUID]) -> Sequence[D | None]:
        """Return the row of each of these dossiers, in the same order; `None` if there is none."""

    def versions(self, kind: type[Row], dossier_ids: Sequence[UUID]) -> Sequence[int]:
        """Return each dossier's newest version in a table with one row an event; 0 for none."""

    def newest(self, kind: type[R], dossier_ids: Sequence[UUID]) -> Sequence[R | None]:
        """Return each dossier's newest row in a table with one row an event; `None` for none."""

    def last(self, kind: type[R]) -> R | None:
        """Return the row with the highest number, in a table whose key is a number."""

    def numbered(self, kind: type[R], numbers: Collection[int]) -> dict[int, R]:
        """Return the rows with these numbers, in a table whose key is a number."""

    def put(self, rows: Iterable[DossierRow]) -> None:
        """Insert or update rows."""

    def add(self, rows: Iterable[Row]) -> None:
        """Insert new rows."""
