"""Importing a legacy log: what becomes of its lines, of its faults, and of a second import."""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tracker.adapters.imports.importing import ImportReport, import_log
from tracker.adapters.imports.log_lines import LogFileError
from tracker.adapters.imports.mapping import read_mapping
from tracker.adapters.imports.oddities import Example, Oddity
from tracker.adapters.imports.recent import RecentItems
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.handler import StoreUnavailableError
from tracker.application.commands.registry import read_command
from tracker.application.queries.dossier_reader import Moment
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received
from tracker.domain.dossier.events.processing import Decided, InternalStepTaken
from tracker.domain.dossier.values import Offices, Outcome, Promise, WayOfReturn
from tracker.domain.errors import TrackerError
from tracker.settings import Settings

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


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[Container]:
    with open_container(Settings(data_dir=tmp_path / "var"), now=lambda: NOW) as opened:
        yield opened


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


@pytest.fixture
def logs(tmp_path: Path, tracker: Container) -> Logs:
    return Logs(tmp_path, tracker)


def counts(report: ImportReport) -> dict[Oddity, int]:
    return {one.oddity: one.count for one in report.oddities}


# ------------------------------------------------------------- what it becomes


def test_a_dossier_is_received_stepped_through_and_decided_as_the_log_tells(logs: Logs) -> None:
    end = "2011-10-20T10:00:00+02:00"
    report = logs.take(line("old-1", "t1", end=end), line("old-1", "t2", end=end, who="R2"))
    by = Actor(Role.ADMINISTRATOR, "import:old-desk")
    dossier = logs.history("old-1")[0].originator_id
    assert logs.history("old-1") == [
        Received(
            originator_id=dossier,
            originator_version=1,
            code="old-1",
            occurred_at=datetime(2011, 10, 3, 6, 0, tzinfo=UTC),
            recorded_at=NOW,
            by=by,
            source="import:old-desk",
            event_id="old-1:received",
            channel="Desk",
            offices=Offices("Hall", "Hall", "Works"),
            procedure="PERMIT",
            procedure_version=0,
            papers=(),
            way_of_return=WayOfReturn.COLLECT,
            applicant=None,
            promise=Promise(datetime(2011, 11, 3, 7, 0, tzinfo=UTC), given=True),
        ),
        *(
            InternalStepTaken(
                originator_id=dossier,
                originator_version=version,
                code="old-1",
                occurred_at=datetime(2011, 10, 4, 7, 30, 0, 500_000, tzinfo=UTC),
                recorded_at=NOW,
                by=by,
                source="import:old-desk",
                event_id=event_id,
                name="Check",
                clerk=clerk,
                unit="",
            )
            for version, event_id, clerk in ((2, "t1", "R1"), (3, "t2", "R2"))
        ),
        Decided(
            originator_id=dossier,
            originator_version=4,
            code="old-1",
            occurred_at=datetime(2011, 10, 20, 8, 0, tzinfo=UTC),
            recorded_at=NOW,
            by=by,
            source="import:old-desk",
            event_id="old-1:decided",
            outcome=Outcome.GRANTED,
            reason=None,
            document="",
        ),
    ]
    assert report == ImportReport(
        rows=2,
        dossiers_added=1,
        steps_added=2,
        decisions_added=1,
        already_there=0,
        rejected=0,
        conflicts=0,
        rejects=None,
        oddities=(),
    )
    assert report.events_added == 4
    assert not logs.rejects.exists()


def test_a_dossier_that_comes_back_later_in_the_file_goes_on(logs: Logs) -> None:
    report = logs.take(line("old-1", "t1"), line("old-2", "t2"), line("old-1", "t3"))
    assert (report.dossiers_added, report.steps_added, report.rejected) == (2, 3, 0)
    assert logs.told("old-1") == [
        ("received", "old-1:received"),
        ("internal_step_taken", "t1"),
        ("internal_step_taken", "t3"),
    ]


def test_a_dossier_spread_over_many_batches_is_one_dossier(logs: Logs) -> None:
    end = "2011-10-20T10:00:00+02:00"
    report = logs.take(*(line("old-1", f"t{number}", end=end) for number in range(1200)))
    assert (report.dossiers_added, report.steps_added, report.decisions_added) == (1, 1200, 1)
    history = logs.history("old-1")
    assert [event.originator_version for event in history] == list(range(1, 1203))
    assert isinstance(history[-1], Decided)


def test_a_dossier_without_a_promised_date_has_no_promise(logs: Logs) -> None:
    report = logs.take(line("old-1", "t1", due=""))
    received = logs.history("old-1")[0]
    assert isinstance(received, Received)
    assert received.promise is None
    assert counts(report) == {Oddity.NO_PROMISE: 1}


def test_a_step_without_an_id_is_known_by_its_content(logs: Logs) -> None:
    first = [line("old-1", ""), line("old-1", "", who="R2")]
    later = [line("old-1", "", end="2011-10-20T10:00:00+02:00", who=who) for who in ("R1", "R2")]
    assert logs.take(*first).steps_added == 2
    report = logs.take(*later)
    assert (report.steps_added, report.decisions_added, report.already_there) == (0, 1, 2)


def test_quotes_and_line_breaks_in_a_cell_are_kept(logs: Logs) -> None:
    logs.write(line("old-1", "t1", what='"Ask ""why"",\r\nthen wait"'), line("old-1", "t2"))
    report = logs.read(logs.folder / "log.csv")
    step = logs.history("old-1")[1]
    assert isinstance(step, InternalStepTaken)
    assert (step.name, report.steps_added) == ('Ask "why",\nthen wait', 2)


def test_channels_are_renamed_only_where_the_mapping_says_so(logs: Logs) -> None:
    path = logs.write(
        line("old-1", "t1", channel="C"),
        line("old-2", "t2", channel="Desk"),
        line("old-3", "t3", channel="Pigeon"),
    )
    report = logs.read(path, mapping=MAPPING + '[channels]\n"C" = "Desk"\n')
    channels = [getattr(logs.history(f"old-{n}")[0], "channel", "") for n in (1, 2, 3)]
    assert channels == ["Desk", "Desk", "Pigeon"]
    (odd,) = report.oddities
    assert (odd.oddity, odd.count) == (Oddity.UNKNOWN_CHANNEL, 1)
    assert odd.examples == (Example(4, "old-3"),)


@pytest.mark.parametrize(
    ("encoding", "start"), [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("windows-1258", b"")]
)
def test_other_encodings_delimiters_and_times_are_read(
    logs: Logs, encoding: str, start: bytes
) -> None:
    path = logs.folder / "log.csv"
    text = (
        "nr;start;due;end;channel;id;what;who;unit;at\r\n"
        "old-1;03/10/2011 08:00;03/11/2011 08:00;;Quầy;t1;Check;R1;;04/10/2011 09:30\r\n"
    )
    if encoding != "utf-8":
        text = text.replace("Quầy", "Đê\u0301n")  # this encoding has its accents apart
    path.write_bytes(start + text.encode(encoding))
    form = f'encoding = "{encoding}"\ndelimiter = ";"\nempty = ["NONE"]\n'
    mapping = MAPPING.replace('empty = ["NONE"]\n', form).replace(
        "[dossier]", '[time]\nformat = "%d/%m/%Y %H:%M"\nzone = "Asia/Ho_Chi_Minh"\n[dossier]'
    )
    logs.read(path, mapping=mapping + '[channels]\n"Quầy" = "Desk"\n"Đến" = "Visit"\n')
    received, step = logs.history("old-1")
    assert isinstance(received, Received)
    assert received.channel == ("Desk" if encoding == "utf-8" else "Visit")
    assert received.occurred_at == datetime(2011, 10, 3, 1, 0, tzinfo=UTC)
    assert step.occurred_at == datetime(2011, 10, 4, 2, 30, tzinfo=UTC)


def test_an_officer_can_go_on_with_an_imported_dossier(logs: Logs) -> None:
    logs.take(line("old-1", "t1"))
    said = {
        "step": "decided",
        "event_id": "e1",
        "occurred_at": "2026-11-20T09:10:00+07:00",
        "code": " old-1 ",
        "outcome": "granted",
    }
    accepted = logs.tracker.post(
        Envelope(Actor(Role.STAFF, "staff-1", "Works"), read_command(said))
    )
    assert (accepted.code, accepted.version) == ("old-1", 3)


# ------------------------------------------------------------ once more, and on


def test_a_second_import_adds_nothing(logs: Logs) -> None:
    lines = [line("old-1", "t1", end="2011-10-20T10:00:00+02:00"), line("old-2", "t2")]
    logs.take(*lines)
    before = logs.history("old-1"), logs.history("old-2")
    report = logs.take(*lines)
    assert (report.events_added, report.already_there, report.rejected) == (0, 2, 0)
    assert (logs.history("old-1"), logs.history("old-2")) == before


def test_a_time_written_in_another_zone_is_the_same_time(logs: Logs) -> None:
    logs.take(line("old-1", "", end="2011-10-20T10:00:00+02:00"))
    report = logs.take(
        line(
            "old-1",
            "",
            start="2011-10-03 06:00:00Z",
            due="2011-11-03T14:00:00+07:00",
            end="2011-10-20T08:00:00.000Z",
            at="2011-10-04T07:30:00.500Z",
        )
    )
    assert (report.events_added, report.already_there, report.rejected) == (0, 1, 0)


def test_an_import_broken_off_anywhere_is_finished_by_the_next(logs: Logs, tmp_path: Path) -> None:
    lines = [
        line(f"old-{dossier}", f"{dossier}-{step}", end="2011-10-20T10:00:00+02:00")
        for dossier in range(250)
        for step in range(3)
    ]
    path = logs.write(*lines)
    mapping_file = tmp_path / "map.toml"
    mapping_file.write_text(MAPPING, encoding="utf-8")
    mapping = read_mapping(mapping_file)
    for calls in (1, 2, 3):
        left = calls

        def break_off(posts: Sequence[Envelope]) -> Sequence[Accepted | TrackerError]:
            nonlocal left
            if not left:
                raise StoreUnavailableError
            left -= 1
            return logs.tracker.handle(posts)

        with pytest.raises(StoreUnavailableError):
            import_log(path, mapping, break_off)
    report = import_log(path, mapping, logs.tracker.handle)
    assert report.rejected == 0
    for dossier in range(250):
        assert logs.told(f"old-{dossier}") == [
            ("received", f"old-{dossier}:received"),
            *(("internal_step_taken", f"{dossier}-{step}") for step in range(3)),
            ("decided", f"old-{dossier}:decided"),
        ]


def test_a_later_export_adds_only_what_is_new(logs: Logs) -> None:
    end = "2011-10-20T10:00:00+02:00"
    logs.take(line("old-1", "t1"))
    report = logs.take(line("old-1", "t1", end=end), line("old-1", "t2", end=end))
    assert (report.dossiers_added, report.steps_added, report.decisions_added) == (0, 1, 1)
    assert (report.already_there, report.rejected, report.oddities) == (1, 0, ())
    assert [step for step, _ in logs.told("old-1")] == [
        "received",
        "internal_step_taken",
        "internal_step_taken",
        "decided",
    ]


def test_a_row_that_changed_is_a_conflict_and_the_rest_goes_on(logs: Logs) -> None:
    logs.take(line("old-1", "t1"), line("old-1", "t2"))
    report = logs.take(line("old-1", "t1"), line("old-1", "t2", who="R9"), line("old-1", "t3"))
    assert (report.steps_added, report.conflicts, report.rejected) == (1, 1, 1)
    assert logs.reasons() == [("3", "conflict: this event was imported before with other content")]
    assert logs.told("old-1")[1:] == [
        ("internal_step_taken", "t1"),
        ("internal_step_taken", "t2"),
        ("internal_step_taken", "t3"),
    ]


def test_a_dossier_whose_own_columns_changed_is_a_conflict_and_its_steps_go_on(logs: Logs) -> None:
    logs.take(line("old-1", "t1", end="2011-10-20T10:00:00+02:00"))
    changed = {"due": "2011-12-24T08:00:00+01:00", "end": "2011-10-21T10:00:00+02:00"}
    report = logs.take(line("old-1", "t1", **changed), line("old-1", "t2", **changed))
    assert (report.steps_added, report.already_there, report.rejected) == (1, 1, 1)
    assert logs.reasons() == [
        (
            "2",
            (
                "conflict: its dossier was imported before with other columns; "
                "conflict: its dossier's end was imported before with other content"
            ),
        )
    ]


def test_a_dossier_of_another_origin_is_left_alone(logs: Logs) -> None:
    path = logs.write(line("old-1", "t1"))
    logs.read(path, mapping=MAPPING.replace("old-desk", "other-desk"))
    before = logs.history("old-1")
    report = logs.take(line("old-1", "t8"), line("old-1", "t9"), line("old-2", "t10"))
    assert logs.history("old-1") == before
    assert (report.dossiers_added, report.steps_added) == (1, 1)
    reason = "its dossier was not taken over: There is a dossier with this code already."
    assert logs.reasons() == [("2", reason), ("3", reason)]


# ------------------------------------------------------------ rows at fault

GOOD = line("old-2", "t2")
FAULTS = [
    ("old-1,,", "3 cells where the heading has 10"),
    (line("old-1", "t1") + ",more", "11 cells where the heading has 10"),
    (line("", "t1"), "nr is empty"),
    (line("a b", "t1"), "A legacy number has 3 to 40 letters, digits, dots, dashes or underscores"),
    (line("old-1", "t1", start=""), "start is empty"),
    (line("old-1", "t1", at="31/31/2011"), "at '31/31/2011' is not a time of the mapping's form"),
    (line("old-1", "t1", at="2011-10-04T09:30:00"), "at '2011-10-04T09:30:00' is not a time"),
    (line("old-1", "t1", due="soon"), "due 'soon' is not a time of the mapping's form"),
    (line("old-1", "t1", end="2011-02-30T00:00:00Z"), "end '2011-02-30T00:00:00Z' is not a time"),
    (line("old-1", "t1", who=""), "who is empty"),
    (line("old-1", "t1", who="R 1"), "clerk: "),
    (line("old-1", "t 1"), "event_id: "),
    (line("old-1", "t1", what="x" * 201), "name: "),
    (line("old-1", "t1", what="a\tb"), "name: "),
    (line("old-1", "t1", what="a\0b"), "there is a NUL byte in it"),
    (line("old-1", "t1", at="2027-01-01T00:00:00Z"), "This time lies in the future."),
    (line("old-1", "t1", start="2027-01-01T00:00:00Z"), "its dossier was not taken over: This"),
    (line("old-1", "t1", what='"open'), "this is not CSV: unexpected end of data"),
    (line("old-1", "t1", what='"a"b'), "this is not CSV: ',' expected after '\"'"),
    (line("old-1", "t1", what="x" * 100_000), "the line has 100000 characters or more"),
]


@pytest.mark.parametrize(("bad", "reason"), FAULTS, ids=[reason for _, reason in FAULTS])
def test_a_row_at_fault_is_rejected_with_line_and_reason_and_the_rest_is_imported(
    logs: Logs, bad: str, reason: str
) -> None:
    report = logs.take(GOOD, bad, line("old-3", "t3"), line("old-4", "t4"))
    ((number, told),) = logs.reasons()
    assert (number, told[: len(reason)]) == ("3", reason)
    assert (report.rows, report.rejected, report.steps_added) == (4, 1, 3)
    assert report.rejects == logs.rejects
    assert [logs.told(f"old-{n}")[-1][1] for n in (2, 3, 4)] == ["t2", "t3", "t4"]


def test_bytes_that_are_no_text_cost_only_their_row_and_are_kept_as_they_were(logs: Logs) -> None:
    path = logs.write(GOOD, line("old-1", "t1", what="caf?"), line("old-3", "t3"))
    path.write_bytes(path.read_bytes().replace(b"caf?", b"caf\xe9"))
    report = logs.read(path)
    assert (report.rejected, report.steps_added) == (1, 2)
    assert logs.reasons() == [("3", "there are bytes in it that are no text in this encoding")]
    assert b"caf\xe9" in logs.rejects.read_bytes()


def test_a_quote_never_closed_costs_only_its_own_line(logs: Logs) -> None:
    after = [line("old-2", f"t{number}", what='"so ""called"""') for number in range(300)]
    report = logs.take(line("old-1", "x", what='"open'), *after)
    assert (report.rows, report.rejected, report.steps_added) == (301, 1, 300)
    assert logs.rejected()[0][2] == line("old-1", "x", what='"open')


def test_a_bad_first_row_does_not_cost_its_dossier(logs: Logs) -> None:
    report = logs.take(line("old-1", "t1", at="never"), line("old-1", "t2"))
    assert (report.dossiers_added, report.steps_added, report.rejected) == (1, 1, 1)


def test_blank_lines_are_passed_over_and_counted_as_lines(logs: Logs) -> None:
    report = logs.take("", GOOD, "", "broken")
    assert (report.rows, report.steps_added) == (2, 1)
    assert logs.reasons() == [("5", "1 cells where the heading has 10")]


def test_the_lines_of_a_record_of_several_lines_are_counted(logs: Logs) -> None:
    logs.take(line("old-1", "t1", what='"a\nb\nc"'), "broken")
    assert logs.reasons() == [("5", "1 cells where the heading has 10")]


def test_rejected_rows_can_be_imported_once_put_right(logs: Logs) -> None:
    logs.take(GOOD, line("old-1", "t1", at="never", what='"a, b"'))
    righted = logs.folder / "righted.csv"
    text = logs.rejects.read_text(encoding="utf-8")
    righted.write_text(
        text.replace("never\n", "2011-10-05T08:00:00Z\n").replace("never\r\n", "2011-10-05\r\n"),
        encoding="utf-8",
    )
    mapping = MAPPING.replace("[dossier]", '[time]\nzone = "Europe/Paris"\n[dossier]')
    report = logs.read(righted, mapping=mapping)
    assert (report.dossiers_added, report.steps_added, report.rejected) == (1, 1, 0)


def test_what_an_earlier_import_rejected_is_not_left_lying_about(logs: Logs) -> None:
    logs.take("broken")
    assert logs.rejects.exists()
    assert logs.take(GOOD).rejects is None
    assert not logs.rejects.exists()


# ------------------------------------------------------------- the whole file


def test_a_file_without_a_column_of_the_mapping_is_refused(logs: Logs) -> None:
    path = logs.write(GOOD, heading=HEADING.replace(",who,", ",clerk,").replace("id", "nr"))
    with pytest.raises(
        LogFileError, match=r"'id' is missing.*'who' is missing.*'nr' is there twice"
    ):
        logs.read(path)


def test_an_empty_file_is_refused(logs: Logs) -> None:
    path = logs.folder / "log.csv"
    path.touch()
    with pytest.raises(LogFileError, match=r"log\.csv is empty"):
        logs.read(path)


def test_a_file_that_is_not_there_is_refused(logs: Logs) -> None:
    with pytest.raises(LogFileError, match="No such file"):
        logs.read(logs.folder / "none.csv")


def test_the_reject_file_may_not_be_the_log_itself(logs: Logs, tmp_path: Path) -> None:
    path = logs.write(GOOD)
    mapping = tmp_path / "map.toml"
    mapping.write_text(MAPPING, encoding="utf-8")
    with pytest.raises(LogFileError, match="may not be the file that is imported"):
        import_log(path, read_mapping(mapping), logs.tracker.handle, rejects=path)
    assert path.read_text(encoding="utf-8").endswith(GOOD + "\n")


def test_progress_ends_with_the_size_of_the_file(logs: Logs, tmp_path: Path) -> None:
    path = logs.write(*(line("old-1", f"t{number}") for number in range(1500)))
    mapping = tmp_path / "map.toml"
    mapping.write_text(MAPPING, encoding="utf-8")
    seen: list[int] = []
    import_log(path, read_mapping(mapping), logs.tracker.handle, progress=seen.append)
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[-1] == path.stat().st_size


# ------------------------------------------------------------------- oddities


def test_oddities_are_imported_as_they_are_counted_and_shown(logs: Logs) -> None:
    end = "2011-10-20T10:00:00+02:00"
    report = logs.take(
        line("old-1", "t1", end=end, at="2011-10-03T05:59:59Z"),
        line("old-1", "t2", end=end, at="2011-10-20T08:00:01Z"),
        line("old-1", "t3", end=end, at="2011-10-20T08:00:00Z"),
        line("old-2", "t4", end="2011-10-01T10:00:00+02:00"),
        line("old-3", "t5", due="2011-10-01T10:00:00+02:00"),
        line("old-4", "t6"),
        line("old-4", "t7", channel="Post"),
        line("old-4", "t8", end=end),
        line("old-4", "t6"),
    )
    found = {
        one.oddity: (one.count, [shown.line for shown in one.examples]) for one in report.oddities
    }
    assert found == {
        Oddity.EVENT_BEFORE_START: (1, [2]),
        Oddity.EVENT_AFTER_END: (2, [3, 5]),
        Oddity.END_BEFORE_START: (1, [5]),
        Oddity.PROMISE_BEFORE_START: (1, [6]),
        Oddity.DISAGREEING: (3, [8, 9, 10]),
        Oddity.REPEATED: (1, [10]),
    }
    assert (report.steps_added, report.decisions_added, report.rejected) == (8, 3, 0)
    assert report.already_there == 0


def test_no_more_than_a_few_examples_are_kept(logs: Logs) -> None:
    early = "2011-10-01T00:00:00Z"
    report = logs.take(*(line("old-1", f"t{number}", at=early) for number in range(9)))
    (odd,) = report.oddities
    assert (odd.count, len(odd.examples)) == (9, 5)


def test_a_dossier_ended_on_a_later_row_is_decided_once(logs: Logs) -> None:
    end = "2011-10-20T10:00:00+02:00"
    lines = [line("old-1", "t1"), line("old-1", "t2", end=end), line("old-1", "t3", end=end)]
    assert logs.take(*lines).decisions_added == 1
    assert logs.take(*lines).events_added == 0


def test_what_was_not_asked_for_in_a_long_time_is_forgotten() -> None:
    recent: RecentItems[int] = RecentItems(2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
