from datetime import date, datetime, time
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from tracker.domain.deadlines.calculation_steps import CalculationStep, StepKind, StepUnit, StepWhy
from tracker.domain.deadlines.calendar import DayChange, WorkCalendar
from tracker.domain.deadlines.deadlines import deadline
from tracker.domain.deadlines.time_rules import (
    Pause,
    PauseKind,
    PausePolicy,
    ProcessingTime,
    TimeRule,
    TimeUnit,
)
from tracker.domain.deadlines.wording import Language, why_sentence
from tracker.domain.errors import InvalidInputError

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DASH = "\N{EN DASH}"
DECIDED = date(2025, 12, 25)
TET = {
    date(2026, 2, 16): "Giao thừa",
    date(2026, 2, 17): "Mùng một",
    date(2026, 2, 18): "Mùng hai",
}
CALENDAR = WorkCalendar(
    name="few days",
    zone=ZONE,
    first=date(2025, 12, 1),
    last=date(2026, 12, 31),
    days_off={date(2026, 1, 1): "Tết Dương lịch", **TET},
    worked_days={date(2026, 8, 22)},
    changes=(
        DayChange(date(2026, 1, 2), works=False, decided_on=DECIDED, name="off", citation="c"),
        DayChange(date(2026, 1, 10), works=True, decided_on=DECIDED, name="on", citation="c"),
    ),
)

IGNORED = {"no_reason", "no_end", "ends_before_start", "before_receipt", "too_late"}


def at(month: int, day: int, hour: int = 9, minute: int = 10, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZONE)


def said(
    amount: int,
    received: datetime,
    *pauses: Pause,
    unit: TimeUnit = TimeUnit.WORKING_DAYS,
    policy: PausePolicy = PausePolicy.EXTEND,
    cut_off: time | None = None,
) -> tuple[str, str]:
    rule = TimeRule(ProcessingTime(amount, unit), cut_off=cut_off, pause_policy=policy)
    result = deadline(rule, received, pauses, CALENDAR)
    assert result is not None
    return why_sentence(result.steps, "en"), why_sentence(result.steps, "vi")


def pause(kind: PauseKind, start: datetime, end: datetime | None, reason: str = "secret") -> Pause:
    return Pause(kind, reason, start, end)


def test_the_sentence_of_the_domains_example_has_the_right_date() -> None:
    english, vietnamese = said(5, at(1, 15), pause(PauseKind.SUPPLEMENT, at(1, 16), at(1, 20)))
    assert english == (
        f"received 15 Jan 2026 09:10, 5 working days, 17{DASH}18 Jan and 24{DASH}25 Jan are "
        "weekends, paused 2 working days for your papers, so Mon 26 Jan 2026 17:00"
    )
    assert vietnamese == (
        f"tiếp nhận lúc 09:10 ngày 15/01/2026, thời hạn 5 ngày làm việc, 17{DASH}18/01/2026 và "
        f"24{DASH}25/01/2026 là ngày nghỉ cuối tuần, tạm dừng 2 ngày làm việc chờ bổ sung giấy tờ, "
        "nên hẹn trả lúc 17:00 thứ Hai ngày 26/01/2026"
    )


def test_the_sentence_of_a_swap_over_new_year_has_the_decision_date_and_the_year() -> None:
    english, vietnamese = said(1, at(12, 31, year=2025))
    assert english == (
        "received 31 Dec 2025 09:10, 1 working day, 1 Jan 2026 is a public holiday (Tết Dương "
        f"lịch), 2 Jan 2026 is a day off (decided 25 Dec 2025), 3{DASH}4 Jan 2026 are a weekend, "
        "so Mon 5 Jan 2026 17:00"
    )
    assert vietnamese == (
        "tiếp nhận lúc 09:10 ngày 31/12/2025, thời hạn 1 ngày làm việc, 01/01/2026 nghỉ lễ, tết "
        "(Tết Dương lịch), 02/01/2026 là ngày nghỉ (quyết định ngày 25/12/2025), "
        f"03{DASH}04/01/2026 là ngày nghỉ cuối tuần, nên hẹn trả lúc 17:00 thứ Hai ngày 05/01/2026"
    )


def test_the_sentence_mentions_a_worked_saturday() -> None:
    english, vietnamese = said(5, at(1, 5))
    assert english == (
        "received 5 Jan 2026 09:10, 5 working days, Sat 10 Jan is a working day (decided 25 Dec "
        "2025), so Sat 10 Jan 2026 17:00"
    )
    assert vietnamese == (
        "tiếp nhận lúc 09:10 ngày 05/01/2026, thời hạn 5 ngày làm việc, thứ Bảy 10/01/2026 là ngày "
        "làm việc (quyết định ngày 25/12/2025), nên hẹn trả lúc 17:00 thứ Bảy ngày 10/01/2026"
    )


def test_many_weekends_and_a_long_holiday_stay_short() -> None:
    english, vietnamese = said(10, at(2, 12))
    assert english == (
        "received 12 Feb 2026 09:10, 10 working days, 3 weekends between 14 Feb and 1 Mar, "
        f"16{DASH}18 Feb are public holidays (Giao thừa {DASH} Mùng hai), so Tue 3 Mar 2026 17:00"
    )
    assert vietnamese == (
        "tiếp nhận lúc 09:10 ngày 12/02/2026, thời hạn 10 ngày làm việc, 3 kỳ nghỉ cuối tuần từ "
        f"14/02/2026 đến 01/03/2026, 16{DASH}18/02/2026 nghỉ lễ, tết (Giao thừa {DASH} Mùng hai), "
        "nên hẹn trả lúc 17:00 thứ Ba ngày 03/03/2026"
    )


def test_the_sentence_of_a_weekend_over_the_end_of_a_month_has_both_months() -> None:
    english, vietnamese = said(1, at(1, 30))
    assert f"31 Jan {DASH} 1 Feb are a weekend" in english
    assert f"31/01 {DASH} 01/02/2026 là ngày nghỉ cuối tuần" in vietnamese


def test_the_sentence_of_a_late_receipt_says_when_counting_starts() -> None:
    english, vietnamese = said(0, at(1, 5, 15, 30), cut_off=time(15))
    assert english == (
        "received 5 Jan 2026 15:30, after the cut-off at 15:00 so counted from Tue 6 Jan 07:00, "
        "the same day, so Tue 6 Jan 2026 17:00"
    )
    assert vietnamese == (
        "tiếp nhận lúc 15:30 ngày 05/01/2026, sau giờ chốt nhận (15:00) nên tính từ 07:00 ngày "
        "06/01/2026, giải quyết trong ngày, nên hẹn trả lúc 17:00 thứ Ba ngày 06/01/2026"
    )
    english, vietnamese = said(1, at(1, 5, 18))
    assert "after closing at 17:00 so counted from Tue 6 Jan 07:00" in english
    assert "sau giờ làm việc (17:00) nên tính từ 07:00 ngày 06/01/2026" in vietnamese
    english, vietnamese = said(1, at(1, 17))
    assert "on a day off so counted from Mon 19 Jan 07:00" in english
    assert "vào ngày nghỉ (Thứ Bảy) nên tính từ 07:00 ngày 19/01/2026" in vietnamese


def test_pauses_of_one_kind_are_summed_and_kinds_are_kept_apart() -> None:
    english, vietnamese = said(
        9,
        at(1, 12),
        pause(PauseKind.SUPPLEMENT, at(1, 13), at(1, 14)),
        pause(PauseKind.FEE, at(1, 15), at(1, 16)),
        pause(PauseKind.SUPPLEMENT, at(1, 19), at(1, 21)),
        pause(PauseKind.STOP, at(1, 21), at(1, 22)),
    )
    assert (
        "paused 3 working days for your papers, paused 1 working day for your payment, "
        "paused 1 working day while the office had stopped"
    ) in english
    assert (
        "tạm dừng 3 ngày làm việc chờ bổ sung giấy tờ, tạm dừng 1 ngày làm việc chờ nộp phí, "
        "lệ phí, tạm dừng 1 ngày làm việc do cơ quan dừng xử lý"
    ) in vietnamese


def test_the_sentence_says_why_pauses_do_not_count() -> None:
    english, vietnamese = said(
        5,
        at(1, 12),
        pause(PauseKind.FEE, at(1, 13), None),
        pause(PauseKind.FEE, at(1, 14), None),
        pause(PauseKind.FEE, at(1, 15), at(1, 16), ""),
    )
    assert "2 pauses not counted (no end recorded), 1 pause not counted (no reason rec" in english
    assert (
        "không tính 2 lần tạm dừng (chưa ghi thời điểm kết thúc), "
        "không tính 1 lần tạm dừng (không ghi lý do)"
    ) in vietnamese


def test_the_sentence_shows_working_hours_and_office_time_in_hours_and_minutes() -> None:
    english, vietnamese = said(
        1,
        at(1, 16, 16, 0),
        pause(PauseKind.FEE, at(1, 16, 16, 30), at(1, 16, 16, 45)),
        pause(PauseKind.SUPPLEMENT, at(1, 16, 16, 50), at(1, 19, 8, 0)),
        unit=TimeUnit.WORKING_HOURS,
    )
    assert english == (
        f"received 16 Jan 2026 16:00, 1 working hour, 17{DASH}18 Jan are a weekend, paused 15 min "
        "of office time for your payment, paused 1 h 10 min of office time for your papers, so "
        "Mon 19 Jan 2026 08:25"
    )
    assert vietnamese == (
        "tiếp nhận lúc 16:00 ngày 16/01/2026, thời hạn 1 giờ làm việc, "
        f"17{DASH}18/01/2026 là ngày nghỉ cuối tuần, tạm dừng 15 phút làm việc chờ nộp phí, lệ "
        "phí, tạm dừng 1 giờ 10 phút làm việc chờ bổ sung giấy tờ, nên hẹn trả lúc 08:25 thứ Hai "
        "ngày 19/01/2026"
    )


def test_the_sentence_mentions_a_lock_a_restart_and_a_move_to_a_working_day() -> None:
    waited = pause(PauseKind.STOP, at(1, 13), at(1, 14, 10))
    english, vietnamese = said(1, at(1, 12), waited, policy=PausePolicy.LOCK)
    assert "pauses do not move this date" in english
    assert "thời gian tạm dừng không làm thay đổi ngày hẹn" in vietnamese
    english, vietnamese = said(1, at(1, 12), waited, policy=PausePolicy.RESTART)
    assert (
        "paused while the office had stopped, the time began again on 14 Jan 10:10, so Thu 15 Jan"
    ) in english
    assert (
        "tạm dừng do cơ quan dừng xử lý, tính lại từ đầu từ 10:10 ngày 14/01/2026, nên hẹn trả"
    ) in vietnamese
    english, vietnamese = said(5, at(1, 12), unit=TimeUnit.CALENDAR_DAYS)
    assert f"5 calendar days, 17{DASH}18 Jan are a weekend, moved to the next working" in english
    assert "5 ngày (kể cả ngày nghỉ)" in vietnamese
    assert "chuyển sang ngày làm việc kế tiếp" in vietnamese


def test_the_sentence_never_contains_the_recorded_reason_of_a_pause() -> None:
    for sentence in said(5, at(1, 15), pause(PauseKind.SUPPLEMENT, at(1, 16), at(1, 20))):
        assert "secret" not in sentence


@pytest.mark.parametrize("kind", StepKind)
@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_step_of_every_kind_has_words_even_with_no_field_filled(
    kind: StepKind, language: Language
) -> None:
    assert isinstance(why_sentence([CalculationStep(kind)], language), str)


@pytest.mark.parametrize("why", [why for why in StepWhy if why is not StepWhy.WORKED])
def test_every_why_has_words(why: StepWhy) -> None:
    kind = StepKind.PAUSE_IGNORED if why.value in IGNORED else StepKind.DAYS_OFF
    step = CalculationStep(
        kind, why=why, from_on=date(2026, 1, 3), to_on=date(2026, 1, 4), name="n"
    )
    assert "()" not in why_sentence([step], "en") + why_sentence([step], "vi")


def test_no_steps_make_no_words() -> None:
    assert why_sentence([], "en") == ""


def test_a_language_without_words_is_refused() -> None:
    step = CalculationStep(StepKind.TIME, amount=1, unit=StepUnit.WORKING_DAYS)
    with pytest.raises(InvalidInputError, match="fr"):
        why_sentence([step], cast("Language", "fr"))
