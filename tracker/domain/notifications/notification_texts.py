"""The words of every notice, short enough for an SMS; no name and no procedure is ever in them."""

import math
import unicodedata
from datetime import tzinfo

from tracker.domain.dossier.values import NoticeLanguage, WayOfReturn
from tracker.domain.notifications.notifications import Notification, NotificationKind

_WORDS: dict[NoticeLanguage, dict[NotificationKind, str]] = {
    NoticeLanguage.VIETNAMESE: {
        NotificationKind.RECEIVED: "Hồ sơ {code} đã được tiếp nhận.{due}",
        NotificationKind.PAPERS_ASKED: "Hồ sơ {code} cần bổ sung giấy tờ{due}. Quét mã QR trên giấy"
        " tiếp nhận để xem.",
        NotificationKind.FEE_ASKED: "Hồ sơ {code} cần nộp phí {amount} đồng{due}. Chỉ nộp tại nơi tiếp"
        " nhận hoặc Cổng dịch vụ công.",
        NotificationKind.PROMISE_MOVED: "Xin lỗi ông/bà: hồ sơ {code} bị chậm.{due}",
        NotificationKind.READY: "Hồ sơ {code} đã có kết quả. {way}",
        NotificationKind.HANDED_TO_CARRIER: "Kết quả hồ sơ {code} đã gửi qua {carrier}, mã bưu gửi"
        " {number}.",
        NotificationKind.DELIVERED: "Kết quả hồ sơ {code} đã được giao. Nếu chưa nhận được, xin báo nơi"
        " tiếp nhận.",
        NotificationKind.LOCKED: "Có người nhập sai nhiều lần số điện thoại để xem hồ sơ {code}. Chưa ai"
        " xem được gì, hồ sơ không bị khóa. Nếu không phải ông/bà: xin báo nơi tiếp nhận.",
    },
    NoticeLanguage.ENGLISH: {
        NotificationKind.RECEIVED: "Dossier {code} was received.{due}",
        NotificationKind.PAPERS_ASKED: "Dossier {code} needs more papers{due}. Scan the QR code on your"
        " receipt to see which.",
        NotificationKind.FEE_ASKED: "Dossier {code}: a fee of {amount} VND is due{due}. Pay only at the"
        " desk or on the public service portal.",
        NotificationKind.PROMISE_MOVED: "We are sorry: dossier {code} is delayed.{due}",
        NotificationKind.READY: "The result of dossier {code} is ready. {way}",
        NotificationKind.HANDED_TO_CARRIER: "The result of dossier {code} was sent by {carrier}, parcel"
        " {number}.",
        NotificationKind.DELIVERED: "The result of dossier {code} was delivered. If you do not have it,"
        " please tell the desk.",
        NotificationKind.LOCKED: "Somebody entered a wrong phone number several times to see dossier"
        " {code}. Nobody saw anything, and nothing is locked. If it was not you, please tell the"
        " desk.",
    },
}
_DUE = {
    NoticeLanguage.VIETNAMESE: {
        NotificationKind.RECEIVED: " Hẹn trả kết quả: {day}.",
        NotificationKind.PAPERS_ASKED: ", hạn {time}, {day}",
        NotificationKind.FEE_ASKED: ", hạn {time}, {day}",
        NotificationKind.PROMISE_MOVED: " Ngày hẹn trả mới: {day}.",
    },
    NoticeLanguage.ENGLISH: {
        NotificationKind.RECEIVED: " Result due: {day}.",
        NotificationKind.PAPERS_ASKED: " by {time}, {day}",
        NotificationKind.FEE_ASKED: " by {time}, {day}",
        NotificationKind.PROMISE_MOVED: " New date: {day}.",
    },
}
_WAY = {
    NoticeLanguage.VIETNAMESE: {
        WayOfReturn.POST: "Kết quả sẽ được gửi qua bưu điện.",
        WayOfReturn.COLLECT: "Mời ông/bà mang giấy tiếp nhận đến nhận.",
        WayOfReturn.ELECTRONIC: "Xem trên Cổng dịch vụ công.",
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
"""What an SMS of 160 letters may hold; with any other letter it holds 70."""


def subject(notice: Notification, language: NoticeLanguage) -> str:
    """Return the subject of an e-mail; all of a dossier have the same and lie together."""
    return _SUBJECT[language].format(code=notice.code)


def text(
    notice: Notification,
    language: NoticeLanguage,
    *,
    way_of_return: WayOfReturn,
    zone: tzinfo,
    stop_url: str,
) -> str:
    """Say it, with how to be told no more; days are those of the zone."""
    due = ""
    if notice.due_at and notice.kind in _DUE[language]:
        local = notice.due_at.astimezone(zone)
        day = local.strftime(_DAY[language])
        due = _DUE[language][notice.kind].format(day=day, time=f"{local:%H:%M}")
    said = _WORDS[language][notice.kind].format(
        code=notice.code,
        due=due,
        amount=f"{notice.amount or 0:,}".replace(",", _THOUSANDS[language]),
        way=_WAY[language][way_of_return],
        carrier=notice.carrier,
        number=notice.number,
    )
    return said + _STOP[language].format(url=stop_url)


def without_accents(said: str) -> str:
    """Return the text in plain letters, as many SMS networks want it."""
    apart = unicodedata.normalize("NFD", said.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def segments(said: str) -> int:
    """Return how many SMS a text fills, and is paid for."""
    whole, part = (160, 153) if _GSM.issuperset(said) else (70, 67)
    return 1 if len(said) <= whole else math.ceil(len(said) / part)
