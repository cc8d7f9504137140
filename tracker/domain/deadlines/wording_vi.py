"""Phrases for calculation steps in Vietnamese."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from tracker.domain.deadlines.calculation_steps import CalculationStep, StepKind, StepUnit, StepWhy
from tracker.domain.deadlines.time_rules import PauseKind

_WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
_UNITS = {
    StepUnit.WORKING_DAYS: "ngày làm việc",
    StepUnit.CALENDAR_DAYS: "ngày (kể cả ngày nghỉ)",
    StepUnit.WORKING_HOURS: "giờ làm việc",
}
_PAUSED = {
    PauseKind.SUPPLEMENT: "chờ bổ sung giấy tờ",
    PauseKind.FEE: "chờ nộp phí, lệ phí",
    PauseKind.STOP: "do cơ quan dừng xử lý",
}
_IGNORED = {
    StepWhy.NO_REASON: "không ghi lý do",
    StepWhy.NO_END: "chưa ghi thời điểm kết thúc",
    StepWhy.ENDS_BEFORE_START: "kết thúc trước khi bắt đầu",
    StepWhy.BEFORE_RECEIPT: "kết thúc trước khi tiếp nhận",
    StepWhy.TOO_LATE: "bắt đầu khi đã quá hạn",
}
_NAMED_RANGES = 2
_MINUTES = 60


def phrase(group: Sequence[CalculationStep]) -> str:
    """Return the phrase for steps of one kind."""
    return _PHRASES[group[0].kind](group)


def _received(group: Sequence[CalculationStep]) -> str:
    return f"tiếp nhận lúc {_moment(group[0].at)}"


def _counted_from(group: Sequence[CalculationStep]) -> str:
    step = group[0]
    late = {
        StepWhy.AFTER_CLOSING: f"sau giờ làm việc ({step.name})",
        StepWhy.AFTER_CUT_OFF: f"sau giờ chốt nhận ({step.name})",
    }
    why = late.get(step.why, f"vào ngày nghỉ ({step.name})") if step.why else "muộn"
    return f"{why} nên tính từ {_moment(step.at)}"


def _time(group: Sequence[CalculationStep]) -> str:
    step = group[0]
    if not step.amount and step.unit is not StepUnit.WORKING_HOURS:
        return "giải quyết trong ngày"
    return f"thời hạn {_amount(step.amount or 0, step.unit)}"


def _days_off(group: Sequence[CalculationStep]) -> str:
    step = group[0]
    ranges = [_range(days_off.from_on, days_off.to_on) for days_off in group]
    if step.why is StepWhy.WEEKEND:
        if len(group) > _NAMED_RANGES:
            first, last = _day(step.from_on), _day(group[-1].to_on)
            return f"{len(group)} kỳ nghỉ cuối tuần từ {first} đến {last}"
        return f"{' và '.join(ranges)} là ngày nghỉ cuối tuần"
    if step.why is StepWhy.CHANGE:
        return f"{ranges[0]} là ngày nghỉ{_decided(step)}"
    return f"{ranges[0]} nghỉ lễ, tết ({step.name})"


def _worked_day(group: Sequence[CalculationStep]) -> str:
    step = group[0]
    day = _range(step.from_on, step.to_on)
    if step.from_on is not None and step.from_on == step.to_on:
        day = f"{_WEEKDAYS[step.from_on.weekday()]} {day}"
    return f"{day} là ngày làm việc{_decided(step)}"


def _pause(group: Sequence[CalculationStep]) -> str:
    step = group[0]
    why = _PAUSED[step.pause_kind] if step.pause_kind else ""
    if step.amount is None:
        return f"tạm dừng {why}"
    return f"tạm dừng {_amount(sum(pause.amount or 0 for pause in group), step.unit)} {why}"


def _pause_ignored(group: Sequence[CalculationStep]) -> str:
    why = _IGNORED.get(group[0].why, "") if group[0].why else ""
    return f"không tính {len(group)} lần tạm dừng ({why})"


def _restarted(group: Sequence[CalculationStep]) -> str:
    return f"tính lại từ đầu từ {_moment(group[0].at)}"


def _locked(_group: Sequence[CalculationStep]) -> str:
    return "thời gian tạm dừng không làm thay đổi ngày hẹn"


def _moved(_group: Sequence[CalculationStep]) -> str:
    return "chuyển sang ngày làm việc kế tiếp"


def _due(group: Sequence[CalculationStep]) -> str:
    at = group[0].at
    return f"nên hẹn trả lúc {at:%H:%M} {_WEEKDAYS[at.weekday()]} ngày {_day(at)}" if at else ""


def _amount(amount: int, unit: StepUnit | None) -> str:
    if unit is StepUnit.WORKING_MINUTES:
        hours, minutes = divmod(amount, _MINUTES)
        parts = [f"{hours} giờ"] * bool(hours) + [f"{minutes} phút"] * bool(minutes or not hours)
        return f"{' '.join(parts)} làm việc"
    return f"{amount} {_UNITS[unit] if unit else ''}"


def _decided(step: CalculationStep) -> str:
    return f" (quyết định ngày {_day(step.decided_on)})" if step.decided_on else ""


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def _moment(at: datetime | None) -> str:
    return f"{at:%H:%M} ngày {_day(at)}" if at else ""


def _range(from_on: date | None, to_on: date | None) -> str:
    if from_on is None or to_on is None or from_on == to_on:
        return _day(from_on)
    if (from_on.year, from_on.month) == (to_on.year, to_on.month):
        return f"{from_on:%d}\N{EN DASH}{_day(to_on)}"
    if from_on.year == to_on.year:
        return f"{from_on:%d/%m} \N{EN DASH} {_day(to_on)}"
    return f"{_day(from_on)} \N{EN DASH} {_day(to_on)}"


_PHRASES: dict[StepKind, Callable[[Sequence[CalculationStep]], str]] = {
    StepKind.RECEIVED: _received,
    StepKind.COUNTED_FROM: _counted_from,
    StepKind.TIME: _time,
    StepKind.DAYS_OFF: _days_off,
    StepKind.WORKED_DAY: _worked_day,
    StepKind.PAUSE: _pause,
    StepKind.PAUSE_IGNORED: _pause_ignored,
    StepKind.RESTARTED: _restarted,
    StepKind.LOCKED: _locked,
    StepKind.MOVED_TO_WORKING_DAY: _moved,
    StepKind.DUE: _due,
}
