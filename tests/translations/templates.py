"""Reads all templates: their texts for translation, and words that cannot be translated."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.extract import extract
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2] / "tracker"
TEMPLATES = sorted(path for path in ROOT.rglob("templates/**/*") if path.is_file())
_TEXT_ATTRIBUTES = {"title", "placeholder", "alt", "aria-label"}
_OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}


def texts() -> set[str | tuple[str, ...]]:
    """Return every text of every template, as a tuple with its plural if it has one."""
    extracted: set[str | tuple[str, ...]] = set()
    for path in TEMPLATES:
        with path.open("rb") as file:
            extracted |= {
                text for _, text, *_ in extract("jinja2.ext:babel_extract", file, options=_OPTIONS)
            }
    return extracted


def untranslatable(source: str) -> list[str]:
    """Return the words of a template that are outside `_()` and `ngettext()`."""
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
    reader = _Reader()
    reader.feed("".join(_literals(tree)))
    reader.close()
    return [text for text in reader.texts if any(letter.isalpha() for letter in text)]


def _literals(tree: nodes.Node) -> Iterator[str]:
    for node in tree.find_all(nodes.TemplateData):
        yield node.data


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value or "" for name, value in attrs if name in _TEXT_ATTRIBUTES]
