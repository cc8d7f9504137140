"""Whether every form is what it says it is, asked of the validator of the PDF Association."""

import subprocess
from pathlib import Path

import pytest

from tests.adapters.paper.filled_forms import PAPER, forms, receipt, register
from tests.adapters.paper.test_pdf import set_form

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every form, and those that come to more than one page."""
    directory = tmp_path_factory.mktemp("printed")
    printed = {
        **forms(),
        "01-long": receipt([PAPER] * 60),
        "01-empty": receipt(()),
        "07-long": register(40),
    }
    for name, form in printed.items():
        (directory / f"{name}.pdf").write_bytes(set_form(form))
    return sorted(directory.iterdir())


@pytest.mark.parametrize("standard", ["2a", "ua1"])
def test_every_form_keeps_the_rules_of_archives_and_of_readers_aloud(
    verapdf: list[str], printed: list[Path], standard: str
) -> None:
    command = [*verapdf, "--flavour", standard, "--format", "text", "--verbose", *map(str, printed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines() == [f"PASS {path} {standard}" for path in printed], done.stderr
