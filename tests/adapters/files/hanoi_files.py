"""Copies of Hanoi's data files to spoil, and what is then found wrong with them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import tracker
from tracker.adapters.files.service_data import load_service_data
from tracker.adapters.files.tables import DataFilesError
from tracker.domain.errors import InvalidInputError

HANOI = Path(tracker.__file__).parent / "data" / "hanoi"


def copy_of_hanoi(into: Path) -> Path:
    return Path(shutil.copytree(HANOI, into / "hanoi"))


def line_of(path: Path, start: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(start))


def edit(path: Path, start: str, old: str, new: str) -> int:
    """Change the one line that begins with `start` and return its number."""
    lines = path.read_text(encoding="utf-8").splitlines()
    number = line_of(path, start)
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return number


def append(path: Path, line: str) -> int:
    """Add a line at the end and return its number."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text + line + "\n", encoding="utf-8")
    return text.count("\n") + 1


def problems(files: Path, load: Callable[[Path], object] = load_service_data) -> tuple[str, ...]:
    with pytest.raises(DataFilesError) as refused:
        load(files)
    assert isinstance(refused.value, InvalidInputError)
    assert str(refused.value) == "\n".join(refused.value.problems)
    return refused.value.problems
