"""The dossiers that the users of one load test share."""

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from loadtests.users.messages import Message
from loadtests.users.zipf import ByRecency

_HOME_AFTER_S = 2.0


@dataclass(frozen=True)
class Parcel:
    """A result that a carrier delivers."""

    code: str
    number: str
    handed_at: datetime


@dataclass
class SharedState:
    """Queues of dossiers. One kind of user takes from each queue."""

    receipts: list[str]
    """Every code that citizens look up, oldest first."""
    _on_the_way_home: deque[tuple[float, str]] = field(default_factory=deque)
    """Receipts printed just now; citizens look them up only some time later."""
    handed_in: deque[tuple[str, Message]] = field(default_factory=deque)
    """Submitted at a kiosk, for a clerk: the code and the application."""
    taken_in: deque[str] = field(default_factory=deque)
    """For the officer."""
    wanting_papers: deque[str] = field(default_factory=deque)
    """The citizen will bring missing papers to a counter."""
    to_collect: deque[str] = field(default_factory=deque)
    """The result is ready at the counter."""
    parcels: deque[Parcel] = field(default_factory=deque)
    """Handed to the carrier."""
    _by_recency: ByRecency = field(default_factory=ByRecency)

    def file(self, code: str) -> None:
        """Add a receipt with this code."""
        self._on_the_way_home.append((time.monotonic() + _HOME_AFTER_S, code))

    def pick_code(self, chance: Random) -> str | None:
        """Return a code to look up, mostly a new one."""
        while self._on_the_way_home and self._on_the_way_home[0][0] <= time.monotonic():
            self.receipts.append(self._on_the_way_home.popleft()[1])
        return self._by_recency.pick(self.receipts, chance) if self.receipts else None
