"""`tracker check-data`: the data files of the service, sound and faulty."""

from pathlib import Path

from tests.adapters.files.hanoi_files import copy_of_hanoi
from tests.cli.conftest import Run


def test_the_data_in_use_are_sound_and_summed_up(run: Run) -> None:
    result = run("check-data")
    assert (result.code, result.err) == (0, "")
    assert "offices: branch          12" in result.out
    assert "partners                  7" in result.out


def test_every_fault_is_named_with_its_file_and_line(run: Run, tmp_path: Path) -> None:
    files = copy_of_hanoi(tmp_path)
    for name, line in (
        ("offices.csv", "CN01,branch,Again,Again,,,H26.01,024 0000 0001,,2024-10-24,\n"),
        ("calendar_changes.csv", "2026-05-04,perhaps,Name,2026-01-01,Cited\n"),
    ):
        path = files / name
        path.write_text(path.read_text() + line)
    result = run("check-data", str(files))
    assert (result.code, result.out) == (1, "")
    assert "offices.csv:108: id CN01 is already on line 3\n" in result.err
    assert "calendar_changes.csv:4: works is neither yes nor no: 'perhaps'\n" in result.err
    assert result.err.endswith(f"Error: 2 faults in {files}\n")


def test_an_empty_directory_is_a_fault(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    result = run("check-data", str(empty))
    assert result.code == 1
    assert "offices.csv: the file cannot be read" in result.err
