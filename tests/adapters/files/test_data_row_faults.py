"""Faults of one row of a data file, each reported once, with file and line."""

from pathlib import Path

import pytest

from tests.adapters.files.hanoi_files import copy_of_hanoi, edit, problems

ROW_FAULTS = [
    (
        "offices.csv",
        "KIOSK-01,",
        "KIOSK-01,",
        "Kiosk-01,",
        "id 'Kiosk-01' is not an id of A-Z, 0-9, '.' and '-'",
    ),
    ("offices.csv", "CN05,", "H26.05", "H26-05", "agency 'H26-05' is not like H26 or H26.05"),
    ("offices.csv", "CN01-D2,", ",CN01,", ",,", "a point needs a branch as its parent"),
    ("offices.csv", "CN01-D2,", ",CN01,", ",CN77,", "parent CN77 is not in offices.csv"),
    (
        "offices.csv",
        "CN01-D2,",
        ",CN01,",
        ",CN01-D1,",
        "parent CN01-D1 is a point, not a branch",
    ),
    ("offices.csv", "CN12,", ",,,", ",CN01,,", "a branch has no parent, but CN01 is given"),
    ("offices.csv", "DL-BIDV-001,", ",BIDV,", ",,", "an agent_point needs a partner"),
    ("offices.csv", "DL-BIDV-001,", ",BIDV,", ",BIDW,", "partner BIDW is not in partners.csv"),
    (
        "offices.csv",
        "KIOSK-01,",
        ",CN03,,",
        ",CN03,VNPOST,",
        "a kiosk has no partner, but VNPOST is given",
    ),
    ("offices.csv", "CN01-D3,", "CN01-D3,", "CN01-D2,", "id CN01-D2 is already on line 16"),
    ("partners.csv", "VNPT,", ",no,", ",nein,", "carrier 'nein' is neither yes nor no"),
    ("collaborators.csv", "CTV-BAVI-01,", "2025-10-31", "", "term_to is empty"),
    (
        "collaborators.csv",
        "CTV-BAVI-01,",
        ",CTV-BAVI,",
        ",CN10,",
        "team CN10 is a branch, not a team",
    ),
    (
        "collaborators.csv",
        "CTV-BAVI-01,",
        ",CTV-BAVI,",
        ",CTV-HUE,",
        "team CTV-HUE is not in offices.csv",
    ),
    (
        "timetable.csv",
        "LUUDONG-2,sat",
        "sat",
        "Saturday",
        "weekday 'Saturday' is none of mon, tue, wed, thu, fri, sat, sun",
    ),
    ("timetable.csv", "LUUDONG-2,sat", "sat", "", "a stop has either a weekday or a date"),
    (
        "timetable.csv",
        "LUUDONG-2,sat",
        "08:00",
        "8:00",
        "starts_at '8:00' is not a time like 07:30",
    ),
    (
        "timetable.csv",
        "LUUDONG-2,sat",
        "08:00",
        "12:00",
        "ends_at 11:30 is not after starts_at 12:00",
    ),
    (
        "timetable.csv",
        "LUUDONG-2,sat",
        "LUUDONG-2",
        "KIOSK-01",
        "office KIOSK-01 is a kiosk, not a mobile",
    ),
    (
        "timetable.csv",
        "LUUDONG-1,mon,,13:30",
        "13:30",
        "10:59",
        "LUUDONG-1 is still at the stop of line 2",
    ),
    (
        "procedures.csv",
        "1.001193,",
        ",0,working_days",
        ",-1,working_days",
        "amount '-1' is not a whole number",
    ),
    ("procedures.csv", "1.001193,", ",0,working_days", ",,working_days", "amount is empty"),
    ("procedures.csv", "1.001193,", ",0,working_days", ",0,", "unit is empty"),
    (
        "procedures.csv",
        "1.001193,",
        ",0,working_days",
        ",0,weeks",
        "unit 'weeks' is none of working_days, calendar_days, working_hours",
    ),
    (
        "procedures.csv",
        "1.001193,",
        "13:30-17:00",
        "11:00-17:00",
        "Office hours must be sessions in order of time.",
    ),
    (
        "procedures.csv",
        "1.001193,",
        "13:30-17:00",
        "13:30",
        "hours '13:30' is not like 07:00-11:30",
    ),
    (
        "procedures.csv",
        "1.001193,",
        ",15:00,",
        ",17:30,",
        "The cut-off must lie between opening and closing.",
    ),
    (
        "procedures.csv",
        "1.001193,",
        ",lock,",
        ",wait,",
        "pause_policy 'wait' is none of extend, lock, restart",
    ),
    ("procedures.csv", "1.004873,", ",15000,", ",15.000,", "fee '15.000' is not a whole number"),
    ("procedures.csv", "2.002480,", ",1,2024", ",0,2024", "versions are counted from 1"),
    (
        "procedures.csv",
        "1.000894,2",
        "2025-07-01",
        "2025-06-30",
        "version 2 of 1.000894 overlaps version 1 of line 4",
    ),
    ("papers.csv", "1.000656,1,Giấy", "original,1", "original,0", "quantity is 0"),
    (
        "papers.csv",
        "1.000656,1,Giấy",
        ",1,",
        ",2,",
        "procedure 1.000656 version 2 is not in procedures.csv",
    ),
    (
        "agent_openings.csv",
        "1.000656,",
        "1.000656",
        "1.000657",
        "procedure 1.000657 is not in procedures.csv",
    ),
    (
        "agent_openings.csv",
        "1.004194,",
        "2025-12-01",
        "2025-04-29",
        "closed_on 2025-04-29 lies before opened_on 2025-04-30",
    ),
    (
        "procedures.csv",
        "1.001612,",
        "UBND-HADONG",
        "UBND-HUE",
        "decided_by UBND-HUE is not in offices.csv",
    ),
    (
        "procedures.csv",
        "1.001612,",
        "UBND-HADONG",
        "CN07",
        "decided_by CN07 is a branch, not a department",
    ),
]
"""File, how the row begins, what in it is replaced by what, and what is then wrong."""


@pytest.mark.parametrize("row_fault", ROW_FAULTS, ids=lambda row_fault: row_fault[4])
def test_a_fault_of_a_row_is_told_once_by_file_and_line(
    tmp_path: Path,
    row_fault: tuple[str, str, str, str, str],
) -> None:
    file, start, old, new, fault = row_fault
    files = copy_of_hanoi(tmp_path)
    number = edit(files / file, start, old, new)
    assert problems(files) == (f"{file}:{number}: {fault}",)
