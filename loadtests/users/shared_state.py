"""What the people of one load test know of each other's dossiers."""

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
    """A result on its way."""

    code: str
    number: str
    handed_at: datetime


@dataclass
class SharedState:
    """Who waits for whom. Each queue is worked off by one kind of user."""

    receipts: list[str]
    """Every code somebody wants to know about, oldest first."""
    _on_the_way_home: deque[tuple[float, str]] = field(default_factory=deque)
    """Whose receipts were printed just now; nobody looks up what he has just been told."""
    handed_in: deque[tuple[str, Message]] = field(default_factory=deque)
    """Handed in at a kiosk, to be taken in by a clerk: the code and what was applied for."""
    taken_in: deque[str] = field(default_factory=deque)
    """To be worked on by the officer."""
    wanting_papers: deque[str] = field(default_factory=deque)
    """The citizen will bring them to a counter."""
    to_collect: deque[str] = field(default_factory=deque)
    """The result lies at the counter."""
    parcels: deque[Parcel] = field(default_factory=deque)
    """With the carrier."""
    _by_recency: ByRecency = field(default_factory=ByRecency)

    def file(self, code: str) -> None:
        """Give somebody the receipt with this code."""
        self._on_the_way_home.append((time.monotonic() + _HOME_AFTER_S, code))

    def pick_code(self, chance: Random) -> str | None:
        """Give a code somebody wants to know about: mostly a new one."""
        while self._on_the_way_home and self._on_the_way_home[0][0] <= time.monotonic():
            self.receipts.append(self._on_the_way_home.popleft()[1])
        return self._by_recency.pick(self.receipts, chance) if self.receipts else None
