"""One installation on SQLite in its own directory, with a clock that the test sets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.registry import read_command
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.event import Event
from tracker.domain.errors import TrackerError
from tracker.serialization import decode
from tracker.settings import Settings

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TODAY = datetime(2026, 11, 20, 9, tzinfo=ZONE).astimezone(UTC)
"""A Friday, nine in the morning in Hanoi."""

CLERK = Actor(Role.STAFF, "clerk", office="CN05")
DECIDER = Actor(Role.STAFF, "decider", office="UBND-LONGBIEN")
TABLET = Actor(Role.AGENT, "tablet-7", office="DL-VNPOST-002")
PORTAL = Actor(Role.PORTAL, "portal", office="PORTAL")
POSTMAN = Actor(Role.CARRIER, "postman", partner="VNPOST")
ADMINISTRATOR = Actor(Role.ADMINISTRATOR, "admin")

MARRIAGE = "1.000894"
"""Three working days, decided in Long Biên; pauses move the date."""

NAME, PHONE, REASON = "Nguyễn Thị Bí Mật", "0912 345 678", "thiếu giấy xác nhận độc thân"


class Hands:
    """A clock that the test sets."""

    def __init__(self, now: datetime = TODAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass
class ServiceDesk:
    """An open installation, and short forms for the calls of tests."""

    at: Container
    hands: Hands
    _sent: int = 0

    def message(self, **fields: Any) -> Any:  # noqa: ANN401  any command class
        """Return a command with its own `event_id` and the current time."""
        self._sent += 1
        sent: dict[str, Any] = {
            "event_id": f"e-{self._sent}",
            "occurred_at": self.hands.now.isoformat(),
        }
        return read_command(sent | fields)

    def intake(self, **fields: Any) -> Any:  # noqa: ANN401
        return self.message(
            **{"procedure": MARRIAGE, "applicant": {"name": NAME, "phone": PHONE}} | fields
        )

    def post(self, actor: Actor, **fields: Any) -> Accepted:  # noqa: ANN401
        """Send one command on an existing dossier."""
        return self.at.tracker.post(Envelope(actor, self.message(**fields)))

    def take_in(self, actor: Actor = CLERK, **fields: Any) -> Accepted:  # noqa: ANN401
        return self.at.tracker.post(Envelope(actor, self.intake(**fields)))

    def handle(self, *posts: Envelope) -> list[Accepted | TrackerError]:
        return self.at.tracker.handle(posts)

    def history(self, code: str) -> list[Event]:
        stored = self.at.tracker.store.select_events(dossier_id(code))
        return [decode(row.topic, row.state) for row in stored]

    def steps(self, code: str) -> list[str]:
        return [event.step.value for event in self.history(code)]

    def everything(self) -> list[Event]:
        stored = self.at.tracker.store.select_notifications(None, 1_000_000)
        return [decode(row.topic, row.state) for row in stored]

    def later(self, **time: float) -> None:
        self.hands.now += timedelta(**time)


@contextmanager
def service_desk(
    directory: Path, hands: Hands | None = None, *, block_size: int = 100
) -> Iterator[ServiceDesk]:
    """Open an installation in this directory. Two in one directory act as two processes."""
    hands = hands or Hands()
    settings = Settings(data_dir=directory, code_block_size=block_size)
    with open_container(settings, hands) as opened:
        yield ServiceDesk(opened, hands)
