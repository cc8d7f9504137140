"""The signed checkpoints of the log. They cannot be rebuilt from the events."""

from collections.abc import Iterator

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import LOG_CHECKPOINTS
from tracker.domain.errors import ConflictError
from tracker.domain.transparency_log.notes import Note

_ROWS_A_READ = 500


class CheckpointTakenError(ConflictError):
    """A signed checkpoint of this size already exists: two programs sign this log."""


class SqlCheckpoints:
    """Stores all signed checkpoints."""

    def __init__(self, engine: Engine) -> None:
        """Use this database."""
        self._engine = engine

    def add(self, size: int, note: Note) -> None:
        """Store a checkpoint. Raise `CheckpointTakenError`."""
        try:
            with writing(self._engine).begin() as connection:
                connection.execute(LOG_CHECKPOINTS.insert().values(size=size, note=str(note)))
        except IntegrityError as error:
            raise CheckpointTakenError from error

    def last(self) -> Note | None:
        """Return the newest checkpoint, or `None`."""
        query = select(LOG_CHECKPOINTS.c.note).order_by(LOG_CHECKPOINTS.c.size.desc()).limit(1)
        with self._engine.begin() as connection:
            note = connection.scalar(query)
        return Note.parse(note) if note else None

    def of_size(self, size: int) -> Note | None:
        """Return the checkpoint of this size, or `None`."""
        query = select(LOG_CHECKPOINTS.c.note).where(LOG_CHECKPOINTS.c.size == size)
        with self._engine.begin() as connection:
            note = connection.scalar(query)
        return Note.parse(note) if note else None

    def after(self, size: int) -> Iterator[tuple[int, str]]:
        """Yield the size and the text of every larger checkpoint, smallest first."""
        table = LOG_CHECKPOINTS
        while True:
            query = select(table).where(table.c.size > size).order_by(table.c.size)
            with self._engine.begin() as connection:
                rows = connection.execute(query.limit(_ROWS_A_READ)).all()
            if not rows:
                return
            yield from ((row.size, row.note) for row in rows)
            size = rows[-1].size

    def replace(self, size: int, before: Note, after: Note) -> bool:
        """Replace a note. Return `False` if the note `before` is no longer stored."""
        table = LOG_CHECKPOINTS
        is_stored = (table.c.size == size) & (table.c.note == str(before))
        with writing(self._engine).begin() as connection:
            replaced = connection.execute(update(table).where(is_stored).values(note=str(after)))
        return replaced.rowcount == 1
