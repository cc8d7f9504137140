"""How often strangers may ask in a minute: about one code, from one network, all together.

What others ask never refuses anybody: a code is counted per network, and past the overall limit
each network still gets a share. So a flood is refused where it comes from.

A plain dictionary a minute, because this stands on the busiest way there is: it costs about a
microsecond. The `limits` library's memory costs 30 to 60 once it holds as many codes as a scan of
them brings, since it looks through all of them again and again for those that are over.
"""

from collections import deque
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from math import ceil
from time import monotonic

from starlette.types import Scope

from tracker.adapters.http.proxies import Address, address_in
from tracker.domain.errors import TrackerError

_WINDOW_S = 60.0
_OVERALL = ""
_SHARE = 20
"""Past the overall limit a network gets this part of its own limit, and ten answers at least."""

_LEAST_SHARE = 10
_MOST_COUNTS = 200_000
_COUNTS_TOGETHER = 4_096
"""So many counts are kept one by one; what comes after them in a minute shares these."""


class TooOftenError(TrackerError):
    """This was asked too often. Wait a moment, then ask again."""

    def __init__(self, retry_after_s: int) -> None:
        """Keep in how many seconds it may be asked again."""
        super().__init__()
        self.retry_after_s = retry_after_s


class Limits:
    """Counts within the running minute; what came before it is forgotten. 0 is no limit."""

    def __init__(
        self,
        *,
        per_code: int,
        per_network: int,
        overall: int,
        most_counts: int = _MOST_COUNTS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Allow so many a minute."""
        self._share = max(per_network // _SHARE, _LEAST_SHARE)
        self._most_counts = most_counts
        self._per_code = per_code
        self._per_network = per_network
        self._overall = overall
        self._clock = clock
        self._ends_at = 0.0
        self._counts: dict[str, int] = {}

    def check(self, code: str, address: str) -> None:
        """Count that this address asks about this code. Raise `TooOftenError`."""
        now = self._clock()
        if now >= self._ends_at:
            self._ends_at, self._counts = now + _WINDOW_S, {}
        # What its network is refused does not count against all.
        network = network_of(address)
        asked = self._count(network)
        if (
            _is_over(asked, self._per_network)
            or (self._per_code and self._count(f"{network} {code}") > self._per_code)
            or (_is_over(self._count(_OVERALL), self._overall) and asked > self._share)
        ):
            raise TooOftenError(ceil(self._ends_at - now))

    def _count(self, key: str) -> int:
        if len(self._counts) >= self._most_counts and key not in self._counts:
            key = f"together {hash(key) % _COUNTS_TOGETHER}"
        count = self._counts.get(key, 0) + 1
        self._counts[key] = count
        return count


class Rush:
    """Tells whether more came within a minute than is usual. 0: it never does."""

    def __init__(self, most: int, clock: Callable[[], float] = monotonic) -> None:
        """Take so many a minute for usual."""
        self._clock = clock
        self._most = most
        self._times: deque[float] = deque(maxlen=most)

    def add(self) -> None:
        """Count one more."""
        self._times.append(self._clock())

    def is_on(self) -> bool:
        """Return whether the last minute had more than is usual."""
        times = self._times
        is_full = self._most > 0 and len(times) == self._most
        return is_full and self._clock() < times[0] + _WINDOW_S


def _is_over(count: int, most: int) -> bool:
    return 0 < most < count


_IPV4 = 4
_ELSEWHERE = "elsewhere"
_WIDER = {4: ((24, 4), (16, 32)), 6: ((56, 2), (48, 4), (32, 32))}
"""By version of IP: the networks an attacker may own whole, and how much more each may do."""


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """Return who is counted as one: the address itself, of IPv6 its /64, which is one household."""
    parsed = address_in(address)
    if parsed is None:
        return _ELSEWHERE
    return str(parsed) if parsed.version == _IPV4 else _within(parsed, 64)


@lru_cache(maxsize=10_000)
def networks_of(address: str) -> tuple[tuple[str, int], ...]:
    """Return who is counted as one, and the wider networks it is part of, each with its weight.

    Who owns an IPv6 /48 has 65,536 households; who rents servers has a block of IPv4 addresses.
    """
    parsed = address_in(address)
    wider = (
        [(_within(parsed, length), weight) for length, weight in _WIDER[parsed.version]]
        if parsed
        else []
    )
    return ((network_of(address), 1), *wider)


def _within(address: Address, length: int) -> str:
    kind = IPv4Network if address.version == _IPV4 else IPv6Network
    return str(kind((int(address), length), strict=False))


def address_of(scope: Scope) -> str:
    """Return the address of the client; `Proxies` has settled it where a trusted proxy sent it."""
    client = scope.get("client")
    return client[0] if client else ""
