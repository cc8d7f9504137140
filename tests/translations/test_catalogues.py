import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages import Message
from babel.messages.pofile import read_po

from tests.translations.templates import TEMPLATES, texts, untranslatable
from tracker.translations.catalogues import ENGLISH, read_catalogue

_NAMES = re.compile(r"%\((\w+)\)s")
_VIETNAMESE = re.compile("[àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ]")


def messages() -> list[Message]:
    read: list[Message] = []
    for path in sorted(ENGLISH.glob("*.po")):
        with path.open("rb") as file:
            read += [one for one in read_po(file, locale="en", abort_invalid=True) if one.id]
    return read


def as_pasted(text: str | tuple[str, ...]) -> str:
    """A missing text, ready to be put into a catalogue."""
    if isinstance(text, str):
        return f'msgid "{text}"\nmsgstr ""\n'
    return f'msgid "{text[0]}"\nmsgid_plural "{text[1]}"\nmsgstr[0] ""\nmsgstr[1] ""\n'


def test_every_text_of_the_templates_has_its_english() -> None:
    there = {one.id for one in messages()}
    missing = sorted(as_pasted(text) for text in texts() - there)
    assert not missing, "\n" + "\n".join(missing)


def test_no_english_is_left_of_a_text_that_is_gone() -> None:
    said = texts()
    assert [one.id for one in messages() if one.id not in said] == []


def test_each_text_is_translated_once_and_wholly() -> None:
    assert [
        text for text, times in Counter(one.id for one in messages()).items() if times > 1
    ] == []
    for one in messages():
        english = [one.string] if isinstance(one.string, str) else list(one.string or ())
        vietnamese = [one.id] if isinstance(one.id, str) else list(one.id)
        assert all(english), one.id
        assert not one.fuzzy, one.id
        assert not _VIETNAMESE.search("".join(english).lower()), one.id
        for text in english:
            assert set(_NAMES.findall(text)) == set(_NAMES.findall(vietnamese[-1])), one.id


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_nothing_that_is_not_translated(path: Path) -> None:
    assert untranslatable(path.read_text(encoding="utf-8")) == []


def test_words_left_untranslated_are_found() -> None:
    planted = '<p>{{ name }} Xin chào</p><img alt="Ảnh {{ 1 }}"><a class="x" href="/y">{{ _("a") }}'
    assert untranslatable(planted) == ["Xin chào", "Ảnh "]


def test_a_text_is_said_in_english_and_one_unknown_as_it_is() -> None:
    english = read_catalogue("en")
    assert english.gettext("Mã hồ sơ") == "Dossier code"
    assert english.gettext("Chưa ai dịch") == "Chưa ai dịch"
    assert read_catalogue("vi").gettext("Mã hồ sơ") == "Mã hồ sơ"
