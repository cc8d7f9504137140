"""How much processor time the parts of the service have used."""

from collections.abc import Mapping

import psutil

_CLOCKS = ("user", "system", "children_user", "children_system")


def seconds_used(pids: Mapping[str, int]) -> dict[str, float]:
    """Processor seconds of each of these processes, with all their children's."""
    return {name: _of(psutil.Process(pid)) for name, pid in pids.items()}


def _of(process: psutil.Process) -> float:
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:  # a backend that has just ended; its parent counts it
            continue
        total += sum(getattr(times, clock) for clock in _CLOCKS)
    return total
