"""Each decision record has a date and a status, and the index lists all of them."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
HEAD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n"
    r"Date: (?P<date>\d{4}-\d\d-\d\d)\n"
    r"Status: (?P<status>Accepted|Replaced by \[\d+\]\(\d{4}-[\w-]+\.md\)|Withdrawn)"
    r"(?P<note>, .+)?\n"
)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_begins_with_title_date_and_status(record: Path) -> None:
    head = HEAD.match(record.read_text(encoding="utf-8"))
    assert head
    assert int(head["number"]) == int(record.name[:4])


def test_no_number_is_given_twice() -> None:
    assert len({record.name[:4] for record in RECORDS}) == len(RECORDS)


def test_the_index_has_a_line_for_each_record() -> None:
    rows = []
    for record in RECORDS:
        head = HEAD.match(record.read_text(encoding="utf-8"))
        assert head
        status = head["status"] + (head["note"] or "")
        rows.append(
            f"| [{head['number']}]({record.name}) | {head['title']} | {head['date']} | {status} |"
        )
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [line for line in index.splitlines() if line.startswith("| [")] == rows
