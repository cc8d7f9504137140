"""Examples of figures for the OpenAPI document."""

from typing import Any

from tracker.adapters.http.schema.examples import AT, FRESH

_RATED = {
    "finished_on_time": 90,
    "finished_late": 10,
    "open_overdue": 5,
    "rate_finished": 0.9,
    "rate_due": 0.88,
}
_COUNTS: dict[str, Any] = _RATED | {
    "submitted": 3,
    "received": 125,
    "carried_over": 0,
    "finished": 100,
    "finished_without_promise": 0,
    "refused": 1,
    "withdrawn": 1,
    "returned": 80,
    "open": 23,
    "open_paused": 4,
    "open_without_promise": 0,
    "due_without_promise": 0,
    "late_without_apology": 12,
    "ratings": 41,
    "satisfaction": 4.5,
    "against_first_promise": _RATED,
}
FIGURES: dict[str, Any] = {
    "as_of": AT,
    "known_at": None,
    "since": None,
    "by": "channel",
    "total": _COUNTS,
    "groups": {"counter": _COUNTS},
    "freshness": FRESH,
}
_FIGURES_THEN = {name: value for name, value in FIGURES.items() if name != "freshness"}
EXPLANATION: dict[str, Any] = {
    "then": _FIGURES_THEN | {"known_at": AT},
    "now": _FIGURES_THEN,
    "number": 1,
    "changes": [
        {
            "code": "H26.01-261120-0101",
            "group_then": "counter",
            "group_now": "counter",
            "lost": ["open"],
            "gained": ["finished", "latest.finished_on_time"],
            "events": [
                {
                    "version": 4,
                    "step": "decided",
                    "occurred_at": AT,
                    "recorded_at": AT,
                    "by": "staff staff-7 SO-TAICHINH",
                }
            ],
        }
    ],
}
