"""Fixtures: a real service and a real browser."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.serving import PATIENCE_S, serving, tracker

SIZES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desk": {"viewport": {"width": 1366, "height": 900}},
}
_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
_REFUSED = "Failed to load resource: the server responded with a status of 403 (Forbidden)"
"""The console message for a 403 answer, which some tests cause on purpose."""

_NUMBERS = count(1)


class SitsDown(Protocol):
    def __call__(self, size: str = "phone", *, javascript: bool = True) -> Page: ...


@dataclass(frozen=True)
class Office:
    """The address of the service, and keys to record events."""

    address: str
    keys: dict[str, str]

    def takes_in(self, **changes: object) -> str:
        """Receive a dossier and return its code."""
        answer = self._posted("/v1/dossiers", "desk", procedure="2.001610", **changes)
        code: str = answer["code"]
        return code

    def does(self, code: str, step: str, **details: object) -> None:
        """Record a step and wait until it can be read."""
        self._posted(f"/v1/dossiers/{code}/events", "administrator", step=step, **details)

    def _posted(self, path: str, who: str, **command: object) -> dict[str, Any]:
        command.setdefault("event_id", f"browser-{next(_NUMBERS)}")
        command.setdefault("occurred_at", (datetime.now(UTC) - timedelta(seconds=1)).isoformat())
        if path.endswith("dossiers"):
            command.setdefault("applicant", {"name": "Nguyễn Thị An", "phone": "0900 000 123"})
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        answer = httpx2.post(self.address + path, json=command, headers=headers, timeout=PATIENCE_S)
        assert answer.status_code == 201, answer.text
        accepted: dict[str, Any] = answer.json()
        address = f"{self.address}/v1/lookup/{accepted['code']}?after={accepted['position']}"
        assert httpx2.get(address, timeout=PATIENCE_S).status_code == 200
        return accepted


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data directory of an installation with sample dossiers."""
    data = tmp_path_factory.mktemp("demo") / "var"
    made = tracker(data, "demo", "--dossiers", "60")
    assert made.returncode == 0, made.stderr
    return data


@pytest.fixture(scope="session")
def office(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Run `tracker serve` on a copy of the demo data, shared by all tests."""
    data = tmp_path_factory.mktemp("served") / "var"
    shutil.copytree(demo, data)
    keys = {
        "desk": ("staff", "CN01"),
        "decider": ("staff", "SO-TAICHINH"),
        "administrator": ("administrator", ""),
        "auditor": ("auditor", ""),
    }
    made = {who: _key(data, who, role, at) for who, (role, at) in keys.items()}
    with serving(data, TRACKER_TRIES_PER_NETWORK="0") as service:
        yield Office(service.address, made)


def _key(data: Path, who: str, role: str, office: str) -> str:
    at = ("--office", office) if office else ()
    made = tracker(data, "keys", "make", "--role", role, "--actor", f"browser-{who}", *at)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """Open one browser for each test file; while it is open, no test can run an event loop."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield launched
        launched.close()


def _complaint(message: ConsoleMessage) -> list[str]:
    """Return the console message, except for refused requests and debug messages."""
    is_refusal = "the server responded with a status of 4" in message.text
    return [] if is_refusal or message.type == "debug" else [message.text]


@pytest.fixture
def sits_down(browser: Browser, office: Office) -> Iterator[SitsDown]:
    """Open pages for a screen size, and check at the end that the console has no errors."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def sit_down(size: str = "phone", *, javascript: bool = True) -> Page:
        context = browser.new_context(
            base_url=office.address, java_script_enabled=javascript, locale="vi-VN", **SIZES[size]
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("console", lambda message: complaints.extend(_complaint(message)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield sit_down
    for context in contexts:
        context.close()
    assert [complaint for complaint in complaints if complaint != _REFUSED] == []
