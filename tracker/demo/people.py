"""Invented applicants, whose names show that they are invented."""

from random import Random

_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô")
_MIDDLE = ("Văn", "Thị", "Hữu", "Ngọc", "Minh", "Thu")
_GIVEN = ("Ví Dụ", "Mẫu", "Thử", "Minh Họa", "Giả Định", "Nháp", "Thí Điểm", "Tưởng Tượng")
_STREETS = ("phố Ví Dụ", "ngõ Thử Nghiệm", "đường Minh Họa", "phố Mẫu Đơn Thử")


def applicant(rng: Random, number: int) -> dict[str, str]:
    """Return an invented applicant; `number` makes the phone and id unique."""
    return {
        "name": " ".join(map(rng.choice, (_FAMILY, _MIDDLE, _GIVEN))),
        "id_number": f"001099{number:06d}",
        "address": f"Số {rng.randint(1, 99)}, {rng.choice(_STREETS)}, Hà Nội",
        "phone": f"0900 {number // 1000:03d} {number % 1000:03d}",
    }
