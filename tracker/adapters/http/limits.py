"""How often strangers may ask in a minute: about one code, from one network, all together.

A plain dictionary a minute, because this stands on the busiest way there is: it costs about a
microsecond. The `limits` library's memory costs 30 to 60 once it holds as many codes as a scan of
them brings, since it looks through all of them again and again for those that are over.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from time import monotonic

from starlette.types import Scope

from tracker.domain.errors import TrackerError

_WINDOW_S = 60.0
_OVERALL = ""


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
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Allow so many a minute."""
        self._per_code = per_code
        self._per_network = per_network
        self._overall = overall
        self._clock = clock
        self._ends_at = 0.0
        self._counts: dict[str, int] = {}

    def check(self, code: str, address: str) -> None:
        """Count that this address asks about this code. Raises `TooOftenError`."""
        now = self._clock()
        if now >= self._ends_at:
            self._ends_at, self._counts = now + _WINDOW_S, {}
        # Counted from the widest to the narrowest: what is refused at once fills no memory.
        if (
            self._is_over(_OVERALL, self._overall)
            or self._is_over(network_of(address), self._per_network)
            or self._is_over(f"code {code}", self._per_code)
        ):
            raise TooOftenError(ceil(self._ends_at - now))

    def _is_over(self, key: str, most: int) -> bool:
        if not most:
            return False
        count = self._counts.get(key, 0) + 1
        self._counts[key] = count
        return count > most


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """Give who is counted as one: the address itself, of IPv6 its /64, which is one household."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "elsewhere"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, 64), strict=False))


def address_of(scope: Scope) -> str:
    """Return the address of the client; `Proxies` has settled it where a trusted proxy sent it."""
    client = scope.get("client")
    return client[0] if client else ""
