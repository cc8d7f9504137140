"""The state of a demo dossier's life, and the acts that it is made of."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tracker.application.commands.envelope import Accepted
from tracker.demo.town import Intake, Town
from tracker.domain.dossier.actors import Actor


@dataclass(frozen=True)
class Act:
    """A command to send: when it happened, when the service receives it, and the actor."""

    at: datetime
    received_at: datetime
    actor: Actor
    command: dict[str, Any]


Acts = Generator[Act, Accepted, None]
"""Yields acts one after the other, and receives the service's answer to each."""


class Life:
    """One dossier in the demo; `at` is its present time."""

    def __init__(self, number: int, intake: Intake, town: Town, rng: Random) -> None:
        """Start with this intake; `number` is the dossier's number in the demo."""
        self.number = number
        self.intake = intake
        self.town = town
        self.rng = rng
        self.at = intake.at
        self.last_act_at = intake.at
        self.version = 0
        self.promised_at: datetime | None = None
        self.decided_by = intake.procedure.decided_by
        self.receiver = intake.actor
        self.way_of_return = ""
        self._code = ""
        self._steps = 0

    def chance(self, share: float) -> bool:
        """Return true with this probability."""
        return self.rng.random() < share

    def later(self, least: float, most: float) -> datetime:
        """Return a moment in office hours, from `least` to `most` hours from now."""
        return self.town.at_desk(self.at + timedelta(hours=self.rng.uniform(least, most)))

    def by_day(self, least: float, most: float) -> datetime:
        """Return a moment in the daytime, from `least` to `most` hours from now."""
        return self.town.by_day(self.at + timedelta(hours=self.rng.uniform(least, most)))

    def decider(self) -> Actor:
        """Return a clerk of the deciding office."""
        return self.town.staff(self.decided_by)

    def desk(self) -> Actor:
        """Return a clerk of a random branch."""
        return self.town.desk(self.at.date())

    def do(
        self, at: datetime, actor: Actor, step: str, *, hours_late: float = 0, **fields: object
    ) -> Acts:
        """Send one command, which the service receives `hours_late` hours later."""
        self._steps += 1
        at = max(at, self.at)
        command: dict[str, Any] = {
            "event_id": f"demo-{self.number:04d}-{self._steps:02d}",
            "occurred_at": at,
            "step": step,
            **{name: value for name, value in fields.items() if value not in (None, "")},
        }
        if self._code:
            command["code"] = self._code
        received_at = at + timedelta(hours=hours_late, seconds=self.rng.uniform(1, 20))
        accepted = yield Act(at, received_at, actor, command)
        self._code, self.version = accepted.code, accepted.version
        self.promised_at = accepted.promised_at
        self.at, self.last_act_at = received_at, at
