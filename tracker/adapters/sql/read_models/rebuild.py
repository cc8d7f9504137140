"""Replaces the live generation of a read model with a rebuilt one."""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, Engine

from tracker.adapters.sql.engine import snapshots, writing
from tracker.adapters.sql.read_models.batch import SqlBatch
from tracker.adapters.sql.read_models.generation import Generation
from tracker.domain.errors import ConflictError, TrackerError
from tracker.projections.model.feed import Feed
from tracker.projections.model.projector import BATCH

_FindGeneration = Callable[[Connection], Generation]


class RebuildOvertakenError(ConflictError):
    """Another rebuild of this read model finished first; its tables are live now."""


class ReadModelAheadError(TrackerError):
    """A read model holds events that the store lacks: an old backup was put back."""


@dataclass(frozen=True)
class Comparison:
    """The digests of the live tables and of the rebuilt tables."""

    live: str
    rebuilt: str

    @property
    def equal(self) -> bool:
        """Return whether both generations hold the same rows."""
        return self.live == self.rebuilt


class Replacement:
    """Compares a rebuilt generation with the live one, and makes the rebuilt one live."""

    def __init__(self, engine: Engine, live: _FindGeneration, rebuilt: _FindGeneration) -> None:
        """Ask `live` and `rebuilt` for the generations again in every transaction."""
        self._engine = engine
        self._find_live = live
        self._find_rebuilt = rebuilt

    def switch(self) -> None:
        """Make the rebuilt generation live without a comparison. Raise `RebuildOvertakenError`."""
        with writing(self._engine).begin() as connection:
            _, rebuilt = self._generations(connection)
            rebuilt.make_live(connection)

    def switch_if_equal(self, feed: Feed) -> Comparison:
        """Bring both generations to one position, compare them, and switch if they are equal.

        The full comparison reads a snapshot, while the live tables take new events. Then the
        positions are locked for a moment, and only the dossiers changed since are compared again.
        If the generations differ, nothing is switched and both remain for inspection.

        Raise `RebuildOvertakenError`, `ReadModelAheadError`.
        """
        with self._level_snapshot(feed) as (snapshot, live, rebuilt):
            comparison = _compared(snapshot, live, rebuilt)
        if not comparison.equal:
            return comparison
        with writing(self._engine).begin() as connection:
            live, rebuilt = self._generations(connection)
            live.lock_positions(connection)
            changed = _bring_level(connection, feed, live, rebuilt)
            final = _compared(connection, live, rebuilt, changed)
            if not final.equal:
                return final
            rebuilt.make_live(connection)
        return comparison

    @contextmanager
    def _level_snapshot(self, feed: Feed) -> Iterator[tuple[Connection, Generation, Generation]]:
        """Open a snapshot in which both generations are at the same position."""
        while True:
            with ExitStack() as stack:
                snapshot = None
                with writing(self._engine).begin() as connection:
                    live, rebuilt = self._generations(connection)
                    live.lock_positions(connection)
                    if not _bring_level(connection, feed, live, rebuilt):
                        # The lock keeps other transactions from committing a batch. The snapshot
                        # begins with its first statement, so it sees both at the same position.
                        snapshot = stack.enter_context(snapshots(self._engine).begin())
                        self._generations(snapshot)
                if snapshot is not None:
                    yield snapshot, live, rebuilt
                    return

    def _generations(self, connection: Connection) -> tuple[Generation, Generation]:
        live, rebuilt = self._find_live(connection), self._find_rebuilt(connection)
        if rebuilt.number != live.number + 1:
            raise RebuildOvertakenError
        return live, rebuilt


def _bring_level(connection: Connection, feed: Feed, *generations: Generation) -> Collection[UUID]:
    """Bring all generations to the position of the foremost. Return the dossiers changed by it."""
    changed = set[UUID]()
    for partition in feed.partitions():
        end = max(generation.position(connection, partition) for generation in generations)
        for generation in generations:
            batch = SqlBatch(connection, generation)
            while (after := generation.position(connection, partition)) < end:
                read = feed.read(partition, after=after, limit=BATCH)
                records = [record for record in read if record.position <= end]
                if not records:
                    raise ReadModelAheadError
                batch.advance(partition, after=after, last=records[-1])
                generation.projection.apply(records, batch.view)
                changed |= {record.event.originator_id for record in records}
    return changed


def _compared(
    connection: Connection,
    live: Generation,
    rebuilt: Generation,
    only: Collection[UUID] | None = None,
) -> Comparison:
    return Comparison(live.digest(connection, only), rebuilt.digest(connection, only))
