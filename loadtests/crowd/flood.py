"""More requests than the service can handle: does it answer 503 at once, and does it recover?"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.crowd.conversation import Conversation, Seen, Target, take_in
from loadtests.crowd.probe import Noticed, calm
from loadtests.results.objectives import percentile

_UNAVAILABLE = 503
_QUIET_IN_A_ROW = 10
_LONGEST_S = 60.0
_QUICK_S = 0.05


@dataclass(frozen=True)
class Flooded:
    """The answers to a flood, and how long after its end an ordinary client was still slower."""

    seconds: float
    statuses: Counter[int]
    dossiers: int
    """The number of stored dossiers."""
    stored_p99_ms: float
    refused_p99_ms: float
    most_ms: float
    refused_without_hint: int
    """503 without `Retry-After`."""
    before: Noticed
    recovered_s: float

    def __str__(self) -> str:
        counts = ", ".join(
            f"{times} x {status or 'no answer'}" for status, times in sorted(self.statuses.items())
        )
        return (
            f"{counts}; {self.dossiers / self.seconds:,.0f} stored a second,"
            f" p99 {self.stored_p99_ms:.0f} ms\n"
            f"  503: {self.statuses[_UNAVAILABLE]}, p99 {self.refused_p99_ms:.0f} ms,"
            f" {self.refused_without_hint} without Retry-After;"
            f" the slowest answer of all took {self.most_ms:.0f} ms\n"
            f"  before: {self.before}\n"
            f"  quiet again {self.recovered_s:.2f} s after the flood's end"
        )


async def flood(
    target: Target,
    *,
    connections: int,
    seconds: float,
    lines: int = 0,
    quick_s: float = _QUICK_S,
) -> Flooded:
    """Post on many connections at once, on each as soon as its last request was answered.

    Each request is one intake, or a batch of `lines` intakes. The service has recovered when
    intakes take at most `quick_s`, or twice their time before the flood.
    """
    await calm(target)  # a service that has just started is slow at first
    before = await calm(target)
    seen: list[Seen] = []
    end = time.monotonic() + seconds

    async def one() -> None:
        conversation: Conversation | None = None
        while time.monotonic() < end:
            try:
                conversation = conversation or await Conversation.begin(target)
            except (OSError, TimeoutError):
                seen.append(Seen(time.monotonic(), 0.0, 0))
                await asyncio.sleep(0.1)
                continue
            seen.append(await take_in(target, conversation, lines=lines))
            if seen[-1].status == 0:
                conversation.end()
                conversation = None
        if conversation:
            conversation.end()

    await asyncio.gather(*(one() for _ in range(connections)))
    quick_s = max(quick_s, 2 * before.p95_ms / 1000)
    recovered = await _recovered(target, quick_s, since=end)
    return _summed(seen, seconds, max(1, lines), before, recovered)


async def _recovered(target: Target, quick_s: float, *, since: float) -> float:
    """Return the seconds from the flood's end to the first of several quick intakes in a row."""
    row: list[Seen] = []
    while len(row) < _QUIET_IN_A_ROW and time.monotonic() < since + _LONGEST_S:
        one = await take_in(target)
        row = [*row, one] if one.stored and one.seconds <= quick_s else []
    return row[0].began_s - since if row else float("inf")


def _summed(
    seen: Sequence[Seen], seconds: float, each: int, before: Noticed, recovered: float
) -> Flooded:
    stored = [one.seconds * 1000 for one in seen if one.stored]
    refused = [one for one in seen if one.status == _UNAVAILABLE]
    return Flooded(
        seconds,
        Counter(one.status for one in seen),
        len(stored) * each,
        percentile(stored, 99),
        percentile([one.seconds * 1000 for one in refused], 99),
        max((one.seconds * 1000 for one in seen), default=0.0),
        sum(not one.retry_after for one in refused),
        before,
        recovered,
    )
