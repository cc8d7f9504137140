"""An event store on SQLite that can be filled as `restore` asks for it."""

from collections.abc import Sequence

from eventsourcing.persistence import Notification

from tracker.adapters.sql.sqlite_store import SQLiteDossierRecorder
from tracker.application.ports import Request

Row = tuple[object, ...]


class Restorable:
    """Fills a recorder's tables."""

    def __init__(self, recorder: SQLiteDossierRecorder) -> None:
        self._recorder = recorder

    def max_notification_id(self) -> int | None:
        return self._recorder.max_notification_id()

    def restore_events(self, events: Sequence[Notification], requests: Sequence[Request]) -> None:
        with self._recorder.datastore.transaction(commit=True) as c:
            c.executemany(
                "INSERT INTO stored_events VALUES (?,?,?,?,?)",
                [
                    (one.id, one.originator_id.hex, one.originator_version, one.topic, one.state)  # type: ignore[union-attr]
                    for one in events
                ],
            )
            c.executemany(
                "INSERT OR REPLACE INTO requests VALUES (?,?,?,?,?,?)",
                [(*one.key, one.digest, one.code, one.version, one.position) for one in requests],
            )


def rows(recorder: SQLiteDossierRecorder, query: str) -> list[Row]:
    with recorder.datastore.transaction(commit=False) as c:
        c.execute(query)
        return [tuple(row) for row in c.fetchall()]
