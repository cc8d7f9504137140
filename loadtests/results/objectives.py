"""Compares the measured requests with the objectives of the profile."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from loadtests.profile import Journey, Profile, Recovery
from loadtests.results.recorder import Request


@dataclass(frozen=True)
class Summary:
    """Number, failures and times of the requests of one kind."""

    requests: int
    failures: int
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def errors(self) -> float:
        """The share that failed."""
        return self.failures / self.requests if self.requests else 0.0


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the percentile, interpolated between the two nearest values; 0 if there are none."""
    if len(values) < 2:  # noqa: PLR2004  the least that statistics takes
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def summary(requests: Iterable[Request]) -> Summary:
    """Summarise these requests."""
    them = list(requests)
    times = [one.ms for one in them]
    return Summary(
        len(them),
        sum(not one.ok for one in them),
        *(percentile(times, percent) for percent in (50, 95, 99)),
    )


def by_journey(requests: Iterable[Request]) -> dict[str, list[Request]]:
    """Group the requests by journey."""
    parted = defaultdict[str, list[Request]](list)
    for one in requests:
        parted[one.journey].append(one)
    return dict(sorted(parted.items()))


def faults_by_name(requests: Iterable[Request]) -> Counter[str]:
    """Count the failures by name."""
    return Counter(f"{one.journey}: {one.name}: {one.fault}" for one in requests if not one.ok)


def missed(profile: Profile, requests: Sequence[Request]) -> list[str]:
    """Return a sentence for every missed objective, with its figure."""
    parted = by_journey(requests)
    found = []
    for name, journey in profile.journeys.items():
        found += _missed_by(name, journey, summary(parted.get(name, ())))
    if profile.recovery:
        found += [
            f"after the spike that ended at {spike.ended_s:.0f} s it took {spike.took_s:.1f} s"
            f" to be quiet again, not {profile.recovery.within_s:.0f} s"
            for spike in recoveries(profile, profile.recovery, requests)
            if spike.took_s > profile.recovery.within_s
        ]
    return found


def _missed_by(name: str, journey: Journey, got: Summary) -> list[str]:
    if not got.requests:
        return [f"{name}: nothing was asked at all"]
    found = []
    if got.errors > journey.errors:
        found.append(
            f"{name}: {got.failures} of {got.requests} requests failed ({got.errors:.2%}),"
            f" more than {journey.errors:.2%}"
        )
    if journey.p95_ms is not None and got.p95_ms > journey.p95_ms:
        found.append(f"{name}: p95 is {got.p95_ms:.0f} ms, more than {journey.p95_ms:.0f} ms")
    return found


@dataclass(frozen=True)
class Spike:
    """The end of a spike, the time to recover, and the 95th percentile during it."""

    ended_s: float
    took_s: float
    p95_ms: float
    """Of the requests begun during it."""


def recoveries(profile: Profile, wanted: Recovery, requests: Sequence[Request]) -> list[Spike]:
    """Return for every fall of the load how long the service took to be as fast as at first.

    The service has recovered from the second after which no second is slow.
    """
    curve = profile.load_curve(next(iter(profile.journeys)))
    by_second: Mapping[int, list[float]] = _by_second(requests)
    first = profile.steps[0].seconds
    calm = percentile([one.ms for one in requests if one.began_s < first], 95)
    loud_from = max(wanted.floor_ms, calm * wanted.tolerance)
    found = []
    began = first
    for falls_at, ends_at in curve.falls():
        loud = [
            second + 1
            for second in range(int(falls_at), int(ends_at))
            if percentile(by_second.get(second, ()), 95) > loud_from
        ]
        during = [one.ms for one in requests if began <= one.began_s < falls_at]
        took_s = max(loud) - falls_at if loud else 0.0
        found.append(Spike(falls_at, max(0.0, took_s), percentile(during, 95)))
        began = ends_at
    return found


def _by_second(requests: Iterable[Request]) -> dict[int, list[float]]:
    found = defaultdict[int, list[float]](list)
    for one in requests:
        found[int(one.began_s)].append(one.ms)
    return found
