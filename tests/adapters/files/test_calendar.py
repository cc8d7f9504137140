from datetime import date
from pathlib import Path

import pytest

import tracker
from tracker.adapters.files.calendar import FILE, CalendarFileError, load_calendar
from tracker.domain.deadlines.calendar import DayKind

HANOI = Path(tracker.__file__).parent / "data" / "hanoi"
HEADER = "on,works,name,decided_on,citation\n"


def written(directory: Path, text: str) -> Path:
    (directory / FILE).write_text(text, encoding="utf-8")
    return directory


def test_hanoi_knows_the_swap_of_new_year_2026_and_since_when() -> None:
    calendar = load_calendar(HANOI)
    assert calendar.add_working_days(date(2025, 12, 31), 1) == date(2026, 1, 5)
    assert calendar.add_working_days(date(2026, 1, 5), 5) == date(2026, 1, 10)
    then = calendar.as_known(date(2025, 12, 24))
    assert then.add_working_days(date(2025, 12, 31), 1) == date(2026, 1, 2)
    assert then.add_working_days(date(2026, 1, 5), 5) == date(2026, 1, 12)


def test_every_change_in_hanois_file_is_cited() -> None:
    changes = load_calendar(HANOI).changes
    assert [change.on for change in changes] == [date(2026, 1, 2), date(2026, 1, 10)]
    assert all(change.citation and change.name for change in changes)


def test_the_horizon_is_2020_to_2035_and_can_be_narrowed(tmp_path: Path) -> None:
    calendar = load_calendar(HANOI)
    assert (calendar.first, calendar.last) == (date(2020, 1, 1), date(2035, 12, 31))
    narrow = load_calendar(written(tmp_path, HEADER), first_year=2025, last_year=2026)
    assert (narrow.first, narrow.last) == (date(2025, 1, 1), date(2026, 12, 31))
    assert narrow.worked_days == {date(2025, 4, 26), date(2026, 8, 22)}


def test_the_zone_is_that_of_vietnam_and_holidays_have_vietnamese_names() -> None:
    calendar = load_calendar(HANOI)
    assert calendar.zone.key == "Asia/Ho_Chi_Minh"
    reason = calendar.why(date(2026, 2, 17))
    assert reason is not None
    assert (reason.kind, reason.name) == (DayKind.HOLIDAY, "Tết Nguyên Đán")


def test_the_version_does_not_depend_on_where_the_directory_was_named_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    version = load_calendar(HANOI).version
    monkeypatch.chdir(HANOI)
    assert load_calendar(Path()).version == version


def test_all_faults_of_a_file_are_told_at_once_each_with_file_and_line(tmp_path: Path) -> None:
    directory = written(
        tmp_path,
        HEADER
        + "2026-13-02,no,A,2025-12-25,c\n"
        + "2026-01-10,perhaps,A,2025-12-25,c\n"
        + "2026-01-11,yes,,20251225,\n"
        + "2062-01-12,yes,A,2025-12-25,c\n"
        + "\n"
        + "2026-01-13,yes,A\n"
        + "2026-01-14,yes,A,2025-12-25,c\n"
        + "2026-01-14,no,A,2025-12-25,c\n",
    )
    with pytest.raises(CalendarFileError) as caught:
        load_calendar(directory)
    path = directory / FILE
    assert caught.value.problems == (
        f"{path}:2: on is not a day YYYY-MM-DD: '2026-13-02'",
        f"{path}:3: works is neither yes nor no: 'perhaps'",
        f"{path}:4: name is empty",
        f"{path}:4: citation is empty",
        f"{path}:4: decided_on is not a day YYYY-MM-DD: '20251225'",
        f"{path}:5: 2062-01-12 is outside 2020-01-01 to 2035-12-31",
        f"{path}:7: 3 cells instead of 5",
        f"{path}:9: 2026-01-14 is decided twice on 2025-12-25",
    )
    assert str(caught.value) == "\n".join(caught.value.problems)


@pytest.mark.parametrize("text", ["", "on,works\n", "name,on,works,decided_on,citation\n"])
def test_other_columns_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CalendarFileError, match=r"calendar_changes\.csv:1: the columns must be"):
        load_calendar(written(tmp_path, text))


def test_a_broken_quote_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(CalendarFileError, match=r"calendar_changes\.csv:2: "):
        load_calendar(written(tmp_path, HEADER + '2026-01-14,yes,"A,2025-12-25,c\n'))


def test_a_file_that_is_missing_or_no_utf_8_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(CalendarFileError, match=r"calendar_changes\.csv: cannot be read"):
        load_calendar(tmp_path)
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CalendarFileError, match=r"calendar_changes\.csv: cannot be read"):
        load_calendar(tmp_path)


def test_a_byte_order_mark_as_spreadsheets_write_it_does_no_harm(tmp_path: Path) -> None:
    calendar = load_calendar(written(tmp_path, "\ufeff" + HEADER))
    assert calendar.changes == ()
