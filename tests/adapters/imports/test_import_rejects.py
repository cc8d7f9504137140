"""A row with an error is rejected with its line and reason; the rest is imported."""

import pytest

from tests.adapters.imports.import_spec import GOOD, MAPPING, Logs, line

FAULTS = [
    ("old-1,,", "3 cells where the heading has 10"),
    (line("old-1", "t1") + ",more", "11 cells where the heading has 10"),
    (line("", "t1"), "nr is empty"),
    (line("a b", "t1"), "A legacy number has 3 to 40 letters, digits, dots, dashes or underscores"),
    (line("old-1", "t1", start=""), "start is empty"),
    (line("old-1", "t1", at="31/31/2011"), "at '31/31/2011' is not a time in the mapping's format"),
    (line("old-1", "t1", at="2011-10-04T09:30:00"), "at '2011-10-04T09:30:00' is not a time"),
    (line("old-1", "t1", due="soon"), "due 'soon' is not a time in the mapping's format"),
    (line("old-1", "t1", end="2011-02-30T00:00:00Z"), "end '2011-02-30T00:00:00Z' is not a time"),
    (line("old-1", "t1", who=""), "who is empty"),
    (line("old-1", "t1", who="R 1"), "clerk: "),
    (line("old-1", "t 1"), "event_id: "),
    (line("old-1", "t1", what="x" * 201), "name: "),
    (line("old-1", "t1", what="a\tb"), "name: "),
    (line("old-1", "t1", what="a\0b"), "it contains a NUL byte"),
    (line("old-1", "t1", at="2027-01-01T00:00:00Z"), "This time lies in the future."),
    (line("old-1", "t1", start="2027-01-01T00:00:00Z"), "its dossier was not imported: This"),
    (line("old-1", "t1", what='"open'), "this is not CSV: unexpected end of data"),
    (line("old-1", "t1", what='"a"b'), "this is not CSV: ',' expected after '\"'"),
    (line("old-1", "t1", what="x" * 100_000), "the line has 100000 characters or more"),
]


@pytest.mark.parametrize(("bad", "reason"), FAULTS, ids=[reason for _, reason in FAULTS])
def test_a_row_at_fault_is_rejected_with_line_and_reason_and_the_rest_is_imported(
    logs: Logs, bad: str, reason: str
) -> None:
    report = logs.take(GOOD, bad, line("old-3", "t3"), line("old-4", "t4"))
    ((number, actual_reason),) = logs.reasons()
    assert (number, actual_reason[: len(reason)]) == ("3", reason)
    assert (report.rows, report.rejected, report.steps_added) == (4, 1, 3)
    assert report.rejects == logs.rejects
    assert [logs.told(f"old-{n}")[-1][1] for n in (2, 3, 4)] == ["t2", "t3", "t4"]


def test_bytes_that_are_no_text_cost_only_their_row_and_are_kept_as_they_were(logs: Logs) -> None:
    path = logs.write(GOOD, line("old-1", "t1", what="caf?"), line("old-3", "t3"))
    path.write_bytes(path.read_bytes().replace(b"caf?", b"caf\xe9"))
    report = logs.read(path)
    assert (report.rejected, report.steps_added) == (1, 2)
    assert logs.reasons() == [("3", "it contains bytes that are not text in this encoding")]
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
