"""`tracker import`: a small log is imported once."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run

LOG = """\
nr,start,due,end,channel,id,what,who,unit,at
C-1,2011-10-03 08:00,2011-11-03 08:00,2011-10-20 08:00,Desk,e1,Check,R1,G1,2011-10-04 09:00
C-1,2011-10-03 08:00,2011-11-03 08:00,2011-10-20 08:00,Desk,e2,Sign,R2,G1,2011-10-05 09:00
C-2,2011-10-04 08:00,,,Post,e3,Check,R1,G1,2011-10-04 10:00
C-3,never,,,Post,e4,Check,R1,G1,2011-10-04 10:00
"""
MAPPING = """\
source = "old-desk"
[time]
format = "%Y-%m-%d %H:%M"
zone = "Europe/Amsterdam"
[dossier]
code = "nr"
received_at = "start"
promised_at = "due"
finished_at = "end"
channel = "channel"
procedure = { constant = "PERMIT" }
outcome = "granted"
way_of_return = "post"
[offices]
helped_at = { constant = "Hall" }
received_at = { constant = "Hall" }
decided_by = { constant = "Works" }
[step]
event_id = "id"
name = "what"
clerk = "who"
unit = "unit"
occurred_at = "at"
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    log, mapping = tmp_path / "log.csv", tmp_path / "map.toml"
    log.write_text(LOG)
    mapping.write_text(MAPPING)
    return str(log), str(mapping)


def test_a_log_is_imported_reported_and_in_the_read_models(
    files: tuple[str, str], run: Run, tmp_path: Path
) -> None:
    log, mapping = files
    result = run("import", log, "--mapping", mapping, "--rejects", str(tmp_path / "bad.csv"))
    assert result.code == 0
    counts = dict(line.rsplit(maxsplit=1) for line in result.out.splitlines()[1:8])
    assert counts["rows read"] == "4"
    assert counts["dossiers added"] == "2"
    assert counts["rows rejected"] == "1"
    assert "bad.csv" in result.err
    assert "C-3" in (tmp_path / "bad.csv").read_text()
    assert '"received":2' in run("figures", "--format", "json").out
    assert run("history", "C-1").code == 0
    assert run("verify").code == 0


def test_a_second_import_adds_nothing(files: tuple[str, str], run: Run) -> None:
    log, mapping = files
    run("import", log, "--mapping", mapping)
    before = run("figures", "--format", "json").out.split('"total"')[1]
    result = run("import", log, "--mapping", mapping)
    assert result.code == 0
    assert re.search(r"^dossiers added +0$", result.out, re.MULTILINE)
    assert re.search(r"^rows imported before +3$", result.out, re.MULTILINE)
    assert run("figures", "--format", "json").out.split('"total"')[1] == before


def test_a_mapping_with_faults_is_wrong_usage(files: tuple[str, str], run: Run) -> None:
    log, mapping = files
    Path(mapping).write_text("source = 1")
    result = run("import", log, "--mapping", mapping)
    assert (result.code, result.err.count("\n")) == (2, 1)
