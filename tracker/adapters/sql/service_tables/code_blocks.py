"""Blocks of code numbers. No number is leased twice, not even after a restore."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from uuid import uuid4

from sqlalchemy import Engine, Row, func, select
from sqlalchemy.exc import IntegrityError

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import CODE_BLOCKS, UNUSED_CODES
from tracker.adapters.sql.service_tables.store_epochs import begun
from tracker.domain.dossier.codes import CodeBlock, CodesUsedUpError
from tracker.domain.dossier.store_epochs import numbers_of


class SqlCodeBlocks:
    """Stores who leased which numbers, and which of them will never be used."""

    def __init__(self, engine: Engine, *, check: Callable[[], None] = lambda: None) -> None:
        """Use this database.

        `check` runs before each lease. It raises an error if the database must not be written.
        """
        self._engine = engine
        self._check = check

    def lease(
        self, *, agency: str, day: date, size: int, leased_to: str, leased_at: datetime
    ) -> CodeBlock:
        """Lease the next `size` numbers of this agency and day to one holder.

        Raise `CodesUsedUpError` if fewer are left, and the errors of `check`.
        """
        self._check()
        while True:
            try:
                return self._lease(agency, day, size, leased_to, leased_at)
            except IntegrityError:  # another process took these numbers first
                continue

    def _lease(
        self, agency: str, day: date, size: int, leased_to: str, leased_at: datetime
    ) -> CodeBlock:
        with writing(self._engine).begin() as connection:
            last = connection.scalar(
                select(func.max(CODE_BLOCKS.c.last)).where(
                    CODE_BLOCKS.c.agency == agency, CODE_BLOCKS.c.day == day
                )
            )
            numbers = numbers_of(day, begun(connection))
            first = numbers.after(int(last or 0))
            block = CodeBlock(uuid4().hex, agency, day, first, first + size - 1, leased_to)
            if block.last > numbers.last:
                raise CodesUsedUpError
            connection.execute(CODE_BLOCKS.insert().values(**vars(block), leased_at=leased_at))
        return block

    def block_of(self, agency: str, day: date, sequence: int) -> CodeBlock | None:
        """Return the block that contains this number, or `None`."""
        with self._engine.begin() as connection:
            row = connection.execute(
                select(CODE_BLOCKS).where(
                    CODE_BLOCKS.c.agency == agency,
                    CODE_BLOCKS.c.day == day,
                    CODE_BLOCKS.c.first <= sequence,
                    CODE_BLOCKS.c.last >= sequence,
                )
            ).first()
        return _block(row) if row else None

    def block(self, block_id: str) -> CodeBlock | None:
        """Return the block with this id, or `None`."""
        with self._engine.begin() as connection:
            row = connection.execute(
                select(CODE_BLOCKS).where(CODE_BLOCKS.c.id == block_id)
            ).first()
        return _block(row) if row else None

    def record_unused(self, block_id: str, numbers: Sequence[int]) -> None:
        """Store numbers of a block that will never be used. Stored numbers are skipped."""
        with writing(self._engine).begin() as connection:
            stored = {
                number
                for row in connection.execute(
                    select(UNUSED_CODES).where(UNUSED_CODES.c.block_id == block_id)
                )
                for number in range(row.first, row.last + 1)
            }
            runs = _runs(sorted(set(numbers) - stored))
            if runs:
                connection.execute(
                    UNUSED_CODES.insert(),
                    [{"block_id": block_id, "first": first, "last": last} for first, last in runs],
                )


def _block(row: Row[tuple[object, ...]]) -> CodeBlock:
    return CodeBlock(row.id, row.agency, row.day, row.first, row.last, row.leased_to)


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
