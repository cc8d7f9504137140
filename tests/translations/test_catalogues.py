import re
from collections import Counter
from pathlib import Path

import pytest

from tests.translations.catalogue_reader import english_of, messages, vietnamese_of
from tests.translations.templates import TEMPLATES, texts, untranslatable
from tracker.translations.catalogues import read_catalogue

_NAMES = re.compile(r"%\((\w+)\)s")
_VIETNAMESE = re.compile("[àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ]")


def as_pasted(text: str | tuple[str, ...]) -> str:
    """Return a missing text in the format of a catalogue."""
    if isinstance(text, str):
        return f'msgid "{text}"\nmsgstr ""\n'
    return f'msgid "{text[0]}"\nmsgid_plural "{text[1]}"\nmsgstr[0] ""\nmsgstr[1] ""\n'


def test_every_text_of_the_templates_has_its_english() -> None:
    translated = {message.id for message in messages()}
    missing = sorted(as_pasted(text) for text in texts() - translated)
    assert not missing, "\n" + "\n".join(missing)


def test_no_english_is_left_of_a_text_that_is_gone() -> None:
    used = texts()
    assert [message.id for message in messages() if message.id not in used] == []


def test_each_text_is_translated_once_and_wholly() -> None:
    assert [
        text for text, times in Counter(message.id for message in messages()).items() if times > 1
    ] == []
    for message in messages():
        english, vietnamese = english_of(message), vietnamese_of(message)
        assert all(english), message.id
        assert not message.fuzzy, message.id
        assert not _VIETNAMESE.search("".join(english).lower()), message.id
        for text in english:
            assert set(_NAMES.findall(text)) == set(_NAMES.findall(vietnamese[-1])), message.id


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_word_of_a_template_can_be_translated(path: Path) -> None:
    assert untranslatable(path.read_text(encoding="utf-8")) == []


def test_words_that_cannot_be_translated_are_found() -> None:
    planted = '<p>{{ name }} Xin chào</p><img alt="Ảnh {{ 1 }}"><a class="x" href="/y">{{ _("a") }}'
    assert untranslatable(planted) == ["Xin chào", "Ảnh "]


def test_a_text_without_a_translation_stays_vietnamese() -> None:
    english = read_catalogue("en")
    assert english.gettext("Mã hồ sơ") == "Dossier code"
    assert english.gettext("Chưa ai dịch") == "Chưa ai dịch"
    assert read_catalogue("vi").gettext("Mã hồ sơ") == "Mã hồ sơ"
