"""Pages of a real service, looked at in a real browser."""

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
"""What the browser says of a page that turns somebody away, which a test may mean to happen."""

_NUMBERS = count(1)


class SitsDown(Protocol):
    def __call__(self, size: str = "phone", *, javascript: bool = True) -> Page: ...


@dataclass(frozen=True)
class Office:
    """The service, and staff to let things happen to a dossier."""

    address: str
    keys: dict[str, str]

    def takes_in(self, **changes: object) -> str:
        """Take a dossier in, and give its code."""
        told = self._posted("/v1/dossiers", "desk", procedure="2.001610", **changes)
        code: str = told["code"]
        return code

    def does(self, code: str, step: str, **details: object) -> None:
        """Take a step, and come back when it can be read."""
        self._posted(f"/v1/dossiers/{code}/events", "administrator", step=step, **details)

    def _posted(self, path: str, who: str, **message: object) -> dict[str, Any]:
        message.setdefault("event_id", f"browser-{next(_NUMBERS)}")
        message.setdefault("occurred_at", (datetime.now(UTC) - timedelta(seconds=1)).isoformat())
        if path.endswith("dossiers"):
            message.setdefault("applicant", {"name": "Nguyễn Thị An", "phone": "0900 000 123"})
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        answer = httpx2.post(self.address + path, json=message, headers=headers, timeout=PATIENCE_S)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        there = f"{self.address}/v1/lookup/{told['code']}?after={told['position']}"
        assert httpx2.get(there, timeout=PATIENCE_S).status_code == 200
        return told


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of an installation with sample dossiers."""
    data = tmp_path_factory.mktemp("demo") / "var"
    made = tracker(data, "demo", "--dossiers", "60")
    assert made.returncode == 0, made.stderr
    return data


@pytest.fixture(scope="session")
def office(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A real `tracker serve` on a copy of the demo's data, shared by all tests."""
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
    """One browser for a file of tests: while it is open, no other test can run an event loop."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield launched
        launched.close()


def _complaint(said: ConsoleMessage) -> list[str]:
    """What the browser holds against a page: not that it was refused something, nor mere hints."""
    is_refusal = "the server responded with a status of 4" in said.text
    return [] if is_refusal or said.type == "debug" else [said.text]


@pytest.fixture
def sits_down(browser: Browser, office: Office) -> Iterator[SitsDown]:
    """Open a page at a screen of this size; afterwards nothing may have gone wrong in it."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def sit_down(size: str = "phone", *, javascript: bool = True) -> Page:
        context = browser.new_context(
            base_url=office.address, java_script_enabled=javascript, locale="vi-VN", **SIZES[size]
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("console", lambda said: complaints.extend(_complaint(said)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield sit_down
    for context in contexts:
        context.close()
    assert [complaint for complaint in complaints if complaint != _REFUSED] == []
