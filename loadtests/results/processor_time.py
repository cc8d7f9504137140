"""Processor time of the service, of the simulated users, and of other programs."""

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
    """Seconds of processor time and of wall-clock time."""

    parts: Mapping[str, float]
    """Of each part of the service, with all its child processes."""
    people: float
    """Of locust and every other child process that has ended."""
    machine: float
    """Of the whole machine."""
    wall: float

    @classmethod
    def until_now(cls, pids: Mapping[str, int]) -> Self:
        """Return the time spent so far."""
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        times = psutil.cpu_times()
        return cls(
            {name: _of(psutil.Process(pid)) for name, pid in pids.items()},
            ended.ru_utime + ended.ru_stime,
            sum(times) - times.idle - times.iowait - times.guest - times.guest_nice,
            time.monotonic(),
        )

    def since(self, before: Self) -> "Spent":
        """Return the time spent since then."""
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
        """The share of the machine that other programs used."""
        cores = os.cpu_count() or 1
        others = self.machine - self.service - self.people
        return max(0.0, others) / (self.wall * cores)


def _of(process: psutil.Process) -> float:
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:  # a backend that has just ended; its parent's time includes it
            continue
        total += sum(getattr(times, clock) for clock in _CLOCKS)
    return total
