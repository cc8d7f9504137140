"""Which events lead to a notification, and its text."""

import unicodedata
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from tests.domain.dossier_spec import (
    CODE,
    HEARD,
    PARCEL,
    ZONE,
    EventBuilder,
    agreed,
    asked,
    at,
    decided,
    delivered,
    due,
    extended,
    fee_asked,
    given_date,
    handed,
    received,
    stopped,
    submitted,
)
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.values import NoticeLanguage, WayOfReturn
from tracker.domain.notifications.notification_texts import segments, subject, text, without_accents
from tracker.domain.notifications.notifications import (
    Notification,
    NotificationKind,
    notification_of,
    notification_of_lock,
)

LINK = "https://theodoi.hanoi.gov.vn/stop/H26.05-261102-0001/dBNIxy5fxAYv_S901tjPqQ"


def notification_with(kind: NotificationKind, **fields: object) -> Notification:
    defaults: dict[str, object] = {
        "dossier_id": dossier_id(CODE),
        "version": 3,
        "code": CODE,
        "kind": kind,
        "occurred_at": at(2),
        "recorded_at": HEARD,
        "due_at": at(20, 17),
        "amount": 1_250_000,
        "carrier": "VIETTELPOST",
        "number": PARCEL,
    }
    return Notification(**defaults | fields)  # type: ignore[arg-type]


def text_of(
    notification: Notification,
    language: NoticeLanguage = NoticeLanguage.VIETNAMESE,
    way: WayOfReturn = WayOfReturn.POST,
) -> str:
    return text(notification, language, way_of_return=way, zone=ZONE, stop_url=LINK)


@pytest.mark.parametrize(
    ("build", "kind", "facts"),
    [
        (received(at(2), due(9)), NotificationKind.RECEIVED, {"due_at": at(9, 17)}),
        (received(at(2), None), NotificationKind.RECEIVED, {}),
        (asked(at(3)), NotificationKind.PAPERS_ASKED, {}),
        (asked(at(3), at(9, 17)), NotificationKind.PAPERS_ASKED, {"due_at": at(9, 17)}),
        (fee_asked(at(3)), NotificationKind.FEE_ASKED, {"amount": 50_000}),
        (
            fee_asked(at(3), at(9, 17)),
            NotificationKind.FEE_ASKED,
            {"amount": 50_000, "due_at": at(9, 17)},
        ),
        (extended(at(3), given_date(20)), NotificationKind.PROMISE_MOVED, {"due_at": at(20, 17)}),
        (decided(at(4)), NotificationKind.READY, {}),
        (
            handed(at(5)),
            NotificationKind.HANDED_TO_CARRIER,
            {"carrier": "VNPOST", "number": PARCEL},
        ),
        (delivered(at(6)), NotificationKind.DELIVERED, {}),
    ],
)
def test_an_event_leads_to_exactly_this_notification(
    build: EventBuilder, kind: NotificationKind, facts: dict[str, object]
) -> None:
    event = build(7)
    assert notification_of(event) == Notification(
        dossier_id=dossier_id(CODE),
        version=7,
        code=CODE,
        kind=kind,
        occurred_at=event.occurred_at,
        recorded_at=HEARD,
        **facts,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("build", [submitted(at(2)), stopped(at(3)), agreed(at(3))])
def test_other_events_lead_to_no_notification(build: EventBuilder) -> None:
    assert notification_of(build(2)) is None


def test_a_notification_has_one_unique_id_for_each_target() -> None:
    notification = notification_with(NotificationKind.READY)
    names = {
        variant.message_id(target)
        for variant in (notification, notification_with(NotificationKind.READY, version=4))
        for target in ("sms", "email", "webhook:portal")
    }
    assert len(names) == 6
    assert notification.message_id("sms") == notification_with(
        NotificationKind.READY, due_at=None
    ).message_id("sms")


EVERY_WAY_TO_SAY = [*product(NotificationKind, NoticeLanguage, WayOfReturn)]


@pytest.mark.parametrize(("kind", "language", "way"), EVERY_WAY_TO_SAY)
def test_every_text_is_one_short_message_with_the_code_and_a_link_to_stop(
    kind: NotificationKind, language: NoticeLanguage, way: WayOfReturn
) -> None:
    words = text_of(notification_with(kind), language, way)
    assert CODE in words
    assert words.endswith(LINK)
    assert "{" not in words
    assert words == unicodedata.normalize("NFC", words)
    accented = 4 if kind in {NotificationKind.FEE_ASKED, NotificationKind.LOCKED} else 3
    assert segments(words) <= (accented if language is NoticeLanguage.VIETNAMESE else 2)
    assert segments(without_accents(words)) <= 2
    assert (language is NoticeLanguage.ENGLISH) is words.isascii()


def test_vietnamese_texts_have_accents() -> None:
    assert text_of(notification_with(NotificationKind.RECEIVED)) == (
        "Hồ sơ H26.05-261102-0001 đã được tiếp nhận. Hẹn trả kết quả: 20/11/2026."
        f" Ngừng nhận tin: {LINK}"
    )
    assert "1.250.000 đồng" in text_of(notification_with(NotificationKind.FEE_ASKED))
    assert "mang giấy tiếp nhận đến nhận" in text_of(
        notification_with(NotificationKind.READY), way=WayOfReturn.COLLECT
    )
    assert (
        subject(notification_with(NotificationKind.READY), NoticeLanguage.VIETNAMESE)
        == f"Hồ sơ {CODE}"
    )


def test_a_request_for_papers_shows_its_due_time_if_one_was_set() -> None:
    vietnamese, english = NoticeLanguage.VIETNAMESE, NoticeLanguage.ENGLISH
    timed, open_ended = (
        notification_with(NotificationKind.PAPERS_ASKED, due_at=due_at)
        for due_at in (at(20, 17), None)
    )
    assert "cần bổ sung giấy tờ, hạn 17:00, 20/11/2026. Quét" in text_of(timed, vietnamese)
    assert "needs more papers by 17:00, 20 Nov 2026. Scan" in text_of(timed, english)
    assert "cần bổ sung giấy tờ. Quét" in text_of(open_ended, vietnamese)
    assert "needs more papers. Scan" in text_of(open_ended, english)


def test_a_request_for_a_fee_shows_its_due_time_if_one_was_set() -> None:
    timed, open_ended = (
        notification_with(NotificationKind.FEE_ASKED, due_at=due_at)
        for due_at in (at(20, 17), None)
    )
    assert "nộp phí 1.250.000 đồng, hạn 17:00, 20/11/2026. Chỉ nộp" in text_of(timed)
    assert "nộp phí 1.250.000 đồng. Chỉ nộp" in text_of(open_ended)
    assert "VND is due by 17:00, 20 Nov 2026. Pay" in text_of(timed, NoticeLanguage.ENGLISH)
    assert "VND is due. Pay" in text_of(open_ended, NoticeLanguage.ENGLISH)


def test_a_notification_of_wrong_digits_says_that_nothing_was_seen_or_locked() -> None:
    locked = notification_of_lock(dossier_id(CODE), CODE, at(20, 16))
    assert text_of(locked).startswith(
        "Có người nhập sai nhiều lần số điện thoại để xem hồ sơ H26.05-261102-0001. Chưa ai xem"
        " được gì, hồ sơ không bị khóa. Nếu không phải ông/bà: xin báo nơi tiếp nhận."
    )
    assert "They saw nothing, and nothing is locked." in text_of(locked, NoticeLanguage.ENGLISH)


def test_an_owner_gets_at_most_three_notifications_of_wrong_digits_a_day() -> None:
    begin = datetime(2026, 11, 20, tzinfo=UTC)
    names = {
        notification_of_lock(dossier_id(CODE), CODE, locked_at).message_id("sms")
        for locked_at in (begin + timedelta(minutes=61 * attempt) for attempt in range(23))
    }
    assert len(names) == 3


def test_an_apology_comes_first_with_its_new_date_in_english_too() -> None:
    words = text_of(notification_with(NotificationKind.PROMISE_MOVED), NoticeLanguage.ENGLISH)
    assert words.startswith(
        "We apologise: dossier H26.05-261102-0001 is delayed. New promised date: 20 Nov 2026."
    )
    assert "1,250,000 VND" in text_of(
        notification_with(NotificationKind.FEE_ASKED), NoticeLanguage.ENGLISH
    )


def test_a_notification_without_a_promise_has_no_date() -> None:
    words = text_of(notification_with(NotificationKind.RECEIVED, due_at=None))
    assert words == f"Hồ sơ {CODE} đã được tiếp nhận. Ngừng nhận tin: {LINK}"


def test_a_day_is_the_day_it_is_here() -> None:
    late = notification_with(
        NotificationKind.RECEIVED, due_at=datetime(2026, 11, 19, 17, 30, tzinfo=UTC)
    )
    assert "20/11/2026" in text_of(late)


def test_plain_letters_lose_their_accents_and_nothing_else() -> None:
    assert without_accents("Đã có kết quả hồ sơ, ở phường Ngọc Hà: 5.000 đồng") == (
        "Da co ket qua ho so, o phuong Ngoc Ha: 5.000 dong"
    )


@pytest.mark.parametrize(
    ("words", "count"),
    [("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("đ" * 70, 1), ("đ" * 71, 2)],
)
def test_an_sms_holds_160_plain_letters_or_70_others(words: str, count: int) -> None:
    assert segments(words) == count
