"""Examples for the OpenAPI document. Tests check them against their schemas and send the bodies."""

from typing import Any

CODE = "H26.01-261120-0001"
AT = "2026-11-20T09:10:00+07:00"
_DUE = "2026-11-30T17:00:00+07:00"
_CALENDAR = "VN-hanoi@2025-12-25#71c9fb9726bd"

INTAKE: dict[str, Any] = {
    "event_id": "tablet-7-000123",
    "occurred_at": AT,
    "procedure": "2.001610",
    "applicant": {"name": "Nguyễn Thị An", "phone": "0900 000 001"},
    "papers": [{"name": "Giấy đề nghị đăng ký", "form": "original", "quantity": 1}],
    "way_of_return": "post",
}
STEP: dict[str, Any] = {
    "event_id": "desk-3-000077",
    "occurred_at": "2026-11-20T10:00:00+07:00",
    "step": "supplement_asked",
    "papers_due_at": _DUE,
    "reason": "Thiếu bản sao giấy chứng nhận.",
    "basis": "Nghị định 118/2025/NĐ-CP",
}
BATCH: list[dict[str, Any]] = [
    INTAKE,
    {
        "event_id": "desk-3-000078",
        "occurred_at": "2026-11-20T10:05:00+07:00",
        "code": CODE,
        "step": "complained",
        "text": "Chờ quá lâu.",
    },
]
LEASE: dict[str, Any] = {"day": "2026-11-20", "size": 3}
UNUSED: dict[str, Any] = {"numbers": [102, 103]}

FRESH = {"position": 42, "behind": 0, "age_seconds": 0.0}
STORED: dict[str, Any] = {
    "code": CODE,
    "version": 1,
    "position": 42,
    "status": 2,
    "stage": "received",
    "promised_at": _DUE,
    "duplicate": False,
}
DUPLICATE = STORED | {"duplicate": True}
STEP_STORED = STORED | {
    "version": 2,
    "position": 43,
    "status": 5,
    "stage": "waiting_for_papers",
}
UNKNOWN_DOSSIER: dict[str, Any] = {
    "type": "/problems/unknown-dossier",
    "title": "There is no such dossier",
    "status": 404,
    "detail": "There is no dossier with this code.",
}
BATCH_ANSWER: dict[str, Any] = {
    "items": [
        {"outcome": "created", "stored": STORED},
        {"outcome": "rejected", "problem": UNKNOWN_DOSSIER},
    ]
}
OPENING: dict[str, Any] = {"digits": "3456"}
RECEIPT_LINK: dict[str, Any] = {"path": f"/h/{CODE}/abcdefghijklmnopqrstuvwxyz"}
LOOKUP: dict[str, Any] = {
    "code": CODE,
    "status": 4,
    "promised_at": _DUE,
    "on_time": True,
    "to_do": False,
    "phone": "024 0000 0001",
    "freshness": FRESH,
}
_PROMISE = {
    "step": "received",
    "made_at": AT,
    "due_at": _DUE,
    "given": False,
    "time": "5 working_days",
    "calendar": _CALENDAR,
}
DOSSIER: dict[str, Any] = {
    "code": CODE,
    "version": 1,
    "status": 2,
    "stage": "received",
    "next_steps": ["refused", "forwarded", "processing_started", "supplement_asked", "decided"],
    "channel": "counter",
    "offices": {"helped_at": "CN01", "received_at": "CN01", "decided_by": "SO-TAICHINH"},
    "procedure": "2.001610",
    "procedure_version": 1,
    "papers": [{"name": "Giấy đề nghị đăng ký", "form": "original", "quantity": 1}],
    "way_of_return": "post",
    "received_at": AT,
    "promised_at": _DUE,
    "paused_since": None,
    "finished_at": None,
    "returned_at": None,
    "outcome": None,
    "promises": [_PROMISE],
    "carrier": "",
    "parcel_number": "",
    "score": None,
    "personal_data_erased": False,
    "freshness": FRESH,
}
HISTORY: dict[str, Any] = {
    "code": CODE,
    "events": [
        {
            "version": 2,
            "step": "supplement_asked",
            "occurred_at": "2026-11-20T10:00:00+07:00",
            "recorded_at": "2026-11-20T10:00:01+07:00",
            "by": {"role": "staff", "id": "staff-3", "office": "SO-TAICHINH", "partner": ""},
            "event_id": "desk-3-000077",
            "details": {
                "papers": [],
                "basis": "Nghị định 118/2025/NĐ-CP",
                "papers_due_at": _DUE,
            },
            "sealed": ["reason"],
        }
    ],
    "freshness": FRESH,
}
PERSONAL_DATA: dict[str, Any] = {
    "code": CODE,
    "entries": [
        {
            "version": 1,
            "field": "applicant",
            "text": None,
            "applicant": {"name": "Nguyễn Thị An", "phone": "0900 000 001"},
        },
        {
            "version": 2,
            "field": "reason",
            "text": "Thiếu bản sao giấy chứng nhận.",
            "applicant": None,
        },
    ],
    "freshness": FRESH,
}
READERS: dict[str, Any] = {
    "code": CODE,
    "readers": [
        {
            "what": "personal_data",
            "role": "staff",
            "actor": "staff-1",
            "office": "CN01",
            "read_at": "2026-11-20T04:00:00Z",
            "reason": "Gọi điện cho người nộp",
        }
    ],
    "freshness": FRESH,
}
DEADLINE: dict[str, Any] = {
    "code": CODE,
    "promises": [_PROMISE],
    "calendar": _CALENDAR,
    "reckoned_due_at": _DUE,
    "steps": [
        {"kind": "received", "at": AT},
        {"kind": "time", "amount": 5, "unit": "working_days"},
        {
            "kind": "days_off",
            "from_on": "2026-11-21",
            "to_on": "2026-11-22",
            "why": "weekend",
            "name": "Thứ Bảy \N{EN DASH} Chủ nhật",
        },
        {
            "kind": "days_off",
            "from_on": "2026-11-24",
            "to_on": "2026-11-24",
            "why": "holiday",
            "name": "Ngày Văn hóa Việt Nam",
        },
        {
            "kind": "days_off",
            "from_on": "2026-11-28",
            "to_on": "2026-11-29",
            "why": "weekend",
            "name": "Thứ Bảy \N{EN DASH} Chủ nhật",
        },
        {"kind": "due", "at": _DUE},
    ],
    "lang": "en",
    "sentence": "received 20 Nov 2026 09:10, 5 working days,"
    " 21\N{EN DASH}22 Nov and 28\N{EN DASH}29 Nov are weekends,"
    " 24 Nov is a public holiday (Ngày Văn hóa Việt Nam), so Mon 30 Nov 2026 17:00",
    "freshness": FRESH,
}
BLOCK: dict[str, Any] = {
    "id": "0d9f7c0a5c1b4d0c9a53f16f6d0c2b11",
    "agency": "H26.01",
    "day": "2026-11-20",
    "first": 101,
    "last": 103,
    "codes": ["H26.01-261120-0101", "H26.01-261120-0102", "H26.01-261120-0103"],
}
UNUSED_NOTED: dict[str, Any] = {"id": BLOCK["id"], "numbers": [102, 103]}
LIVE = {"status": "live"}
READY: dict[str, Any] = {
    "status": "ready",
    "store_position": 42,
    "read_models": {
        "status": FRESH,
        "timeline": FRESH,
        "promises": FRESH,
        "log": FRESH,
        "messages": FRESH,
    },
    "offices": 60,
    "procedures": 60,
}
