"""The embedded installation as a real process: SQLite, no Kafka."""

import contextlib
import sqlite3
import time
from collections import Counter
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from tests.commands import bare_environment
from tests.faults.cluster import DESK, ROOT, Program, is_ready, run_tracker, wait_for


class Embedded:
    """`tracker serve` with a data directory. The context manager starts and kills it."""

    def __init__(self, directory: Path, data: Path, port: int, *, views: Path | None) -> None:
        self._data = data
        self._port = port
        self._environment = {
            **bare_environment(),
            "PYTHONPATH": str(ROOT),
            "TRACKER_DATA_DIR": str(data),
            "TRACKER_VIEWS_URL": f"sqlite:///{views}" if views else "",
        }
        self._open = True
        self.program = Program(
            "embedded", directory, ["serve", "--port", str(port)], self._environment
        )
        self.keys: dict[str, str] = {}

    def __enter__(self) -> Self:
        output = self._run("keys", "make", "--role", "staff", "--actor", DESK, "--office", "CN05")
        self.keys = {DESK: output.split()[-1]}
        self.program.start()
        Thread(target=self._restart_program, daemon=True).start()
        wait_for(self.ready, "the service is ready")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open = False
        self.program.kill()

    def ready(self) -> bool:
        return is_ready(self._port)

    def check(self, *, events: int) -> None:
        """Stop the service and check the database file."""
        self.program.stop()
        with contextlib.closing(sqlite3.connect(self._data / "events.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            ids = connection.execute(
                "SELECT json_extract(CAST(state AS TEXT), '$.event_id') FROM stored_events"
            ).fetchall()
            codes = connection.execute("SELECT code FROM requests").fetchall()
        assert len(ids) == events
        assert Counter(ids).most_common(1)[0][1] == 1
        assert len(codes) == events
        self._run("verify")
        assert self._run("rebuild").count(": equal") == 5

    def _run(self, *arguments: str) -> str:
        return run_tracker(arguments, self._environment).stdout

    def _restart_program(self) -> None:
        while self._open:
            self.program.restart_if_ended()
            time.sleep(0.1)
