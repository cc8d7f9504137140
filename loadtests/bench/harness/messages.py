"""The requests of the bench: intakes and steps as large as real ones."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import orjson

from loadtests.bench.harness.client import request

_NAMES = ("Nguyễn Thị An", "Trần Văn Bình", "Lê Thị Cúc", "Phạm Quốc Dũng", "Hoàng Thị Giang")
_PAPERS = [
    {"name": "Tờ khai theo mẫu", "form": "original", "quantity": 1},
    {"name": "Bản sao căn cước", "form": "copy", "quantity": 1},
]
_PROCEDURE = "2.001610"


def intake(number: int, run: str) -> dict[str, object]:
    """Return one intake; `run` and the number make it unique."""
    return {
        "event_id": f"{run}-{number}",
        "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "procedure": _PROCEDURE,
        "applicant": {
            "name": _NAMES[number % len(_NAMES)],
            "id_number": f"001{number % 10**9:09d}",
            "phone": f"09{number % 10**8:08d}",
            "address": f"Số {number % 300 + 1}, phố Lê Lợi, phường Hoàn Kiếm, Hà Nội",
        },
        "papers": _PAPERS,
    }


def intakes(key: str, run: str) -> Iterator[bytes]:
    """Yield requests with one intake each, without end."""
    for number in itertools.count():
        body = orjson.dumps(intake(number, run))
        yield request(
            "POST",
            "/v1/dossiers",
            body,
            Content_Type="application/json",
            Authorization=f"Bearer {key}",
        )


def batches(key: str, run: str, size: int) -> Iterator[bytes]:
    """Yield requests with several intakes each, one a line, without end."""
    for number in itertools.count():
        lines = (orjson.dumps(intake(number * size + n, run)) for n in range(size))
        yield request(
            "POST",
            "/v1/dossiers:batch",
            b"\n".join(lines),
            Content_Type="application/x-ndjson",
            Authorization=f"Bearer {key}",
        )


def steps(key: str, run: str, codes: Sequence[str]) -> Iterator[bytes]:
    """Yield requests that each add a step to one of these dossiers, without end."""
    for number, code in enumerate(itertools.cycle(codes)):
        body = orjson.dumps(
            {
                "event_id": f"{run}-{number}",
                "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "step": "complained",
                "text": "Đã quá hẹn ba ngày mà chưa có tin gì.",
            }
        )
        yield request(
            "POST",
            f"/v1/dossiers/{code}/events",
            body,
            Content_Type="application/json",
            Authorization=f"Bearer {key}",
        )
