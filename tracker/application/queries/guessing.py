"""What a try of a phone's digits costs: time, then work, and nothing that locks anybody out.

Misses are counted per code and per network, in levels that sink with time. A code that does not
exist is counted like one that does. Decision 0015 has the figures and the reasons.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Protocol
from uuid import UUID

from tracker.application.queries.citizen_access import CitizenAccess, NotYoursError
from tracker.domain.dossier.codes import dossier_id, tidied
from tracker.domain.errors import TrackerError

FREE = 5
"""So many misses cost time only; after them each try also needs a proof of work."""

MOST_OF_A_CODE = 12
"""A code's level rises no further: what a stranger does to it ends, and costs its owner little."""

SHORT_UNTIL = 20
"""After so many misses from one network it needs a whole phone number; four digits are not read."""

MOST_OF_A_NETWORK = 40
_ROUNDING = 0.5
"""Levels sink all the time: what has sunk by less than this still counts as a whole miss."""

SINKS_PER_CODE = timedelta(hours=4)
SINKS_PER_NETWORK = timedelta(hours=1)
_A_DAY = timedelta(days=1)

_LEAST_WORK = 1_000
_MOST_WORK_OF_A_CODE = 8_000
_MOST_WORK_OF_A_NETWORK = 32_000
_WORK_MAY_BE_OLD = 4
"""A solved challenge counts while no more than four times its work is asked for by now."""

_LEAST_WAIT_S = 0.4
_MOST_WAIT_S = 3.2
_SHORTEST_NUMBER = 9
_TRIED_AGAIN_AFTER_S = 5


class WorkWantedError(TrackerError):
    """A proof of work is needed first. Solve the challenge, then send the try with it."""

    def __init__(self, challenge: dict[str, Any]) -> None:
        """Keep the challenge."""
        super().__init__()
        self.challenge = challenge
        self.retry_after_s = _TRIED_AGAIN_AFTER_S


class WholeNumberWantedError(TrackerError):
    """Four digits do not suffice from this network for now. Send the whole phone number."""

    def __init__(self, retry_after_s: int) -> None:
        """Keep when four digits suffice again."""
        super().__init__()
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Key:
    """Something misses are counted of: `weight` networks in one count as much as that many."""

    id: UUID
    sinks_every: timedelta
    most: int
    weight: int = 1


@dataclass(frozen=True)
class Try:
    """One try: digits for a code, from a network and the wider ones it is part of.

    `networks` are names with the number of networks that may share its count. `proof` is a solved
    challenge. `is_rush` says that more wrong tries than usual come: four digits then need a proof
    at once. `is_rush_here` says so of the network, and a whole number needs one too.
    """

    code: str
    digits: str
    networks: Sequence[tuple[str, int]]
    proof: str = ""
    is_rush: bool = False
    is_rush_here: bool = False


class Misses(Protocol):
    """Keeps levels, for all nodes alike."""

    def levels(self, keys: Sequence[Key], at: datetime) -> list[float]:
        """Return the level of each key."""

    def add(self, keys: Sequence[Key], at: datetime) -> list[float]:
        """Raise each level by one and return them, also beyond their most."""

    def take_back(self, keys: Sequence[Key], at: datetime, count: int) -> None:
        """Lower each level by so much."""

    def forget(self, key: Key) -> None:
        """Lower the level of this key to nothing."""

    def alarm(self, dossier_id: UUID, at: datetime) -> None:
        """Store that somebody tries digits at this dossier, for its owner to be told."""


class Work(Protocol):
    """Makes challenges and checks their solutions."""

    def challenge(self, purpose: str, work: int, at: datetime) -> dict[str, Any]:
        """Return a challenge of so much work for this purpose."""

    def solved(self, proof: str, purpose: str, work: int, at: datetime) -> UUID | None:
        """Return the challenge's id if this solves one of at least so much work."""


@dataclass(frozen=True)
class Admission:
    """A try may be compared after so many seconds; `has_worked` tells that it brought a proof."""

    wait_s: float
    has_worked: bool


@dataclass(frozen=True)
class _Asked:
    """What a try must bring at these levels."""

    wait_s: float
    work: int
    closed_for: timedelta | None


class Guard:
    """Lets in by the code and the phone, and makes guessing worthless."""

    def __init__(
        self,
        citizens: CitizenAccess,
        misses: Misses,
        work: Work,
        *,
        secret: bytes,
        now: Callable[[], datetime],
    ) -> None:
        """Count here; `secret` keeps networks from being read out of the counts."""
        self._citizens = citizens
        self._misses = misses
        self._work = work
        self._secret = secret
        self._now = now

    def admit(self, one: Try) -> Admission:
        """Return how this try may be compared; whether the code exists makes no difference.

        Raise `WorkWantedError`, `WholeNumberWantedError`.
        """
        now = self._now()
        asked = self._asked(one, self._misses.levels(self._keys(one), now))
        _check_open(one, asked)
        if not _needs_work(one, asked):
            return Admission(asked.wait_s, has_worked=False)
        purpose = self._purpose(one)
        solved = self._work.solved(one.proof, purpose, asked.work // _WORK_MAY_BE_OLD, now)
        if solved is None or self._misses.add([_once(solved)], now)[0] > 1:
            raise WorkWantedError(self._work.challenge(purpose, asked.work, now))
        return Admission(0, has_worked=True)

    def open(self, one: Try, admission: Admission) -> str:
        """Return the address of the dossier's own page for a try that was admitted.

        The try is counted before it is compared, so that no two at once pass as one. Raises
        `NotYoursError`, and as `admit` where tries at once have used up what was free.
        """
        now, keys = self._now(), self._keys(one)
        levels = self._misses.add(keys, now)
        try:
            asked = self._asked(one, [level - 1 for level in levels])
            _check_open(one, asked)
            if _needs_work(one, asked) and not admission.has_worked:
                raise WorkWantedError(self._work.challenge(self._purpose(one), asked.work, now))
        except TrackerError:
            self._misses.take_back(keys, now, 1)
            raise
        try:
            path = self._citizens.find(one.code, one.digits)
        except NotYoursError:
            if levels[0] + _ROUNDING >= FREE:
                self._misses.alarm(keys[0].id, now)
            raise
        self._misses.forget(keys[0])
        # A right try pays for one miss of its network, each code once a day: honest people who
        # share an address stay below the limits, and one's own dossier buys no further guesses.
        is_first = self._misses.add([self._opened(one)], now)[0] <= 1
        self._misses.take_back(keys[1:], now, 2 if is_first else 1)
        return path

    def _asked(self, one: Try, levels: Sequence[float]) -> _Asked:
        of_code, *of_networks = (level + _ROUNDING for level in levels)
        weighed = [
            level / weight for level, (_, weight) in zip(of_networks, one.networks, strict=True)
        ]
        work = max(
            _work(of_code, _MOST_WORK_OF_A_CODE),
            *(_work(level, _MOST_WORK_OF_A_NETWORK) for level in weighed),
            _LEAST_WORK if one.is_rush or one.is_rush_here else 0,
        )
        worst = max(of_code, *weighed)
        wait_s = min(_LEAST_WAIT_S * 2 ** (int(worst) - 1), _MOST_WAIT_S) if worst >= 1 else 0
        too_many = max(weighed) - SHORT_UNTIL
        closed_for = SINKS_PER_NETWORK * too_many if too_many >= 0 else None
        return _Asked(wait_s, work, closed_for)

    def _keys(self, one: Try) -> list[Key]:
        """Return what this try is counted of: its code first, then its networks."""
        return [
            Key(dossier_id(tidied(one.code)), SINKS_PER_CODE, MOST_OF_A_CODE),
            *(
                Key(
                    self._hidden(f"network {name}"),
                    SINKS_PER_NETWORK / weight,
                    MOST_OF_A_NETWORK * weight,
                    weight,
                )
                for name, weight in one.networks
            ),
        ]

    def _opened(self, one: Try) -> Key:
        return _once(self._hidden(f"opened {tidied(one.code)}"))

    def _purpose(self, one: Try) -> str:
        return self._hidden(f"try {tidied(one.code)} {one.networks[0][0]}").hex

    def _hidden(self, name: str) -> UUID:
        return UUID(bytes=hmac.digest(self._secret, name.encode(), hashlib.sha256)[:16])


def _once(its_id: UUID) -> Key:
    return Key(its_id, _A_DAY, 2)


def _check_open(one: Try, asked: _Asked) -> None:
    if asked.closed_for is not None and not _is_whole(one.digits):
        raise WholeNumberWantedError(ceil(asked.closed_for.total_seconds()) + _TRIED_AGAIN_AFTER_S)


def _needs_work(one: Try, asked: _Asked) -> bool:
    return one.is_rush_here or (asked.work > 0 and not _is_whole(one.digits))


def _work(level: float, most: int) -> int:
    return int(min(_LEAST_WORK * 2 ** int(level - FREE), most)) if level >= FREE else 0


def _is_whole(digits: str) -> bool:
    """Return whether this is a whole phone number rather than its last digits."""
    return sum(letter in "0123456789" for letter in digits) >= _SHORTEST_NUMBER
