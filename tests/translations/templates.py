"""Reads every template of the program: what is to be translated, and what was forgotten."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.extract import extract
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2] / "tracker"
TEMPLATES = sorted(path for path in ROOT.rglob("templates/**/*") if path.is_file())
_SPOKEN = {"title", "placeholder", "alt", "aria-label"}
_TAGS = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}


def texts() -> set[str | tuple[str, ...]]:
    """Every text of every template; with its plural where it counts something."""
    found: set[str | tuple[str, ...]] = set()
    for path in TEMPLATES:
        with path.open("rb") as file:
            found |= {
                one for _, one, *_ in extract("jinja2.ext:babel_extract", file, options=_TAGS)
            }
    return found


def untranslatable(source: str) -> list[str]:
    """Words that stand in a template as they are, so that every language would get them."""
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
    reader = _Reader()
    reader.feed("".join(_literals(tree)))
    reader.close()
    return [text for text in reader.found if any(letter.isalpha() for letter in text)]


def _literals(tree: nodes.Node) -> Iterator[str]:
    for node in tree.find_all(nodes.TemplateData):
        yield node.data


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in _SPOKEN]
