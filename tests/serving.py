"""`tracker serve` and other commands as real processes."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from tests.commands import Done, bare_environment, run_here

ROOT = Path(__file__).parents[1]
PATIENCE_S = 60


@dataclass(frozen=True)
class Service:
    process: subprocess.Popen[str]
    address: str

    def get(self, path: str) -> tuple[int, str]:
        answer = httpx2.get(self.address + path, timeout=PATIENCE_S)
        return answer.status_code, answer.text

    def take_in(self, key: str, event_id: str) -> int:
        item = {
            "event_id": event_id,
            "occurred_at": datetime.now(UTC).isoformat(),
            "procedure": "2.001610",
            "applicant": {"name": "An"},
        }
        headers = {"Authorization": f"Bearer {key}"}
        address = f"{self.address}/v1/dossiers"
        return httpx2.post(address, json=item, headers=headers, timeout=PATIENCE_S).status_code

    def wait_until_read(self) -> None:
        """Wait until every read model contains all stored events."""
        models = json.loads(self.get("/readyz")[1])["read_models"]
        end = time.monotonic() + PATIENCE_S
        while any(model["behind"] for model in models.values()):
            assert time.monotonic() < end, models
            time.sleep(0.05)
            models = json.loads(self.get("/readyz")[1])["read_models"]

    def sidecar(self) -> int:
        """Wait for the process that updates the read models and return its id."""
        return sidecar(self.process.pid)

    def ended(self) -> tuple[int, str]:
        _, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, err


def sidecar(service: int) -> int:
    """Wait for the service's process that updates read models and sends, and return its id."""
    tasks = Path(f"/proc/{service}/task")
    end = time.monotonic() + PATIENCE_S
    while True:
        children = [
            child for task in tasks.iterdir() for child in (task / "children").read_text().split()
        ]
        if children:
            return int(children[0])
        assert time.monotonic() < end
        time.sleep(0.05)


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    return bare_environment(TRACKER_DATA_DIR=str(data_dir), **settings)


def tracker(data_dir: Path, *args: str) -> Done:
    """Run a command in this process until it ends."""
    return run_here(args, environment(data_dir))


def tracker_apart(data_dir: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a new process until it ends."""
    return subprocess.run(
        [sys.executable, "-m", "tracker", *args],
        cwd=ROOT,
        env=environment(data_dir),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def serving(data_dir: Path, *args: str, **settings: str) -> Iterator[Service]:
    with subprocess.Popen(
        [sys.executable, "-m", "tracker", "serve", "--port", "0", *args],
        cwd=ROOT,
        env=environment(data_dir, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            first = process.stdout.readline()
            assert first.startswith("Tracker listens on http://127.0.0.1:"), first
            yield Service(process, first.split()[-1])
        finally:
            if process.poll() is None:
                process.kill()
