"""Rate limits of public requests a minute: for one code, for one network, and overall.

The requests of one network never block another: a code is counted per network, and above the
overall limit each network still gets a share. So a flood is refused only at its source.

The counts are a plain dictionary that is replaced each minute, because every look-up passes here:
one check costs about a microsecond. The memory storage of the `limits` library costs 30 to 60
microseconds after a scan of many codes, because it searches all its counts for expired ones.
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
"""Above the overall limit a network gets 1/20 of its own limit, but at least ten answers."""

_LEAST_SHARE = 10
_MOST_COUNTS = 200_000
_SHARED_COUNTS = 4_096
"""Above `_MOST_COUNTS` separate counts, new keys share this many counts."""


class TooOftenError(TrackerError):
    """There were too many requests. Wait a moment, then try again."""

    def __init__(self, retry_after_s: int) -> None:
        """Store the number of seconds until the next attempt."""
        super().__init__()
        self.retry_after_s = retry_after_s


class Limits:
    """Counts requests in the current minute and forgets earlier ones. 0 means no limit."""

    def __init__(
        self,
        *,
        per_code: int,
        per_network: int,
        overall: int,
        most_counts: int = _MOST_COUNTS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Allow these numbers of requests a minute."""
        self._share = max(per_network // _SHARE, _LEAST_SHARE)
        self._most_counts = most_counts
        self._per_code = per_code
        self._per_network = per_network
        self._overall = overall
        self._clock = clock
        self._ends_at = 0.0
        self._counts: dict[str, int] = {}

    def check(self, code: str, address: str) -> None:
        """Count a request from this address for this code. Raise `TooOftenError`."""
        now = self._clock()
        if now >= self._ends_at:
            self._ends_at, self._counts = now + _WINDOW_S, {}
        # A request that its network limit refuses does not count against the overall limit.
        network = network_of(address)
        count = self._count(network)
        if (
            _is_over(count, self._per_network)
            or (self._per_code and self._count(f"{network} {code}") > self._per_code)
            or (_is_over(self._count(_OVERALL), self._overall) and count > self._share)
        ):
            raise TooOftenError(ceil(self._ends_at - now))

    def _count(self, key: str) -> int:
        if len(self._counts) >= self._most_counts and key not in self._counts:
            key = f"shared {hash(key) % _SHARED_COUNTS}"
        count = self._counts.get(key, 0) + 1
        self._counts[key] = count
        return count


class Rush:
    """Detects more events in a minute than usual. A limit of 0 never detects any."""

    def __init__(self, most: int, clock: Callable[[], float] = monotonic) -> None:
        """Expect fewer than `most` events a minute."""
        self._clock = clock
        self._most = most
        self._times: deque[float] = deque(maxlen=most)

    def add(self) -> None:
        """Count one event."""
        self._times.append(self._clock())

    def is_on(self) -> bool:
        """Return whether the last minute had `most` events or more."""
        times = self._times
        is_full = self._most > 0 and len(times) == self._most
        return is_full and self._clock() < times[0] + _WINDOW_S


def _is_over(count: int, most: int) -> bool:
    return 0 < most < count


_IPV4 = 4
_NO_NETWORK = "elsewhere"
_WIDER = {4: ((24, 4), (16, 32)), 6: ((56, 2), (48, 4), (32, 32))}
"""By IP version: prefix lengths that one attacker may own, each with a factor for its limit."""


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """Return the unit that is counted: an IPv4 address, or the /64 of IPv6 (one household)."""
    parsed = address_in(address)
    if parsed is None:
        return _NO_NETWORK
    return str(parsed) if parsed.version == _IPV4 else _within(parsed, 64)


@lru_cache(maxsize=10_000)
def networks_of(address: str) -> tuple[tuple[str, int], ...]:
    """Return the unit that is counted and the wider networks around it, each with its factor.

    The owner of an IPv6 /48 has 65,536 networks of /64; a tenant of servers has a block of IPv4.
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
    """Return the address of the client. `Proxies` has replaced the address of a trusted proxy."""
    client = scope.get("client")
    return client[0] if client else ""
