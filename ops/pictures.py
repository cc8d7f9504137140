"""Take the pictures of the documents again: `python -m ops.pictures` while the demo runs.

Start the demo with `make run` in another terminal. The pictures show demo data only.
"""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Browser, Page, sync_playwright

from ops.local_servers.chromium import browser

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
_SCREEN: dict[str, Any] = {"viewport": {"width": 820, "height": 900}}
_PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 780},
    "has_touch": True,
    "is_mobile": True,
}
_PROCEDURE = "2.001610"
_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


def main(address: str) -> None:
    """Take every picture of the service at this address."""
    staff = _key("staff", "--office", "CN01")
    administrator, auditor, manager = _key("administrator"), _key("auditor"), _key("manager")
    code, position = _take_in(address, staff)
    _ask_for_papers(address, administrator, code)
    httpx2.get(f"{address}/v1/lookup/{code}?after={position}", timeout=60).raise_for_status()
    link = _tracker("receipt", code)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser(), args=_ARGUMENTS)
        page = _open(chromium, address, _SCREEN)
        _take(page, f"/?code={code}", "look-up")
        _take(page, link[link.index("/h/") :], "own-dossier")
        _take(page, f"{link[link.index('/h/') :]}/receipt", "receipt", height=1000)
        _take(_open(chromium, address, _PHONE), f"/?code={code}&lang=en", "phone")
        _take(_signed_in(chromium, address, staff), f"/desk/intake?procedure={_PROCEDURE}", "desk")
        yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
        figures = f"/desk/figures?then={yesterday}&by=office&lang=en"
        _take(_signed_in(chromium, address, manager), figures, "figures")
        replay = f"/desk/dossiers/{code}/replay?lang=en"
        _take(_signed_in(chromium, address, auditor), replay, "replay")
        _take(page, "/docs", "api")
        chromium.close()


def _take_in(address: str, key: str) -> tuple[str, int]:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    accepted = _post(
        address,
        "/v1/dossiers",
        key,
        procedure=_PROCEDURE,
        occurred_at=yesterday.isoformat(),
        applicant={"name": "Nguyễn Thị An", "phone": "0900 000 001"},
    )
    return accepted["code"], accepted["position"]


def _ask_for_papers(address: str, key: str, code: str) -> None:
    papers = [{"name": "Bản sao thẻ căn cước", "form": "copy", "quantity": 1}]
    path = f"/v1/dossiers/{code}/events"
    _post(address, path, key, step="processing_started")
    reason = "Bản sao đã nộp bị mờ"
    _post(address, path, key, step="supplement_asked", papers=papers, reason=reason)


def _post(address: str, path: str, key: str, **command: object) -> dict[str, Any]:
    now = datetime.now(UTC)
    command = {
        "event_id": f"picture-{now.timestamp()}",
        "occurred_at": now.isoformat(),
        **command,
    }
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx2.post(address + path, json=command, headers=headers, timeout=60)
    if answer.is_error:
        sys.exit(answer.text)
    accepted: dict[str, Any] = answer.json()
    return accepted


def _key(role: str, *place: str) -> str:
    return _tracker("keys", "make", "--role", role, "--actor", f"demo-{role}-picture", *place)


def _tracker(*arguments: str) -> str:
    command = [sys.executable, "-m", "tracker", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _open(chromium: Browser, address: str, screen: dict[str, Any]) -> Page:
    return chromium.new_context(base_url=address, locale="vi-VN", **screen).new_page()


def _signed_in(chromium: Browser, address: str, key: str) -> Page:
    page = _open(chromium, address, _SCREEN)
    page.goto("/desk")
    page.get_by_label("Khóa của quầy").fill(key)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    return page


def _take(page: Page, path: str, name: str, height: int = 900) -> None:
    page.goto(path)
    page.wait_for_load_state("networkidle" if name == "api" else "load")
    if page.viewport_size and height > page.viewport_size["height"]:
        page.set_viewport_size({"width": page.viewport_size["width"], "height": height})
    page.screenshot(path=PICTURES / f"{name}.png")
    print(f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080")
