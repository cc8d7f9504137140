"""What every part of a demo dossier's life needs: the next act, and what came of the last."""

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
    """Something to be posted: when it happened, when we hear of it, and from whom."""

    at: datetime
    heard_at: datetime
    actor: Actor
    message: dict[str, Any]


Deeds = Generator[Act, Accepted, None]
"""Yields one act after the other and is sent what the service answered to each."""


class Life:
    """One dossier on its way: `at` is the time it has come to."""

    def __init__(self, number: int, intake: Intake, town: Town, rng: Random) -> None:
        """Begin with this intake; `number` is the dossier's own in the demo."""
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
        """Let it happen in this share of all cases."""
        return self.rng.random() < share

    def later(self, least: float, most: float) -> datetime:
        """Return a moment of office time, so many hours from now."""
        return self.town.at_desk(self.at + timedelta(hours=self.rng.uniform(least, most)))

    def by_day(self, least: float, most: float) -> datetime:
        """Return a moment at which people are up, so many hours from now."""
        return self.town.by_day(self.at + timedelta(hours=self.rng.uniform(least, most)))

    def decider(self) -> Actor:
        """Return a clerk of the office that decides."""
        return self.town.staff(self.decided_by)

    def desk(self) -> Actor:
        """Return a clerk of some branch."""
        return self.town.desk(self.at.date())

    def do(
        self, at: datetime, actor: Actor, step: str, *, hours_late: float = 0, **fields: object
    ) -> Deeds:
        """Take one step, of which the service hears so much later."""
        self._steps += 1
        at = max(at, self.at)
        message: dict[str, Any] = {
            "event_id": f"demo-{self.number:04d}-{self._steps:02d}",
            "occurred_at": at,
            "step": step,
            **{name: value for name, value in fields.items() if value not in (None, "")},
        }
        if self._code:
            message["code"] = self._code
        heard_at = at + timedelta(hours=hours_late, seconds=self.rng.uniform(1, 20))
        accepted = yield Act(at, heard_at, actor, message)
        self._code, self.version = accepted.code, accepted.version
        self.promised_at = accepted.promised_at
        self.at, self.last_act_at = heard_at, at
