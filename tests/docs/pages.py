"""The pages of the documents, and the blocks of commands in them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "ops").rglob("*.md")],
    key=lambda page: page.relative_to(ROOT).as_posix(),
)
_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    page: str
    kind: str
    text: str


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    return [
        Block(name_of(page), found["kind"], re.sub(rf"(?m)^{found['indent']}", "", found["text"]))
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


def prose_of(page: Path) -> str:
    """Return the text of a page without its blocks."""
    return _BLOCK.sub("", page.read_text(encoding="utf-8"))
