"""Recorded times never go back, neither in a process nor after a restart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.serving import serving
from tests.system.start.starting import refusal, run
from tracker.application.commands.envelope import Envelope
from tracker.application.commands.intake import Intake
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.serialization import decode
from tracker.settings import Settings

pytestmark = [pytest.mark.system]

KEY = ("keys", "make", "--role", "staff", "--actor", "c-1", "--office", "CN05")


def recorded(container: Container) -> list[datetime]:
    events = container.tracker.store.select_notifications(1, 100)
    return [decode(event.topic, event.state).recorded_at for event in events]


def take_in(data_dir: Path, event_id: str, **settings: str) -> str:
    """Take a dossier in at a running service; return what the service logged."""
    key = run(data_dir, *KEY).stdout.strip()
    with serving(data_dir, **settings) as service:
        assert service.take_in(key, event_id) == 201
        service.process.terminate()
        return service.ended()[1]


def move_ahead(data_dir: Path, ahead: timedelta) -> datetime:
    """Store an event as a server would whose clock is ahead. Return its recorded time."""
    key = run(data_dir, *KEY).stdout.strip()
    later = datetime.now(UTC) + ahead
    with open_container(Settings(data_dir=data_dir), lambda: later) as container:
        actor = container.keys.actor_of(key)
        assert actor is not None
        container.tracker.post(
            Envelope(
                actor,
                Intake.model_validate(
                    {
                        "event_id": "ahead",
                        "occurred_at": datetime.now(UTC).isoformat(),
                        "procedure": "2.001610",
                        "applicant": {"name": "An"},
                    }
                ),
            )
        )
    return later


@pytest.mark.parametrize("ahead", [timedelta(minutes=7), timedelta(hours=20)])
def test_after_a_restart_with_an_earlier_clock_recorded_times_wait(
    tmp_path: Path, ahead: timedelta
) -> None:
    later = move_ahead(tmp_path, ahead)
    log = take_in(tmp_path, "s-1")
    assert "the clock is behind the newest event" in log
    with open_container(Settings(data_dir=tmp_path)) as container:
        times = recorded(container)
    assert times == [later] * len(times)
    assert len(times) == 2


def test_a_clock_that_was_far_ahead_is_refused_until_the_right_one_is_accepted(
    tmp_path: Path,
) -> None:
    later = move_ahead(tmp_path, timedelta(days=300))
    error_text = refusal(tmp_path, "serve")
    assert "299 days after this machine's clock" in error_text or "300 days" in error_text
    assert f"{later:%Y-%m-%d}" in error_text
    assert "'The clock' in ops/README.md" in error_text
    key = run(tmp_path, *KEY).stdout.strip()
    for args, event_id in ((("--accept-clock",), "s-1"), ((), "s-2")):
        with serving(tmp_path, *args) as service:
            assert service.take_in(key, event_id) == 201
    with open_container(Settings(data_dir=tmp_path)) as container:
        first, *others = recorded(container)
    assert first == later
    assert others == sorted(others)
    assert others[-1] <= datetime.now(UTC)
