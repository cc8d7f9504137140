"""A log of another program, as a file, and its import."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from tracker.adapters.imports.importing import ImportReport, import_log
from tracker.adapters.imports.mapping import read_mapping
from tracker.application.queries.dossier_reader import Moment
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.events.event import Event

ADMINISTRATOR = Actor(Role.ADMINISTRATOR, "adm-1")


NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


HEADING = "nr,start,due,end,channel,id,what,who,unit,at"


MAPPING = """\
source = "old-desk"
[file]
empty = ["NONE"]
[dossier]
code = "nr"
received_at = "start"
promised_at = "due"
finished_at = "end"
channel = "channel"
procedure = { constant = "PERMIT" }
outcome = "granted"
way_of_return = "collect"
[offices]
helped_at = { constant = "Hall" }
received_at = { constant = "Hall" }
decided_by = { column = "unit", constant = "Works" }
[step]
event_id = "id"
name = "what"
clerk = "who"
unit = "unit"
occurred_at = "at"
"""


def line(
    nr: str,
    event_id: str,
    *,
    start: str = "2011-10-03T08:00:00+02:00",
    due: str = "2011-11-03T08:00:00+01:00",
    end: str = "",
    channel: str = "Desk",
    what: str = "Check",
    who: str = "R1",
    at: str = "2011-10-04T09:30:00.5+02:00",
) -> str:
    return f"{nr},{start},{due},{end},{channel},{event_id},{what},{who},NONE,{at}"


class Logs:
    """Writes logs and imports them."""

    def __init__(self, folder: Path, opened: Container) -> None:
        self.folder = folder
        self.tracker = opened.tracker
        self.reader = opened.reader
        self.rejects = folder / "log.rejected.csv"

    def write(self, *lines: str, heading: str = HEADING) -> Path:
        path = self.folder / "log.csv"
        path.write_text("".join(f"{one}\n" for one in (heading, *lines)), encoding="utf-8")
        return path

    def read(self, path: Path, *, mapping: str = MAPPING) -> ImportReport:
        file = self.folder / "map.toml"
        file.write_text(mapping, encoding="utf-8")
        return import_log(path, read_mapping(file), self.tracker.handle)

    def take(self, *lines: str) -> ImportReport:
        return self.read(self.write(*lines))

    def history(self, code: str) -> list[Event]:
        return self.reader.history(ADMINISTRATOR, code, Moment())

    def told(self, code: str) -> list[tuple[str, str]]:
        return [(event.step.value, event.event_id) for event in self.history(code)]

    def rejected(self) -> list[list[str]]:
        with self.rejects.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return list(csv.reader(file))[1:]

    def reasons(self) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in self.rejected()]


GOOD = line("old-2", "t2")
