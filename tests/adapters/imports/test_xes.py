"""Importing XES: the same log as CSV would be, and nothing at all of a file that attacks."""

import csv
import gzip
import io
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tracker.adapters.imports.importing import ImportReport, import_log
from tracker.adapters.imports.log_lines import LogFileError, Record
from tracker.adapters.imports.mapping import read_mapping
from tracker.adapters.imports.oddities import Oddity
from tracker.adapters.imports.opening import bytes_to_read
from tracker.adapters.imports.xes import read_events
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.event import Event
from tracker.serialization import decode
from tracker.settings import Settings

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MAPPING = """\
source = "old-desk"
[dossier]
code = "case:nr"
received_at = "case:start"
finished_at = "case:end"
channel = "case:channel"
procedure = { constant = "PERMIT" }
outcome = "granted"
way_of_return = "collect"
[offices]
helped_at = { constant = "Hall" }
received_at = { constant = "Hall" }
decided_by = { constant = "Works" }
[step]
event_id = "id"
name = "concept:name"
clerk = "who"
unit = "unit"
occurred_at = "time:timestamp"
"""
COLUMNS = ["case:nr", "case:start", "case:end", "case:channel"]
OWN = ["id", "concept:name", "who", "unit", "time:timestamp"]
START = "2011-10-03T08:00:00+02:00"
ROWS = [
    [
        "old-1",
        START,
        "2011-10-20T10:00:00+02:00",
        "Desk",
        "t1",
        "Kiểm <tra> & ký",
        "R1",
        "G",
        START,
    ],
    ["old-1", START, "2011-10-20T10:00:00+02:00", "Desk", "t2", "Sign", "R2", "", START],
    ["old-2", START, "", "Post", "t3", "Check", "R1", "G", START],
]


def attribute(key: str, value: str) -> str:
    shown = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return f'<string key="{key}" value="{shown}"/>'


def xes(rows: Sequence[Sequence[str]], *, between: str = "\n") -> str:
    """The log of these rows; rows of one dossier are consecutive."""
    parts, last = ['<?xml version="1.0" encoding="UTF-8"?>', '<log xes.version="1849-2016">'], ""
    for row in rows:
        if row[0] != last:
            parts += ["</trace>"] * bool(last) + ["<trace>"]
            parts += [
                attribute(key[5:], one) for key, one in zip(COLUMNS, row, strict=False) if one
            ]
        last = row[0]
        own = zip(OWN, row[len(COLUMNS) :], strict=True)
        parts += ["<event>", *(attribute(key, one) for key, one in own if one), "</event>"]
    return between.join([*parts, "</trace>", "</log>"])


class Logs:
    def __init__(self, folder: Path, opened: Container) -> None:
        self.folder = folder
        self.store = opened.tracker.store
        self.handle = opened.tracker.handle
        (folder / "map.toml").write_text(MAPPING, encoding="utf-8")

    def take(self, name: str, content: bytes) -> ImportReport:
        path = self.folder / name
        path.write_bytes(content)
        return import_log(path, read_mapping(self.folder / "map.toml"), self.handle)

    def history(self, code: str) -> list[Event]:
        stored = self.store.select_events(dossier_id(code))
        return [decode(one.topic, one.state) for one in stored]

    def rejected(self) -> list[list[str]]:
        text = (self.folder / "log.rejected.csv").read_text(encoding="utf-8")
        return list(csv.reader(io.StringIO(text)))


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Logs]:
    with open_container(Settings(data_dir=tmp_path / "var"), now=lambda: NOW) as opened:
        yield Logs(tmp_path, opened)


def test_a_log_in_xes_zipped_or_not_becomes_what_it_becomes_as_csv(logs: Logs) -> None:
    table = io.StringIO()
    csv.writer(table).writerows([[*COLUMNS, *OWN], *ROWS])
    report = logs.take("log.csv", table.getvalue().encode())
    assert (report.dossiers_added, report.steps_added, report.decisions_added) == (2, 3, 1)
    step = logs.history("old-1")[1]
    assert getattr(step, "name", "") == "Kiểm <tra> & ký"
    # Were a single cell another one, there would be a conflict.
    for name, content in (
        ("log.xes", xes(ROWS).encode()),
        ("log.XES.gz", gzip.compress(xes(ROWS).encode())),
        ("log.xes", gzip.compress(xes(ROWS, between="").encode("utf-8"))),
    ):
        report = logs.take(name, content)
        assert (report.rows, report.already_there, report.events_added) == (3, 3, 0)
        assert [odd.oddity for odd in report.oddities] == [Oddity.NO_PROMISE]


def test_what_the_log_says_beside_is_passed_over(logs: Logs) -> None:
    log_text = xes(ROWS).replace(
        '<log xes.version="1849-2016">',
        '<x:log xmlns:x="http://www.xes-standard.org/"><extension name="Concept"/>'
        '<global scope="trace"><string key="nr" value="wrong"/></global>'
        '<string key="nr" value="wrong"/><!-- nothing -->',
    )
    log_text = log_text.replace("</log>", "</x:log>").replace(
        '<string key="id" value="t1"/>',
        '<string key="id" value="t1"><string key="who" value="wrong"/></string>'
        '<list key="more"><values><string key="who" value="wrong"/></values></list>',
    )
    assert logs.take("log.xes", log_text.encode()).steps_added == 3
    assert [getattr(one, "clerk", "") for one in logs.history("old-1")] == ["", "R1", "R2", ""]


def test_rejected_events_can_be_put_right_and_imported_by_the_same_mapping(logs: Logs) -> None:
    rows = [list(row) for row in ROWS]
    rows[0][-1], rows[1][-3] = "yesterday", ""
    report = logs.take("log.xes", xes(rows, between="").encode())  # two faults on one line
    assert (report.steps_added, report.rejected) == (1, 2)
    heading, *rejected = logs.rejected()
    assert [row[1] for row in rejected] == [
        "time:timestamp 'yesterday' is not a time in the mapping's format",
        "who is empty",
    ]
    repaired = [[cell.replace("yesterday", START) or "R2" for cell in row] for row in rejected]
    table = io.StringIO()
    csv.writer(table).writerows([heading, *repaired])
    assert logs.take("again.csv", table.getvalue().encode()).steps_added == 2


def test_an_event_is_named_by_the_line_it_begins_on(logs: Logs) -> None:
    rows = [list(row) for row in ROWS]
    rows[2][-1] = "never"
    log_text = xes(rows)
    logs.take("log.xes", log_text.encode())
    line = log_text[: log_text.rindex("<event>")].count("\n") + 1
    assert logs.rejected()[1][0] == str(line)


def test_a_key_that_is_there_twice_rejects_its_event_only(logs: Logs) -> None:
    log_text = xes(ROWS).replace(
        attribute("id", "t2"), attribute("id", "t2") + attribute("id", "t9")
    )
    report = logs.take("log.xes", log_text.encode())
    assert (report.steps_added, report.rejected) == (2, 1)
    assert logs.rejected()[1][1] == "id exists twice"


def test_an_event_outside_of_every_trace_is_no_part_of_the_one_before(logs: Logs) -> None:
    stray = "".join(attribute(key, one) for key, one in zip(OWN, ROWS[0][4:], strict=True))
    log_text = xes(ROWS[2:]).replace("</log>", f"<event>{stray}</event></log>")
    report = logs.take("log.xes", log_text.encode())
    assert (report.steps_added, report.rejected) == (1, 1)
    assert logs.rejected()[1][1] == "case:nr is empty"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
GOOD = xes(ROWS)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f'<!DOCTYPE log [<!ENTITY l0 "ha">{LAUGHS}]><log>&l9;</log>', "declares"),
        (f'<!DOCTYPE log [<!ENTITY a "{"a" * 90_000}">]><log>{"&a;" * 9}</log>', "declares"),
        ('<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]><log>&x;</log>', "declares"),
        ('<!DOCTYPE log [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><log/>', "declares"),
        ('<!DOCTYPE log SYSTEM "http://127.0.0.1:9/log.dtd"><log/>', "declares"),
        ('<!DOCTYPE log [<!ATTLIST string value CDATA "x">]><log/>', "declares"),
        (GOOD.replace("<event>", "<event>&undeclared;", 1), "undefined entity"),
        (GOOD.replace("t1", "a" * 3_000_000), "longer than"),
        (GOOD.replace("<event>", f"<!--{'a' * 3_000_000}--><event>", 1), "longer than"),
        (GOOD.replace("<event>", "<list>" * 60, 1), "nested deeper"),
        (GOOD.replace("</log>", ""), "no element found"),
        (GOOD[: GOOD.rindex("t3")], "unclosed token"),
        (
            GOOD.replace("</trace>\n</log>", attribute("nr", "x") + "</trace></log>"),
            "follows its events",
        ),
        ("", "no element found"),
        ("case:nr,id\n1,2\n", "syntax error"),
        ("<html></html>", "begins with <html>"),
        ('<?xml version="1.0" encoding="shift_jis"?><log/>', "encoding"),
    ],
)
def test_a_file_that_attacks_or_is_not_whole_changes_nothing(
    logs: Logs, content: str, why: str
) -> None:
    for name, raw in (
        ("log.xes", content.encode()),
        ("log.xes.gz", gzip.compress(content.encode())),
    ):
        with pytest.raises(LogFileError, match=why):
            logs.take(name, raw)
    assert logs.store.max_notification_id() is None
    assert not list(logs.folder.glob("*.rejected.csv"))


def test_a_long_file_that_breaks_off_at_its_end_changes_nothing(logs: Logs) -> None:
    """More is read before the fault than is stored at once."""
    long = xes([[*ROWS[0][:4], f"t{number}", *ROWS[0][5:]] for number in range(1200)]).encode()
    with pytest.raises(LogFileError, match="no element found"):
        logs.take("log.xes", long.removesuffix(b"</log>"))
    with pytest.raises(LogFileError, match="incomplete"):
        logs.take("log.xes.gz", gzip.compress(long)[:-20])
    assert logs.store.max_notification_id() is None


class Endless(io.BufferedIOBase):
    """A file that goes on for ever after its beginning."""

    def __init__(self, beginning: bytes, on: bytes) -> None:
        self.given = 0
        self._beginning = beginning
        self._on = on

    def read(self, size: int | None = -1, /) -> bytes:
        assert size
        self.given += size
        assert self.given < 3_000_000
        start, self._beginning = self._beginning, b""
        return start + self._on * (size // len(self._on))


@pytest.mark.parametrize("beginning", ['<log><string key="', "<log><!--", "<log><"])
def test_a_piece_without_an_end_is_not_waited_for(beginning: str) -> None:
    file = Endless(beginning.encode(), b"a")
    with pytest.raises(LogFileError, match="longer than"):
        list(read_events(file, COLUMNS))


def test_memory_does_not_grow_with_the_log() -> None:
    def peak(traces: int) -> int:
        rows = ([f"old-{number // 8}", *ROWS[0][1:]] for number in range(8 * traces))
        file = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(xes(list(rows)).encode())))
        tracemalloc.start()
        counted = sum(1 for _ in read_events(file, [*COLUMNS, *OWN]))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert counted == 1 + 8 * traces
        return most

    assert peak(4000) < 1.2 * peak(400)


def test_progress_ends_at_all_that_is_to_be_read(logs: Logs) -> None:
    path = logs.folder / "log.xes"
    path.write_text(xes(ROWS), encoding="utf-8")
    done: list[int] = []
    mapping = read_mapping(logs.folder / "map.toml")
    import_log(path, mapping, logs.handle, progress=done.append)
    assert done == sorted(done)
    assert done[-1] == bytes_to_read(path) == 2 * path.stat().st_size


def test_a_heading_of_the_columns_asked_for_comes_first() -> None:
    file = io.BytesIO(xes(ROWS[2:]).encode())
    assert list(read_events(file, ["id", "case:end", "case:nr"])) == [
        Record(1, ["id", "case:end", "case:nr"]),
        Record(7, ["t3", "", "old-2"]),
    ]
