"""The real application with a real container, and the actors that send requests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from tracker.adapters.sql.event_store.store_scan import SqlStoreScan
from tracker.application.audit.verify_store import StoredRow
from tracker.application.queries.explain_figures import ExplainFigures
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.events.event import Event
from tracker.wiring.http import http_app

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
PROCEDURE = "2.001610"
DECIDES = "SO-TAICHINH"
ACTORS = {
    "desk": Actor(Role.STAFF, "staff-desk", "CN01"),
    "other desk": Actor(Role.STAFF, "staff-other", "CN02"),
    "decider": Actor(Role.STAFF, "staff-decider", DECIDES),
    "colleague": Actor(Role.STAFF, "staff-colleague", DECIDES),
    "agent": Actor(Role.AGENT, "agent-1", "DL-VNPOST-001"),
    "kiosk": Actor(Role.KIOSK, "kiosk-1", "KIOSK-01"),
    "carrier": Actor(Role.CARRIER, "carrier-1", "", "VNPOST"),
    "portal": Actor(Role.PORTAL, "portal-1", "PORTAL"),
    "auditor": Actor(Role.AUDITOR, "auditor-1"),
    "manager": Actor(Role.MANAGER, "manager-1"),
    "administrator": Actor(Role.ADMINISTRATOR, "admin-1"),
}


@dataclass
class Site:
    """A running service and the API keys of its actors."""

    installation: Container
    client: TestClient
    now: list[datetime]
    keys: dict[str, str]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def get(self, path: str, who: str | None = None, **params: str | int) -> Response:
        return self.client.get(path, params=params, headers=self.shown(who))

    def post(self, path: str, who: str | None, body: object, **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, json=body, headers=self.shown(who) | named)

    def shown(self, who: str | None) -> dict[str, str]:
        return {} if who is None else {"Authorization": f"Bearer {self.keys[who]}"}

    def at(self) -> str:
        return self.now[0].isoformat()

    def intake(self, **changes: object) -> dict[str, Any]:
        return {
            "event_id": f"intake-{next(self._numbers)}",
            "occurred_at": self.at(),
            "procedure": PROCEDURE,
            "applicant": {"name": "An", "phone": "0900 000 001"},
        } | changes

    def step(self, step: str, **changes: object) -> dict[str, Any]:
        return {
            "event_id": f"step-{next(self._numbers)}",
            "occurred_at": self.at(),
            "step": step,
        } | changes

    def received(self, who: str = "desk", **changes: object) -> str:
        answer = self.post("/v1/dossiers", who, self.intake(**changes))
        assert answer.status_code == 201, answer.text
        code: str = answer.json()["code"]
        return code

    def take(self, code: str, who: str, step: str, **changes: object) -> Response:
        return self.post(f"/v1/dossiers/{code}/events", who, self.step(step, **changes))

    @contextmanager
    def rebuilt(self, **parts: Any) -> Iterator["Site"]:  # noqa: ANN401  any part
        """Yield the same service with some of its parts replaced."""
        container = replace(self.installation, **parts)
        with TestClient(http_app(container)) as client:
            yield Site(container, client, self.now, self.keys, self._numbers)

    def caught_up(self) -> None:
        self.installation.catch_up()

    def head(self) -> int:
        return self.installation.tracker.store.max_notification_id() or 0


class AskingScan:
    """A scan of the store that calls `ask` when it begins."""

    def __init__(self, scan: SqlStoreScan, ask: Callable[[], object]) -> None:
        self.head = scan.head
        self._scan = scan
        self._ask = ask

    def dossiers(self, *, up_to: int) -> Iterator[list[StoredRow]]:
        self._ask()
        return self._scan.dossiers(up_to=up_to)

    def histories(self, step: Callable[[int], None]) -> Iterator[list[Event]]:
        self._ask()
        return self._scan.histories(step)


def asking_explanation(site: Site, ask: Callable[[], object]) -> ExplainFigures:
    """Return a query that explains figures and calls `ask` when it begins."""
    container = site.installation
    histories = AskingScan(container.scan, ask).histories
    return ExplainFigures(container.reader, histories, container.service.network.partner_id_of)
