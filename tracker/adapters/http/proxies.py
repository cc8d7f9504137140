"""Find the client of a request: the peer, or the client that a trusted proxy names."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import structlog
from starlette.types import Scope

Address = IPv4Address | IPv6Address

_FOR, _PROTO = b"x-forwarded-for", b"x-forwarded-proto"
_SCHEMES = frozenset({"http", "https"})
_MOST_HOPS = 20

_log = structlog.get_logger("tracker.http")


class Proxies:
    """Reads `X-Forwarded-For` and `X-Forwarded-Proto` of trusted proxies, and of no other peer.

    Each proxy appends the address of its own client. The list is read from its end: the last hop
    that is not a trusted proxy is the client. Earlier hops are ignored, because that client may
    have written them. `Forwarded` (RFC 7239) is not read.
    """

    def __init__(self, trusted: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        """Trust these networks."""
        self._trusted = trusted
        self._has_warned = False

    def settle(self, scope: Scope) -> None:
        """Replace `client` and `scheme` of this scope by the values from a trusted proxy."""
        hops = [value for name, value in scope["headers"] if name == _FOR]
        schemes = [value for name, value in scope["headers"] if name == _PROTO]
        if not hops and not schemes:
            return
        peer = address_in(scope["client"][0]) if scope.get("client") else None
        if peer is None or not self._trusts(peer):
            self._warn(peer)
            return
        scope["client"] = (str(self._client(peer, hops)), 0)
        scheme = schemes[-1].decode("latin-1").rpartition(",")[2].strip().lower() if schemes else ""
        if scheme in _SCHEMES:
            scope["scheme"] = scheme

    def _client(self, peer: Address, hops: Sequence[bytes]) -> Address:
        named = b",".join(hops).decode("latin-1").split(",")
        client = peer
        for hop in reversed(named[-_MOST_HOPS:]):
            address = address_in(hop)
            if address is None:
                break  # a proxy writes only addresses, so no proxy wrote this hop or earlier ones
            client = address
            if not self._trusts(address):
                break
        return client

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _warn(self, peer: Address | None) -> None:
        if not self._has_warned:
            self._has_warned = True
            _log.warning(
                "X-Forwarded headers are ignored: their sender is not in TRACKER_TRUSTED_PROXIES",
                sender=str(peer),
            )


def address_in(text: str) -> Address | None:
    """Return the address of a hop without its port, or `None`; map IPv4-mapped ones to IPv4."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
