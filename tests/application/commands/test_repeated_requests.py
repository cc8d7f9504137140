"""A repeated request is recognised, even by another process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.application.service_desk import CLERK, service_desk
from tracker.application.commands.envelope import Envelope, RequestReusedError
from tracker.application.commands.registry import read_command

ROOT = Path(__file__).parents[3]
CONTACT = {"phone": "0912 345 678", "email": "an@example.vn"}
TWO_CHANNELS = {
    "event_id": "two-channels",
    "occurred_at": "2026-11-20T02:00:00+00:00",
    "procedure": "1.000894",
    "applicant": {"name": "An", **CONTACT},
    "notices": {"channels": ["sms", "email"]},
}
PROGRAM = """
import sys
from pathlib import Path
from tests.application.commands.test_repeated_requests import taken_in
sys.stdout.write(str(taken_in(Path(sys.argv[1]))))
"""


def post(**changes: object) -> Envelope:
    return Envelope(CLERK, read_command(TWO_CHANNELS | changes))


def taken_in(directory: Path) -> bool:
    """Send the intake and return whether it is a duplicate."""
    with service_desk(directory) as desk:
        return desk.at.tracker.post(post()).duplicate


def test_the_order_of_channels_is_the_same_in_every_process(tmp_path: Path) -> None:
    """With these two seeds Python orders the set of channels differently."""
    duplicates = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path)],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("4", "5")
    ]
    assert duplicates == ["False", "True"]


@pytest.mark.parametrize("channels", [["sms", "email"], ["email", "sms"]])
def test_a_request_kept_by_version_0_1_is_known_in_either_order(
    tmp_path: Path, channels: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with service_desk(tmp_path) as desk:
        with monkeypatch.context() as old:
            kept = post().content_of_version_0_1()
            old.setattr(Envelope, "content", lambda _: kept)
            first = desk.at.tracker.post(post())
        again = desk.at.tracker.post(post(notices={"channels": channels}))
        assert (again.code, again.duplicate) == (first.code, True)
        with pytest.raises(RequestReusedError):
            desk.at.tracker.post(post(notices={"channels": ["sms"]}))
