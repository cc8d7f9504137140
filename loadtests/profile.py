"""The settings of a load test: which users come, how often and when, and their objectives."""

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
    """One kind of user: how many, how often each visits at maximum load, and the objectives."""

    people: Annotated[int, Field(ge=1, le=2_000)]
    every_s: Annotated[float, Field(gt=0)]
    think_s: tuple[float, float] = (0.0, 0.0)
    """The shortest and the longest pause between two requests."""
    hours: str | None = None
    """The curve of the day that they follow; none: the steps of the profile."""
    p95_ms: float | None = None
    """95 % of the requests must be answered within this time."""
    errors: _Level = 0.0
    """At most this share of the requests may fail."""

    @property
    def visits_per_s(self) -> float:
        """The visits of this kind a second at maximum load."""
        return self.people / self.every_s


class Day(_Settings):
    """A day of 24 hours, compressed into these seconds."""

    seconds: Annotated[float, Field(gt=0)]
    curves: dict[str, Annotated[list[_Level], Field(min_length=_HOURS, max_length=_HOURS)]]


class Step(_Settings):
    """Some seconds at a level of the maximum load."""

    seconds: Annotated[float, Field(gt=0)]
    level: _Level


class Recovery(_Settings):
    """How soon after a spike the service must be as fast as before the first one.

    As fast: the 95th percentile is at most `tolerance` times its first value, or under `floor_ms`.
    """

    within_s: Annotated[float, Field(gt=0)]
    tolerance: Annotated[float, Field(ge=1)]
    floor_ms: Annotated[float, Field(ge=0)]


class Profile(_Settings):
    """A whole load test: either a `day`, whose curves the journeys follow, or `steps`."""

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
        """The number of users."""
        return sum(one.people for one in self.journeys.values())

    @property
    def seconds(self) -> float:
        """The duration."""
        return self.day.seconds if self.day else sum(one.seconds for one in self.steps)

    def load_curve(self, journey: str) -> LoadCurve:
        """Return the load of this journey over time."""
        if self.day:
            return day(self.day.curves[str(self.journeys[journey].hours)], self.day.seconds)
        return LoadCurve([Segment(one.seconds, one.level) for one in self.steps])


def load(name: str) -> Profile:
    """Read a profile by its name or by the path of a file."""
    path = Path(name) if name.endswith(".toml") else PROFILES / f"{name}.toml"
    return Profile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
