"""Where the machine's processor time went: to the service, to the people, to others."""

import os
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import psutil

_CLOCKS = ("user", "system", "children_user", "children_system")


@dataclass(frozen=True)
class Spent:
    """Seconds of processor time, and of the clock on the wall."""

    parts: Mapping[str, float]
    """Of each part of the service, with all its children's."""
    people: float
    """Of locust, and whatever else was started from here and has ended."""
    machine: float
    """Of all there is."""
    wall: float

    @classmethod
    def until_now(cls, pids: Mapping[str, int]) -> Self:
        """Give what was spent so far."""
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        times = psutil.cpu_times()
        return cls(
            {name: _of(psutil.Process(pid)) for name, pid in pids.items()},
            ended.ru_utime + ended.ru_stime,
            sum(times) - times.idle - times.iowait - times.guest - times.guest_nice,
            time.monotonic(),
        )

    def since(self, before: Self) -> "Spent":
        """Give what was spent in between."""
        return Spent(
            {name: now - before.parts[name] for name, now in self.parts.items()},
            self.people - before.people,
            self.machine - before.machine,
            self.wall - before.wall,
        )

    @property
    def service(self) -> float:
        """Of all parts of the service together."""
        return sum(self.parts.values())

    @property
    def others_share(self) -> float:
        """Which share of the machine had nothing to do with the load test."""
        cores = os.cpu_count() or 1
        others = self.machine - self.service - self.people
        return max(0.0, others) / (self.wall * cores)


def _of(process: psutil.Process) -> float:
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:  # a backend that has just ended; its parent counts it
            continue
        total += sum(getattr(times, clock) for clock in _CLOCKS)
    return total
