"""Faults of a data file as a whole and between its rows, each reported with file and line."""

from datetime import date
from pathlib import Path

import pytest

from tests.adapters.files.hanoi_files import append, copy_of_hanoi, edit, line_of, problems
from tracker.adapters.files.catalogue import load_catalogue
from tracker.adapters.files.network import load_network
from tracker.domain.network.network import OfficeKind


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return copy_of_hanoi(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "offices.csv",
        "partners.csv",
        "collaborators.csv",
        "timetable.csv",
        "procedures.csv",
        "papers.csv",
        "agent_openings.csv",
    ],
)
def test_a_missing_file_is_named_and_nothing_else_is_blamed(files: Path, name: str) -> None:
    (files / name).unlink()
    assert problems(files) == (f"{name}: the file cannot be read: No such file or directory",)


def test_a_missing_and_an_unknown_column_are_both_named(files: Path) -> None:
    edit(files / "offices.csv", "id,", "phone", "fone")
    assert problems(files) == (
        "offices.csv:1: column 'fone' is unknown",
        "offices.csv:1: column phone is missing",
    )


def test_a_column_that_is_there_twice_is_refused(files: Path) -> None:
    edit(files / "partners.csv", "id,", "name", "name,name")
    assert problems(files) == ("partners.csv:1: column name exists twice",)


def test_an_empty_file_has_no_columns(files: Path) -> None:
    (files / "papers.csv").write_text("")
    assert problems(files)[0] == "papers.csv:1: column form is missing"


def test_text_that_is_not_utf_8_is_refused_on_its_line(files: Path) -> None:
    path = files / "partners.csv"
    number = line_of(path, "VNPT,")
    lines = path.read_bytes().split(b"\n")
    lines[number - 1] = lines[number - 1].decode().encode("utf-16")
    path.write_bytes(b"\n".join(lines))
    assert problems(files) == (f"partners.csv:{number}: the text is not UTF-8",)


def test_a_decomposed_name_is_refused(files: Path) -> None:
    number = edit(files / "offices.csv", "SO-YTE,", "Sở", "Sơ\u0309")
    assert problems(files) == (f"offices.csv:{number}: name is not in Unicode form NFC",)


@pytest.mark.parametrize(
    ("name", "lines_more"),
    [('"Sở\nY tế"', 1), ("Sở\u2028Y tế", 0), ("Sở\x85Y tế", 0), ("Sở\u202eY tế", 0)],
)
def test_an_invisible_character_is_refused_and_later_lines_keep_their_numbers(
    files: Path,
    name: str,
    lines_more: int,
) -> None:
    path = files / "offices.csv"
    later = edit(path, "CA-HANOI,", "2024-10-24", "soon") + lines_more
    number = line_of(path, "SO-YTE,")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Sở Y tế", name), encoding="utf-8")
    assert problems(files) == (
        f"offices.csv:{number}: name contains an invisible character",
        f"offices.csv:{later}: valid_from 'soon' is not a date like 2025-12-31",
    )


def test_a_quote_left_open_is_refused_where_its_row_begins_and_nothing_else_is_blamed(
    files: Path,
) -> None:
    number = edit(files / "offices.csv", "CN12,", "Chi nhánh", '"Chi nhánh')
    (fault,) = problems(files)
    assert fault.startswith(f"offices.csv:{number}: this is not CSV: ")


def test_a_row_with_a_cell_too_many_is_refused(files: Path) -> None:
    number = edit(files / "partners.csv", "BIDV,", "BIDV,", "BIDV,,")
    assert problems(files) == (f"partners.csv:{number}: 6 cells where the heading has 5",)


@pytest.mark.parametrize("wrong", ["31/12/2024", "2025-02-30", "20241024", "2024-W43-4"])
def test_a_wrong_date_is_refused(files: Path, wrong: str) -> None:
    number = edit(files / "offices.csv", "KIOSK-01,", "2024-10-24", wrong)
    assert problems(files) == (
        f"offices.csv:{number}: valid_from '{wrong}' is not a date like 2025-12-31",
    )


def test_a_last_day_before_the_first_is_refused(files: Path) -> None:
    number = edit(files / "offices.csv", "KIOSK-06,", "2024-10-24", "2026-07-01")
    assert problems(files) == (
        f"offices.csv:{number}: valid_to 2026-06-30 lies before valid_from 2026-07-01",
    )


def test_all_faults_of_all_files_are_told_at_once_by_file_and_line(files: Path) -> None:
    later = edit(files / "offices.csv", "KIOSK-02,", "2024-10-24", "soon")
    first = edit(files / "offices.csv", "CN02,", "branch,Chi nhánh số 2", "brench,")
    paper = edit(files / "papers.csv", "1.000656,1", "original", "clay")
    assert problems(files) == (
        f"offices.csv:{first}: kind 'brench' is none of " + ", ".join(OfficeKind),
        f"offices.csv:{first}: name is empty",
        f"offices.csv:{later}: valid_from 'soon' is not a date like 2025-12-31",
        f"papers.csv:{paper}: form 'clay' is none of original, certified_copy, copy",
    )


def test_a_row_that_is_there_twice_is_refused(files: Path) -> None:
    faults = []
    for name, start in (
        ("collaborators.csv", "CTV-BAVI-01,"),
        ("papers.csv", "1.000656,1,Giấy"),
        ("partners.csv", "VNPT,"),
        ("procedures.csv", "1.000656,1,"),
    ):
        path = files / name
        first = line_of(path, start)
        line = path.read_text(encoding="utf-8").splitlines()[first - 1]
        faults.append((name, append(path, line), first))
    assert problems(files) == tuple(
        f"{name}:{second}: {columns} is already on line {first}"
        for (name, second, first), columns in zip(
            faults,
            (
                "id CTV-BAVI-01",
                "procedure version name 1.000656 1 Giấy báo tử",
                "id VNPT",
                "code version 1.000656 1",
            ),
            strict=True,
        )
    )


def test_openings_of_one_procedure_may_not_overlap_but_may_follow_each_other(files: Path) -> None:
    append(files / "agent_openings.csv", "1.004194,2025-12-01,2026-01-01,Đợt 5")
    assert load_catalogue(files).open_to_agents("1.004194", date(2025, 12, 1))
    number = append(files / "agent_openings.csv", "1.004194,2025-12-31,,Đợt 6")
    assert problems(files) == (
        f"agent_openings.csv:{number}: 1.004194 is already open by line {number - 1}",
    )


def test_a_version_that_never_ends_leaves_no_room_for_a_later_one(files: Path) -> None:
    first = edit(files / "procedures.csv", "1.000894,1,", "2025-06-30", "")
    assert problems(files) == (
        f"procedures.csv:{first + 1}: version 2 of 1.000894 overlaps version 1 of line {first}",
    )


def test_an_overlap_of_versions_that_are_not_neighbours_is_found(files: Path) -> None:
    path = files / "procedures.csv"
    first = edit(path, "1.000894,1,", "2025-06-30", "2025-12-31")
    edit(path, "1.000894,2,", "2025-07-01,,", "2025-02-01,2025-02-28,")
    line = path.read_text(encoding="utf-8").splitlines()[first]
    third = line.replace("1.000894,2,2025-02-01,2025-02-28", "1.000894,3,2025-03-01,")
    number = append(path, third)
    assert problems(files) == (
        f"procedures.csv:{first + 1}: version 2 of 1.000894 overlaps version 1 of line {first}",
        f"procedures.csv:{number}: version 3 of 1.000894 overlaps version 1 of line {first}",
    )


def test_version_numbers_rise_with_the_dates(files: Path) -> None:
    path = files / "procedures.csv"
    first = edit(path, "1.000894,1,", "2024-10-24,2025-06-30", "2025-07-01,")
    edit(path, "1.000894,2,", "2025-07-01,", "2024-10-24,2025-06-30")
    assert problems(files) == (
        f"procedures.csv:{first}: version 1 of 1.000894 comes after version 2",
    )


@pytest.mark.parametrize(
    ("file", "fault"),
    [("procedures.csv", "there is no procedure"), ("offices.csv", "there is no office")],
)
def test_a_service_without_offices_or_without_procedures_is_refused(
    files: Path,
    file: str,
    fault: str,
) -> None:
    path = files / file
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert f"{file}:1: {fault}" in problems(files)


def test_the_catalogue_alone_does_not_ask_for_the_offices(files: Path) -> None:
    (files / "offices.csv").unlink()
    assert load_catalogue(files).procedures
    assert problems(files, load_network)
