"""The texts of all notifications, short enough for an SMS.

No text contains a person's name or the name of a procedure.
"""

import math
import unicodedata
from datetime import tzinfo

from tracker.domain.dossier.values import NoticeLanguage, WayOfReturn
from tracker.domain.notifications.notifications import Notification
from tracker.domain.notifications.notifications import NotificationKind as Kind

_TEXTS: dict[NoticeLanguage, dict[Kind, str]] = {
    NoticeLanguage.VIETNAMESE: {
        Kind.RECEIVED: "Hồ sơ {code} đã được tiếp nhận.{due}",
        Kind.PAPERS_ASKED: "Hồ sơ {code} cần bổ sung giấy tờ{due}. Quét mã QR trên giấy"
        " tiếp nhận để xem.",
        Kind.FEE_ASKED: "Hồ sơ {code} cần nộp phí {amount} đồng{due}. Chỉ nộp tại nơi tiếp"
        " nhận hoặc Cổng Dịch vụ công.",
        Kind.PROMISE_MOVED: "Xin lỗi ông/bà: hồ sơ {code} bị chậm.{due}",
        Kind.READY: "Hồ sơ {code} đã có kết quả. {way}",
        Kind.HANDED_TO_CARRIER: "Kết quả hồ sơ {code} đã gửi qua {carrier}, mã bưu gửi {number}.",
        Kind.DELIVERED: "Kết quả hồ sơ {code} đã được giao. Nếu chưa nhận được, xin báo nơi"
        " tiếp nhận.",
        Kind.LOCKED: "Có người nhập sai nhiều lần số điện thoại để xem hồ sơ {code}. Chưa ai"
        " xem được gì, hồ sơ không bị khóa. Nếu không phải ông/bà: xin báo nơi tiếp nhận.",
    },
    NoticeLanguage.ENGLISH: {
        Kind.RECEIVED: "Dossier {code} was received.{due}",
        Kind.PAPERS_ASKED: "Dossier {code} needs more papers{due}. Scan the QR code on your"
        " receipt to see which.",
        Kind.FEE_ASKED: "Dossier {code}: a fee of {amount} VND is due{due}. Pay only at a"
        " reception point or on the public service portal.",
        Kind.PROMISE_MOVED: "We apologise: dossier {code} is delayed.{due}",
        Kind.READY: "The result of dossier {code} is ready. {way}",
        Kind.HANDED_TO_CARRIER: "The result of dossier {code} was sent by {carrier}, parcel"
        " {number}.",
        Kind.DELIVERED: "The result of dossier {code} was delivered. If you do not have it,"
        " please contact your reception point.",
        Kind.LOCKED: "Someone entered a wrong phone number several times to see dossier"
        " {code}. They saw nothing, and nothing is locked. If it was not you, please contact your"
        " reception point.",
    },
}
_DUE = {
    NoticeLanguage.VIETNAMESE: {
        Kind.RECEIVED: " Hẹn trả kết quả: {day}.",
        Kind.PAPERS_ASKED: ", hạn {time}, {day}",
        Kind.FEE_ASKED: ", hạn {time}, {day}",
        Kind.PROMISE_MOVED: " Ngày hẹn trả mới: {day}.",
    },
    NoticeLanguage.ENGLISH: {
        Kind.RECEIVED: " Promised date: {day}.",
        Kind.PAPERS_ASKED: " by {time}, {day}",
        Kind.FEE_ASKED: " by {time}, {day}",
        Kind.PROMISE_MOVED: " New promised date: {day}.",
    },
}
_WAY = {
    NoticeLanguage.VIETNAMESE: {
        WayOfReturn.POST: "Kết quả sẽ được gửi qua bưu điện.",
        WayOfReturn.COLLECT: "Mời ông/bà mang giấy tiếp nhận đến nhận.",
        WayOfReturn.ELECTRONIC: "Xem trên Cổng Dịch vụ công.",
    },
    NoticeLanguage.ENGLISH: {
        WayOfReturn.POST: "It will come by post.",
        WayOfReturn.COLLECT: "Please bring your receipt and collect it.",
        WayOfReturn.ELECTRONIC: "See the public service portal.",
    },
}
_STOP = {
    NoticeLanguage.VIETNAMESE: " Ngừng nhận tin: {url}",
    NoticeLanguage.ENGLISH: " Stop: {url}",
}
_SUBJECT = {
    NoticeLanguage.VIETNAMESE: "Hồ sơ {code}",
    NoticeLanguage.ENGLISH: "Dossier {code}",
}
_DAY = {NoticeLanguage.VIETNAMESE: "%d/%m/%Y", NoticeLanguage.ENGLISH: "%d %b %Y"}
_THOUSANDS = {NoticeLanguage.VIETNAMESE: ".", NoticeLanguage.ENGLISH: ","}

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The characters of an SMS with 160 characters. With any other character an SMS has 70."""


def subject(notification: Notification, language: NoticeLanguage) -> str:
    """Return the subject of an e-mail. All e-mails about a dossier share one subject."""
    return _SUBJECT[language].format(code=notification.code)


def text(
    notification: Notification,
    language: NoticeLanguage,
    *,
    way_of_return: WayOfReturn,
    zone: tzinfo,
    stop_url: str,
) -> str:
    """Return the text of the notification, with a link to stop notifications.

    Dates and times are in `zone`.
    """
    due = ""
    if notification.due_at and notification.kind in _DUE[language]:
        local = notification.due_at.astimezone(zone)
        day = local.strftime(_DAY[language])
        due = _DUE[language][notification.kind].format(day=day, time=f"{local:%H:%M}")
    body = _TEXTS[language][notification.kind].format(
        code=notification.code,
        due=due,
        amount=f"{notification.amount or 0:,}".replace(",", _THOUSANDS[language]),
        way=_WAY[language][way_of_return],
        carrier=notification.carrier,
        number=notification.number,
    )
    return body + _STOP[language].format(url=stop_url)


def without_accents(text: str) -> str:
    """Return the text without accents, as many SMS networks require."""
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def segments(sms: str) -> int:
    """Return the number of SMS segments that the text fills. Each segment is charged."""
    single, part = (160, 153) if _GSM.issuperset(sms) else (70, 67)
    return 1 if len(sms) <= single else math.ceil(len(sms) / part)
