import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from tests.translations.agreed_words import faults
from tests.translations.catalogue_reader import english_of, messages, vietnamese_of
from tests.translations.templates import ROOT
from tracker.domain.dossier.values import NoticeLanguage, WayOfReturn
from tracker.domain.notifications.notification_texts import subject, text
from tracker.domain.notifications.notifications import Notification, NotificationKind

SHEETS = sorted((ROOT / "adapters/paper/sheets").glob("*.xml"))
_MARKUP = re.compile(r"{%.*?%}|{{[^{\"]*}}|</?[a-z][^>]*>", re.DOTALL)
_AT = datetime(2026, 11, 20, 3, tzinfo=UTC)


def notifications(language: NoticeLanguage) -> Iterator[str]:
    """Yield every notification text of a language, with each way of return."""
    for kind in NotificationKind:
        notice = Notification(
            dossier_id=UUID(int=0),
            version=1,
            code="H26.05-261120-0001",
            kind=kind,
            occurred_at=_AT,
            recorded_at=_AT,
            due_at=_AT,
            amount=150000,
            carrier="VNPost",
            number="EE1",
        )
        yield subject(notice, language)
        for way_of_return in WayOfReturn:
            yield text(notice, language, way_of_return=way_of_return, zone=UTC, stop_url="/stop")


def test_the_vietnamese_of_every_page_uses_the_agreed_words() -> None:
    assert [
        fault
        for message in messages()
        for source in vietnamese_of(message)
        for fault in faults(source, english=False)
    ] == []


def test_the_english_of_every_page_uses_the_agreed_words() -> None:
    assert [
        fault
        for message in messages()
        for translation in english_of(message)
        for fault in faults(translation, english=True)
    ] == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a_printed_form_uses_the_agreed_words(sheet: Path) -> None:
    for line in _MARKUP.sub("\n", sheet.read_text(encoding="utf-8")).splitlines():
        assert faults(line, english=False) == []


@pytest.mark.parametrize("language", NoticeLanguage)
def test_a_notification_uses_the_agreed_words(language: NoticeLanguage) -> None:
    english = language is NoticeLanguage.ENGLISH
    for words in notifications(language):
        assert faults(words, english=english) == []


@pytest.mark.parametrize(
    "words",
    [
        "Khoá của quầy",
        "đã huỷ",
        "Uỷ ban",
        "Đang tạm ngừng",
        "kiosk",
        "trễ hẹn",
        "Cổng dịch vụ công",
    ],
)
def test_a_word_that_is_not_agreed_is_found_in_vietnamese(words: str) -> None:
    assert len(faults(words, english=False)) == 1


@pytest.mark.parametrize(
    "words",
    ["khóa, xóa, mã hóa, hoàn, quý, quỹ, thủy, ủy, hòa", "ki-ốt", "Đang tạm dừng", "Ngày hẹn trả"],
)
def test_an_agreed_word_is_no_fault_in_vietnamese(words: str) -> None:
    assert faults(words, english=False) == []


@pytest.mark.parametrize(
    "words",
    ["Taken in", "Take a dossier in", "The result is there", "Please tell the desk", "Your file"],
)
def test_a_word_that_is_not_agreed_is_found_in_english(words: str) -> None:
    assert faults(words, english=True)
