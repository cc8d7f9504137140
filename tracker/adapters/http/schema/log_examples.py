"""Examples of the transparency log for the OpenAPI document."""

from typing import Any

from tracker.adapters.http.schema.examples import CODE

_HASH = "S0ARs+ja9/lX5MwgSZGsLPrUCkA+2sNfo998DeWh0Z0="
CHECKPOINT = (
    f"tracker.local/log\n2341\n{_HASH}\nheads 320 {_HASH}\nmade 2026-11-24T05:00:00+00:00\n\n"
    "\N{EM DASH} tracker.local/log JF7mKUGYiYqJO33VV8KL4tUzakChRDB1alpibsGWH+aiMhqscmoIUr03DQWS"
    "OWW9N2DDTo8wFkf9nt3gnHbgG+Q6xwU=\n"
)
TAKEN = {"witnesses": ["witness.example/w1"]}
INCLUSION: dict[str, Any] = {
    "leaf": 1,
    "size": 2,
    "leaf_hash": _HASH,
    "root": _HASH,
    "path": [_HASH],
}
CONSISTENCY: dict[str, Any] = {"first": 1, "second": 2, "path": [_HASH]}
_ID = "3f8e1c9a5b7d4e0f8a6c2d1b9e7f5a30"
PROOF: dict[str, Any] = {
    "format": "tracker-proof/1",
    "code": CODE,
    "dossier_id": _ID,
    "checkpoint": CHECKPOINT,
    "events": [
        {
            "topic": "dossier.received.v1",
            "state": '{"originator_id":"3f8e1c9a-5b7d-4e0f-8a6c-2d1b9e7f5a30"}',
            "leaf": 1,
            "previous": None,
            "path": [_HASH],
        }
    ],
    "heads": [
        {
            "dossier_id": _ID,
            "version": 1,
            "leaf": 1,
            "chain": _HASH,
            "number": 0,
            "path": [_HASH],
        }
    ],
    "since": {"size": 1, "path": [_HASH]},
}
