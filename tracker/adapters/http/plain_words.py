"""The public answer in one plain sentence, in Vietnamese and in English."""

from zoneinfo import ZoneInfo

from tracker.domain.lifecycle import PublicStatus
from tracker.projections.lookup import PublicAnswer

_ENDED = frozenset(
    {PublicStatus.NOT_RECEIVED, PublicStatus.WITHDRAWN, PublicStatus.DECIDED, PublicStatus.RETURNED}
)
_STATUS = {
    PublicStatus.SUBMITTED: (
        "đã được gửi và đang chờ tiếp nhận",
        "was sent and waits to be taken in",
    ),
    PublicStatus.RECEIVED: ("đã được tiếp nhận", "was taken in"),
    PublicStatus.NOT_RECEIVED: ("không được tiếp nhận", "was not taken in"),
    PublicStatus.PROCESSING: ("đang được xử lý", "is being processed"),
    PublicStatus.PAPERS_ASKED: ("đang chờ bổ sung giấy tờ", "waits for papers from the applicant"),
    PublicStatus.FEE_ASKED: (
        "đang chờ thực hiện nghĩa vụ tài chính",
        "waits for a payment by the applicant",
    ),
    PublicStatus.WITHDRAWN: ("đã được rút theo yêu cầu", "was withdrawn by the applicant"),
    PublicStatus.STOPPED: ("đang tạm dừng xử lý", "was stopped for now"),
    PublicStatus.DECIDED: ("đã có kết quả", "has its result"),
    PublicStatus.RETURNED: ("đã được trả kết quả", "is done: its result was handed over"),
}


def in_plain_words(answer: PublicAnswer, zone: ZoneInfo) -> dict[str, str]:
    """Say where the dossier stands, by when it was promised, and whether there is much to do."""
    vi, en = _STATUS[answer.status]
    told = {"vi": f"Hồ sơ {answer.code} {vi}", "en": f"Dossier {answer.code} {en}"}
    if answer.promised_at is not None and answer.on_time is not None:
        due = answer.promised_at.astimezone(zone)
        told["vi"] += f", hẹn trả {due:%H:%M} ngày {due:%d/%m/%Y}"
        told["en"] += f", promised by {due:%H:%M} on {due.day} {due:%B %Y}"
        if answer.status in _ENDED:
            told["vi"] += ", đúng hạn" if answer.on_time else ", quá hạn"
            told["en"] += ", on time" if answer.on_time else ", late"
        else:
            told["vi"] += ", còn trong hạn" if answer.on_time else ", đã quá hạn"
            told["en"] += ", still in time" if answer.on_time else ", overdue"
    told = {language: f"{sentence}." for language, sentence in told.items()}
    if answer.to_do:
        told["vi"] += " Ông/bà có việc cần làm."
        told["en"] += " There is something for you to do."
    if answer.phone:
        told["vi"] += f" Điện thoại: {answer.phone}."
        told["en"] += f" Phone: {answer.phone}."
    return told


def percent(rate: float | None) -> str:
    """Write a rate as per cent with one decimal, rounded down; a dash where there is none."""
    return "\N{EN DASH}" if rate is None else f"{int(rate * 1000) / 10:.1f} %"
