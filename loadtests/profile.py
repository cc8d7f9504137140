"""The settings of a load test: who comes, how often, when, and what they may expect."""

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from loadtests.load_curve import LoadCurve, Segment, day

PROFILES = Path(__file__).parent / "profiles"

_Level = Annotated[float, Field(ge=0, le=1)]
_HOURS = 24


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Journey(_Settings):
    """One kind of user: how many, how often each begins a visit when it is busiest, what is due."""

    people: Annotated[int, Field(ge=1, le=2_000)]
    every_s: Annotated[float, Field(gt=0)]
    think_s: tuple[float, float] = (0.0, 0.0)
    """How long they think between two requests, at least and at most."""
    hours: str | None = None
    """Which of the day's curves they follow; none: as busy at all times as the whole."""
    p95_ms: float | None = None
    """95 % of the requests are answered within."""
    errors: _Level = 0.0
    """At most this share of the requests fails."""

    @property
    def visits_per_s(self) -> float:
        """How many visits of this kind begin in a second when it is busiest."""
        return self.people / self.every_s


class Day(_Settings):
    """A day of 24 hours in so many seconds."""

    seconds: Annotated[float, Field(gt=0)]
    curves: dict[str, Annotated[list[_Level], Field(min_length=_HOURS, max_length=_HOURS)]]


class Step(_Settings):
    """So many seconds at a level of the busiest."""

    seconds: Annotated[float, Field(gt=0)]
    level: _Level


class Recovery(_Settings):
    """How soon after a spike it must be as quiet as before the first.

    Quiet: the 95th percentile is at most `tolerance` times what it was, or under `floor_ms`.
    """

    within_s: Annotated[float, Field(gt=0)]
    tolerance: Annotated[float, Field(ge=1)]
    floor_ms: Annotated[float, Field(ge=0)]


class Profile(_Settings):
    """All of a load test. Either a `day`, whose curves the journeys follow, or `steps`."""

    what: str
    day: Day | None = None
    steps: list[Step] = []
    recovery: Recovery | None = None
    journeys: Annotated[dict[str, Journey], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.day is None) is not bool(self.steps):
            message = "there must be a day or steps, and not both"
            raise ValueError(message)
        curves = self.day.curves.keys() if self.day else set()
        for name, journey in self.journeys.items():
            if self.day and journey.hours not in curves:
                message = f"{name} follows no curve of the day: {journey.hours}"
                raise ValueError(message)
            if not self.day and journey.hours:
                message = f"{name} follows hours, and there is no day"
                raise ValueError(message)
            if journey.think_s[0] > journey.think_s[1]:
                message = f"{name} thinks at least longer than at most"
                raise ValueError(message)
        return self

    @property
    def people(self) -> int:
        """How many people there are in all."""
        return sum(one.people for one in self.journeys.values())

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.day.seconds if self.day else sum(one.seconds for one in self.steps)

    def load_curve(self, journey: str) -> LoadCurve:
        """How busy this journey is as time passes."""
        if self.day:
            return day(self.day.curves[str(self.journeys[journey].hours)], self.day.seconds)
        return LoadCurve([Segment(one.seconds, one.level) for one in self.steps])


def load(name: str) -> Profile:
    """Read a profile by its name, or by the path of a file of one's own."""
    path = Path(name) if name.endswith(".toml") else PROFILES / f"{name}.toml"
    return Profile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
