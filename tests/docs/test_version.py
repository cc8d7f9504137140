"""All files name the same version."""

import re
import tomllib
from datetime import date
from importlib.metadata import version

from tests.docs.pages import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
SECTIONS = re.findall(
    r"^## \[(\S+)\](?: - (\S+))?$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
)


def test_the_installed_package_has_the_version() -> None:
    assert version("tracker") == VERSION, "run `make install`"


def test_the_newest_dated_section_of_the_changelog_is_the_version() -> None:
    assert SECTIONS[0] == ("Unreleased", "")
    assert SECTIONS[1][0] == VERSION


def test_the_sections_of_the_changelog_are_dated_newest_first() -> None:
    days = [date.fromisoformat(day) for _, day in SECTIONS[1:]]
    assert days == sorted(days, reverse=True)


def test_the_image_has_the_version() -> None:
    tags = re.findall(r"image: tracker:(\S+)", (ROOT / "ops" / "compose.yaml").read_text("utf-8"))
    assert tags
    assert set(tags) <= {VERSION, "${VERSION}"}
