"""Importing a legacy log: what becomes of its lines, of its faults, and of a second import."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.adapters.imports.import_spec import GOOD, HEADING, MAPPING, NOW, Logs, line
from tracker.adapters.imports.importing import ImportReport, import_log
from tracker.adapters.imports.log_lines import LogFileError
from tracker.adapters.imports.mapping import read_mapping
from tracker.adapters.imports.oddities import Example, Oddity
from tracker.adapters.imports.recent import RecentItems
from tracker.application.commands.envelope import Envelope
from tracker.application.commands.registry import read_command
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.events.intake import Received
from tracker.domain.dossier.events.processing import Decided, InternalStepTaken
from tracker.domain.dossier.values import Offices, Outcome, Promise, WayOfReturn


def counts(report: ImportReport) -> dict[Oddity, int]:
    return {one.oddity: one.count for one in report.oddities}


# what it becomes


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


# the whole file


def test_a_file_without_a_column_of_the_mapping_is_refused(logs: Logs) -> None:
    path = logs.write(GOOD, heading=HEADING.replace(",who,", ",clerk,").replace("id", "nr"))
    with pytest.raises(LogFileError, match=r"'id' is missing.*'who' is missing.*'nr' exists twice"):
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
    with pytest.raises(LogFileError, match="must not be the file to import"):
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


# oddities


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
