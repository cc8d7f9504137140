"""Slows down guessing of phone digits with waiting time and proofs of work, without a lock-out.

Misses are counted for each code and each network, in levels that decrease with time. A code that
does not exist is counted in the same way. Decision 0015 has the figures and the reasons.
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
"""Up to this number of misses an attempt costs only time; then it needs a proof of work."""

MOST_OF_A_CODE = 12
"""The highest level of a code, so that a stranger cannot block its owner for long."""

SHORT_UNTIL = 20
"""After this number of misses, attempts from a network need a whole phone number."""

MOST_OF_A_NETWORK = 40
_ROUNDING = 0.5
"""Levels decrease all the time: a miss counts fully until it has decreased by this much."""

SINKS_PER_CODE = timedelta(hours=4)
SINKS_PER_NETWORK = timedelta(hours=1)
_A_DAY = timedelta(days=1)

_LEAST_WORK = 1_000
_MOST_WORK_OF_A_CODE = 8_000
_MOST_WORK_OF_A_NETWORK = 32_000
_WORK_MAY_BE_OLD = 4
"""A solved challenge is accepted if the required work is now at most four times as much."""

_LEAST_WAIT_S = 0.4
_MOST_WAIT_S = 3.2
_SHORTEST_NUMBER = 9
_TRIED_AGAIN_AFTER_S = 5


class WorkWantedError(TrackerError):
    """A proof of work is needed first. Solve the challenge and send it with the attempt."""

    def __init__(self, challenge: dict[str, Any]) -> None:
        """Keep the challenge."""
        super().__init__()
        self.challenge = challenge
        self.retry_after_s = _TRIED_AGAIN_AFTER_S


class WholeNumberWantedError(TrackerError):
    """Four digits do not suffice from this network for now. Send the whole phone number."""

    def __init__(self, retry_after_s: int) -> None:
        """Keep the number of seconds until four digits suffice again."""
        super().__init__()
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Key:
    """The key of a counter of misses; `weight` is the number of networks that share it."""

    id: UUID
    sinks_every: timedelta
    most: int
    weight: int = 1


@dataclass(frozen=True)
class Try:
    """One attempt: digits for a code, from a network and the larger networks around it.

    `networks` are names with the number of networks that share the counter. `proof` is a solved
    challenge. `is_rush` says that there are more wrong attempts than usual: then four digits need a
    proof. `is_rush_here` says the same of the network: then a whole number needs a proof, too.
    """

    code: str
    digits: str
    networks: Sequence[tuple[str, int]]
    proof: str = ""
    is_rush: bool = False
    is_rush_here: bool = False


class Misses(Protocol):
    """Stores the levels; all nodes share them."""

    def levels(self, keys: Sequence[Key], at: datetime) -> list[float]:
        """Return the level of each key."""

    def add(self, keys: Sequence[Key], at: datetime) -> list[float]:
        """Add one to each level and return the new levels, even above their maximum."""

    def take_back(self, keys: Sequence[Key], at: datetime, count: int) -> None:
        """Subtract `count` from each level."""

    def forget(self, key: Key) -> None:
        """Set the level of this key to zero."""

    def alarm(self, dossier_id: UUID, at: datetime) -> None:
        """Store that somebody tries digits for this dossier, so that its owner is notified."""


class Work(Protocol):
    """Makes challenges and checks their solutions."""

    def challenge(self, purpose: str, work: int, at: datetime) -> dict[str, Any]:
        """Return a challenge with this amount of work for this purpose."""

    def solved(self, proof: str, purpose: str, work: int, at: datetime) -> UUID | None:
        """Return the id of the solved challenge; `None` if it had less work or another purpose."""


@dataclass(frozen=True)
class Admission:
    """The attempt may be compared after `wait_s` seconds; `has_worked`: it has a valid proof."""

    wait_s: float
    has_worked: bool


@dataclass(frozen=True)
class _Asked:
    """The requirements for an attempt: seconds to wait, work, and time without short digits."""

    wait_s: float
    work: int
    closed_for: timedelta | None


class Guard:
    """Opens dossiers by code and phone number, and makes guessing too expensive."""

    def __init__(
        self,
        citizens: CitizenAccess,
        misses: Misses,
        work: Work,
        *,
        secret: bytes,
        now: Callable[[], datetime],
    ) -> None:
        """Count in `misses`; `secret` hides the networks in the stored counters."""
        self._citizens = citizens
        self._misses = misses
        self._work = work
        self._secret = secret
        self._now = now

    def admit(self, attempt: Try) -> Admission:
        """Return how this attempt may be compared. It does not depend on whether the code exists.

        Raise `WorkWantedError`, `WholeNumberWantedError`.
        """
        now = self._now()
        asked = self._asked(attempt, self._misses.levels(self._keys(attempt), now))
        _check_open(attempt, asked)
        if not _needs_work(attempt, asked):
            return Admission(asked.wait_s, has_worked=False)
        purpose = self._purpose(attempt)
        solved = self._work.solved(attempt.proof, purpose, asked.work // _WORK_MAY_BE_OLD, now)
        if solved is None or self._misses.add([_once(solved)], now)[0] > 1:
            raise WorkWantedError(self._work.challenge(purpose, asked.work, now))
        return Admission(0, has_worked=True)

    def open(self, attempt: Try, admission: Admission) -> str:
        """Return the path of the dossier's page for an admitted attempt.

        The attempt is counted before it is compared, so concurrent attempts count separately. Raise
        `NotYoursError`, and the errors of `admit` if concurrent attempts raised the levels.
        """
        now, keys = self._now(), self._keys(attempt)
        levels = self._misses.add(keys, now)
        try:
            asked = self._asked(attempt, [level - 1 for level in levels])
            _check_open(attempt, asked)
            if _needs_work(attempt, asked) and not admission.has_worked:
                raise WorkWantedError(self._work.challenge(self._purpose(attempt), asked.work, now))
        except TrackerError:
            self._misses.take_back(keys, now, 1)
            raise
        try:
            path = self._citizens.find(attempt.code, attempt.digits)
        except NotYoursError:
            if levels[0] + _ROUNDING >= FREE:
                self._misses.alarm(keys[0].id, now)
            raise
        self._misses.forget(keys[0])
        # A correct attempt cancels one miss of its network, once a day for each code. So honest
        # people who share an address stay below the limits, and a guesser cannot cancel many misses
        # with one known dossier.
        is_first = self._misses.add([self._opened(attempt)], now)[0] <= 1
        self._misses.take_back(keys[1:], now, 2 if is_first else 1)
        return path

    def _asked(self, attempt: Try, levels: Sequence[float]) -> _Asked:
        of_code, *of_networks = (level + _ROUNDING for level in levels)
        weighed = [
            level / weight for level, (_, weight) in zip(of_networks, attempt.networks, strict=True)
        ]
        work = max(
            _work(of_code, _MOST_WORK_OF_A_CODE),
            *(_work(level, _MOST_WORK_OF_A_NETWORK) for level in weighed),
            _LEAST_WORK if attempt.is_rush or attempt.is_rush_here else 0,
        )
        worst = max(of_code, *weighed)
        wait_s = min(_LEAST_WAIT_S * 2 ** (int(worst) - 1), _MOST_WAIT_S) if worst >= 1 else 0
        too_many = max(weighed) - SHORT_UNTIL
        closed_for = SINKS_PER_NETWORK * too_many if too_many >= 0 else None
        return _Asked(wait_s, work, closed_for)

    def _keys(self, attempt: Try) -> list[Key]:
        """Return the keys of the counters of this attempt: its code first, then its networks."""
        return [
            Key(dossier_id(tidied(attempt.code)), SINKS_PER_CODE, MOST_OF_A_CODE),
            *(
                Key(
                    self._hidden(f"network {name}"),
                    SINKS_PER_NETWORK / weight,
                    MOST_OF_A_NETWORK * weight,
                    weight,
                )
                for name, weight in attempt.networks
            ),
        ]

    def _opened(self, attempt: Try) -> Key:
        return _once(self._hidden(f"opened {tidied(attempt.code)}"))

    def _purpose(self, attempt: Try) -> str:
        return self._hidden(f"try {tidied(attempt.code)} {attempt.networks[0][0]}").hex

    def _hidden(self, name: str) -> UUID:
        return UUID(bytes=hmac.digest(self._secret, name.encode(), hashlib.sha256)[:16])


def _once(key_id: UUID) -> Key:
    return Key(key_id, _A_DAY, 2)


def _check_open(attempt: Try, asked: _Asked) -> None:
    if asked.closed_for is not None and not _is_whole(attempt.digits):
        raise WholeNumberWantedError(ceil(asked.closed_for.total_seconds()) + _TRIED_AGAIN_AFTER_S)


def _needs_work(attempt: Try, asked: _Asked) -> bool:
    return attempt.is_rush_here or (asked.work > 0 and not _is_whole(attempt.digits))


def _work(level: float, most: int) -> int:
    return int(min(_LEAST_WORK * 2 ** int(level - FREE), most)) if level >= FREE else 0


def _is_whole(digits: str) -> bool:
    """Return whether this is a whole phone number rather than its last digits."""
    return sum(character in "0123456789" for character in digits) >= _SHORTEST_NUMBER
