"""What a store answers: recorded when it is frozen, and asked again of later versions."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from fastapi.testclient import TestClient

from tests.frozen.living import AT, FROZEN_AT
from tests.http.site import Site
from tracker.container import Container
from tracker.serialization import decode
from tracker.wiring.http import http_app

Answers = dict[str, Any]

PASSING = {"freshness", "next_steps"}
"""What an answer says of the moment it is given at, or of the rules of the day."""


def ask(it: Container, keys: Mapping[str, str]) -> Answers:
    """Return what is told of every dossier, of the figures and of the log."""
    it.catch_up()
    digests = digests_of(it)
    with TestClient(http_app(it)) as client:
        site = Site(it, client, [FROZEN_AT], dict(keys))
        return {
            "digests": digests,
            "head": it.scan.head(),
            "actors": {who: it.keys.actor_of(key).id for who, key in keys.items()},
            "links": {code: it.receipts.path(code) for code in digests},
            "checkpoints": [note for _, note in it.log.checkpoints.after(-1)],
            "dossiers": {code: of_dossier(site, code) for code in digests},
            "figures": {
                by: json_of(site, "/v1/sla", by=by, as_of=AT.isoformat(), known_at=AT.isoformat())
                for by in ("office", "channel")
            },
        }


def of_dossier(site: Site, code: str) -> Answers:
    admin = "administrator"
    found = {
        "look-up": json_of(site, f"/v1/lookup/{code}", who=None),
        "dossier": json_of(site, f"/v1/dossiers/{code}"),
        "history": json_of(site, f"/v1/dossiers/{code}/history"),
        "deadline": json_of(site, f"/v1/dossiers/{code}/deadline"),
    }
    opened = site.get(f"/v1/dossiers/{code}/personal-data", admin, reason="frozen")
    found["personal data"] = opened.json() if opened.status_code == 200 else opened.status_code
    return found


def same(answer: Any) -> Any:  # noqa: ANN401  JSON
    """Return an answer in the form in which later versions give it too: times are moments."""
    if isinstance(answer, dict):
        return {key: same(value) for key, value in answer.items() if key not in PASSING}
    if isinstance(answer, list):
        return [same(one) for one in answer]
    if isinstance(answer, str) and "T" in answer:
        with suppress(ValueError):
            return datetime.fromisoformat(answer).astimezone(UTC).isoformat()
    return answer


def differences(before: Any, now: Any, at: str = "") -> list[str]:  # noqa: ANN401  JSON
    """Name every place at which `now` is not `before`; what `now` has besides is no difference."""
    if isinstance(before, dict) and isinstance(now, dict):
        return [
            one
            for key, value in before.items()
            for one in differences(value, now.get(key, "MISSING"), f"{at}/{key}")
        ]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [
            one
            for number, (left, right) in enumerate(zip(before, now, strict=True))
            for one in differences(left, right, f"{at}/{number}")
        ]
    return [] if before == now else [f"{at}: {before!r}, now {now!r}"]


def json_of(site: Site, path: str, *, who: str | None = "administrator", **params: str) -> Any:  # noqa: ANN401
    answer = site.get(path, who, **params)
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


def digests_of(it: Container) -> dict[str, str]:
    """Return a digest of each dossier's history as it is stored, by its code."""
    found = {}
    for rows in it.scan.dossiers(up_to=it.scan.head()):
        told = hashlib.sha256()
        for row in rows:
            told.update(f"{row.position} {row.version} {row.topic} ".encode() + row.state)
        found[decode(rows[0].topic, rows[0].state).code] = told.hexdigest()
    return dict(sorted(found.items()))
