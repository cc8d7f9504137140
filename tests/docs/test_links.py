"""Everything that a page refers to exists: pages, headings, pictures, files of the repository."""

import re
import unicodedata
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, name_of, prose_of

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:tracker|tests|ops|docs|loadtests)/[\w./*-]+)`")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
OTHERS = ("https://", "http://", "mailto:")


def anchors(page: Path) -> set[str]:
    """Return the headings of a page in the form that GitHub uses in links."""
    found = set()
    for heading in HEADING.findall(page.read_text(encoding="utf-8")):
        words = unicodedata.normalize("NFC", heading.lower())
        found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(OTHERS):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path) if path else page
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = {path.rstrip(".") for path in PATH.findall(prose_of(page))}
    assert [path for path in sorted(named) if not any(ROOT.glob(path.rstrip("/")))] == []


def test_every_picture_is_shown_somewhere() -> None:
    shown = {
        Path(target).name
        for page in PAGES
        for target in LINK.findall(page.read_text(encoding="utf-8"))
    }
    pictures = {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    assert pictures - shown == set()


def test_every_page_is_reached_from_the_readme() -> None:
    reached, found = set[Path](), [ROOT / "README.md"]
    while found:
        page = found.pop()
        if page not in reached:
            reached.add(page)
            targets = LINK.findall(page.read_text(encoding="utf-8"))
            linked = [
                (page.parent / target.partition("#")[0]).resolve()
                for target in targets
                if not target.startswith((*OTHERS, "#"))
            ]
            found += [path for path in linked if path.suffix == ".md"]
    assert [name_of(page) for page in PAGES if page not in reached] == []
