"""A second import of the same log, or of a longer one, adds only what is new."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.adapters.imports.import_spec import MAPPING, Logs, line
from tracker.adapters.imports.importing import import_log
from tracker.adapters.imports.mapping import read_mapping
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.handler import StoreUnavailableError
from tracker.domain.errors import TrackerError


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
    reason = "its dossier was not imported: There is a dossier with this code already."
    assert logs.reasons() == [("2", reason), ("3", reason)]
