"""Commands of a realistic size, with invented people."""

import csv
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

_DATA = Path(__file__).parents[2] / "tracker" / "data" / "hanoi"
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô")
_MIDDLE = ("Văn", "Thị", "Hữu", "Ngọc", "Minh", "Thu", "Thị Thanh", "Đình Quốc")
_GIVEN = ("Ví Dụ", "Thử Tải", "Minh Họa", "Giả Định", "Mẫu")
_STREETS = ("phố Ví Dụ", "ngõ 12 đường Thử Nghiệm", "đường Minh Họa, tổ dân phố số 4")
_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)

Message = dict[str, Any]


class Procedures:
    """The procedures that can be applied for today, read from the service's data files.

    Only those that one office decides: the office of the load test's officer.
    """

    def __init__(self, decided_by: str, today: date, directory: Path = _DATA) -> None:
        rows = {
            row["code"]: row["version"]
            for row in _rows(directory / "procedures.csv")
            if row["decided_by"] == decided_by and _holds(row["valid_from"], row["valid_to"], today)
        }
        self.all = sorted(rows)
        opened = {
            row["procedure"]
            for row in _rows(directory / "agent_openings.csv")
            if _holds(row["opened_on"], row["closed_on"], today)
        }
        self.open_to_agents = [code for code in self.all if code in opened]
        self.papers: dict[str, list[Message]] = {
            code: [
                {"name": row["name"], "form": row["form"], "quantity": int(row["quantity"])}
                for row in _rows(directory / "papers.csv")
                if (row["procedure"], row["version"]) == (code, version)
            ]
            for code, version in rows.items()
        }


def _holds(first: str, last: str, today: date) -> bool:
    return date.fromisoformat(first) <= today <= date.fromisoformat(last or "9999-12-31")


def _rows(path: Path) -> list[Mapping[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def stamped(message: Message, at: datetime | None = None) -> Message:
    """Add a new event id and the time of the event, by default now."""
    at = at or datetime.now(UTC)
    return {"event_id": uuid4().hex, "occurred_at": at.isoformat(), **message}


def intake(
    chance: Random, procedures: Procedures, *, agent: bool = False, way: str | None = None
) -> Message:
    """Return an intake of about a kilobyte."""
    code = chance.choice(procedures.open_to_agents if agent else procedures.all)
    number = chance.randrange(10**6)
    return {
        "procedure": code,
        "applicant": {
            "name": " ".join(map(chance.choice, (_FAMILY, _MIDDLE, _GIVEN))),
            "id_number": f"001099{number:06d}",
            "address": f"Số {chance.randint(1, 400)}, {chance.choice(_STREETS)}, Hà Nội",
            "phone": f"0900 {number // 1000:03d} {number % 1000:03d}",
            "email": f"vidu{number}@example.vn",
        },
        "papers": [
            *procedures.papers[code],
            {"name": "Giấy ủy quyền (ví dụ)", "form": "original", "quantity": 1},
        ],
        "way_of_return": way or chance.choices(("post", "collect", "electronic"), (6, 3, 1))[0],
    }


def parcel_number(chance: Random) -> str:
    """Return a valid parcel number (UPU S10)."""
    serial = f"{chance.randrange(10**8):08d}"
    rest = 11 - sum(int(d) * w for d, w in zip(serial, _WEIGHTS, strict=True)) % 11
    return f"RR{serial}{ {10: 0, 11: 5}.get(rest, rest) }VN"


def scans(number: str, handed_at: datetime, now: datetime) -> list[Message]:
    """Return the scans of a parcel until its delivery, in order."""
    way = ("EMA", "EMC", "EMD", "EMF", "EDG", "EMI")
    apart = (now - handed_at) / (len(way) + 1)
    return [
        stamped(
            {
                "step": "carrier_scanned",
                "number": number,
                "scan": scan,
                "place": f"Bưu cục ví dụ số {place}",
                "raw": json.dumps(
                    {"item": number, "event": scan, "at": "28/08/2026 07:54:50", "office": "100000"}
                ),
            },
            handed_at + place * apart,
        )
        for place, scan in enumerate(way, start=1)
    ]
