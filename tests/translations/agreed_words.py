"""The agreed words of texts for people: one list for Vietnamese and one for English.

Each entry is a pattern that no text may contain, with the agreed wording. The words are
explained in `docs/glossary.md`.
"""

import re
from collections.abc import Mapping

VIETNAMESE: Mapping[str, str] = {
    r"o[àáảãạèéẻẽẹ](?!\w)": "the tone mark on the first vowel: khóa, xóa, hóa, khỏe",
    r"(?<![qQ])[uU][ỳýỷỹỵ](?!\w)": "the tone mark on the first vowel: hủy, ủy, thủy, tùy",
    r"tạm ngừng|tạm ngưng|tạm đình chỉ": "tạm dừng",
    r"đang dừng": "đang tạm dừng",
    r"ki[ -]?ốt(?<!ki-ốt)|kiosk|máy tự phục vụ": "ki-ốt",
    r"trễ hạn|trễ hẹn|quá hẹn|muộn hạn": "quá hạn",
    r"đúng hẹn|kịp hạn": "đúng hạn",
    r"hẹn giao": "hẹn trả",
    r"thôi nhận tin|dừng nhận tin": "ngừng nhận tin",
    r"thông tin cá nhân|dữ liệu riêng": "dữ liệu cá nhân",
    r"hồ sơ số|số hồ sơ(?! hồ)(?=:)": "mã hồ sơ",
    r"biên nhận|giấy hẹn": "giấy tiếp nhận",
    r"bưu phẩm|bưu kiện": "bưu gửi",
    r"e-?mail": "thư điện tử",
}
"""Patterns that ignore case."""

VIETNAMESE_NAMES: Mapping[str, str] = {r"Cổng dịch vụ công|cổng Dịch vụ công": "Cổng Dịch vụ công"}
"""Patterns that respect case."""

ENGLISH: Mapping[str, str] = {
    r"\btak(?:e|es|en|ing) (?:\w+ )*?in\b|\btaken up\b": "receive, received",
    r"\b(?:file|case|folder)s?\b(?! format)(?<!ZIP file)(?<!proof file)": "dossier",
    r"\bslip\b(?<!control slip)|\bticket\b": "receipt",
    r"\bcounter\b|\bintake (?:point|place)\b|\btell the desk\b": "desk, reception point",
    r"\bpromised (?:by|on)\b|\bfirst promise\b|\bdate promised\b": "promised date",
    r"\bstopped for now\b|\bsuspended\b|\bon hold\b|\bstopped work\b": "paused",
    r"\bhow much is\b|\bpunctual\w*|\btimel\w+": "on time, on-time rate",
    r"\bregret\w*|\bwe are sorry\b": "apology, apologise",
    r"\bmind the\b": "answer the call",
    r"\bresult is there\b": "the result is ready",
    r"\bit is here now\b": "current step",
    r"\bmessages?\b(?<!text messages)(?<!text message)(?<!in the message)": "notification",
    r"\bpostal service\b|\bcarrier company\b": "carrier",
    r"\be-?post\b|\bemail\b": "e-mail",
    r"\bnobody\b|\bsomebody\b|\bwhoever\b|\banew\b|\bbeside\b|\btold\b|\btells?\b": "plain English",
    r"\bapologize\w*|\bcancell?ed\b(?<!cancelled)|\bcenter\b": "British spelling",
    r"\bcan't\b|\bdon't\b|\bwon't\b": "cannot, do not, will not",
    r"\bservice portal\b(?<!public service portal)": "public service portal",
}
"""Patterns that ignore case."""


def faults(text: str, *, english: bool) -> list[str]:
    """Return the words of a text that are not agreed, each with the agreed wording."""
    tables = (
        [(ENGLISH, re.IGNORECASE)]
        if english
        else [
            (VIETNAMESE, re.IGNORECASE),
            (VIETNAMESE_NAMES, re.NOFLAG),
        ]
    )
    return [
        f"{match[0]!r} in {text!r}: {agreed}"
        for table, flags in tables
        for pattern, agreed in table.items()
        for match in re.finditer(pattern, text, flags)
    ]
