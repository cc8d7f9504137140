"""The client of a request is the peer, or the last hop before the trusted proxies."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import ValidationError

from tests.http.serving import served
from tests.http.site import Site
from tracker.adapters.http.proxies import Proxies
from tracker.adapters.http.rate_limits import address_of
from tracker.settings import Settings
from tracker.wiring.http import http_app

PROXY = "10.0.5.1"


def settled(
    *headers: tuple[str, str],
    peer: str = PROXY,
    trusted: str = "10.0.5.0/24,127.0.0.1,fd00::/8",
    scheme: str = "http",
) -> tuple[str, str]:
    """Return the address and the scheme that a request with these headers gets."""
    scope = {
        "type": "http",
        "client": (peer, 5000),
        "scheme": scheme,
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
    }
    Proxies(Settings(trusted_proxies=trusted).proxy_networks()).settle(scope)
    return address_of(scope), str(scope["scheme"])


def client_of(*hops: str, peer: str = PROXY, trusted: str = "10.0.5.0/24,127.0.0.1") -> str:
    return settled(*(("X-Forwarded-For", hop) for hop in hops), peer=peer, trusted=trusted)[0]


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
        (["1.2.3.4, 203.0.113.9, 10.0.5.2"], "203.0.113.9"),
        (["1.2.3.4", "203.0.113.9", "10.0.5.2"], "203.0.113.9"),
        (["1.2.3.4,203.0.113.9:4711"], "203.0.113.9"),
        (["1.2.3.4, [2001:db8::7]:4711"], "2001:db8::7"),
        (["1.2.3.4, 2001:DB8:0::7"], "2001:db8::7"),
        (["1.2.3.4, ::ffff:203.0.113.9"], "203.0.113.9"),
        (["1.2.3.4, ::ffff:203.0.113.9, ::ffff:10.0.5.2"], "203.0.113.9"),
        (['1.2.3.4, "[2001:db8::7]"'], "2001:db8::7"),
        (["1.2.3.4, fe80::1%eth0"], "fe80::1"),
        (["1.2.3.4, unknown"], PROXY),
        (["1.2.3.4, unknown, 10.0.5.2"], "10.0.5.2"),
        (["1.2.3.4, "], PROXY),
        ([""], PROXY),
        ([",,,"], PROXY),
        (["1.2.3.4, 203.0.113.9\u00a0x"], PROXY),
        (["10.0.5.3, 10.0.5.2"], "10.0.5.3"),
    ],
)
def test_the_last_hop_that_is_no_trusted_proxy_counts(hops: list[str], client: str) -> None:
    assert client_of(*hops) == client


@pytest.mark.parametrize("peer", ["203.0.113.7", "10.0.6.1", "::1", "not-an-address"])
def test_headers_of_untrusted_peers_are_ignored(peer: str) -> None:
    headers = (("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https"))
    assert settled(*headers, peer=peer) == (peer, "http")
    assert settled(*headers, peer=PROXY, trusted="") == (PROXY, "http")


def test_a_proxy_that_listens_on_both_families_is_known_by_its_ipv4_address() -> None:
    assert client_of("203.0.113.9", peer="::ffff:10.0.5.1") == "203.0.113.9"


@pytest.mark.parametrize(
    ("told", "scheme"),
    [
        (["https"], "https"),
        (["https, http"], "http"),
        (["http", "https"], "https"),
        (["HTTPS"], "https"),
        (["gopher"], "http"),
        ([""], "http"),
    ],
)
def test_the_scheme_is_what_the_nearest_proxy_says(told: list[str], scheme: str) -> None:
    assert settled(*(("X-Forwarded-Proto", value) for value in told)) == (PROXY, scheme)


def test_the_header_forwarded_is_not_read() -> None:
    assert settled(("Forwarded", "for=1.2.3.4;proto=https")) == (PROXY, "http")


def test_twenty_thousand_forged_hops_change_nothing() -> None:
    assert client_of(", ".join(["1.2.3.4"] * 20_000 + ["10.0.5.2"] * 30)) == "10.0.5.2"


@pytest.mark.parametrize(
    "names", ["*", "0.0.0.0/0", "::/0", "proxy.example", "10.0.5.1/24", "10.0.5.1;10.0.5.2", "10.0"]
)
def test_what_cannot_be_a_proxy_is_refused_with_a_sentence(names: str) -> None:
    with pytest.raises(ValidationError, match=r"is not the address or network of a proxy\. Name"):
        Settings(trusted_proxies=names)


@pytest.mark.parametrize("names", ["", " ", "127.0.0.1", "10.0.5.0/24, ::1 ,fd00::/8,"])
def test_addresses_and_networks_are_proxies(names: str) -> None:
    assert Settings(trusted_proxies=names).trusted_proxies == names


@contextmanager
def limited(site: Site, trusted: str) -> Iterator[str]:
    settings = site.installation.settings.model_copy(
        update={"trusted_proxies": trusted, "lookups_per_network": 20}
    )
    with site.rebuilt(settings=settings) as rebuilt:
        app = rebuilt.client.app
        assert isinstance(app, FastAPI)
        with served(app) as (host, port):
            yield f"http://{host}:{port}"


@pytest.mark.parametrize("way", ["/v1/lookup/{code}", "/v1/lookup/{code}?after=0", "/?code={code}"])
@pytest.mark.parametrize(
    ("trusted", "hops"), [("", "203.0.{n}.1"), ("127.0.0.1", "203.0.{n}.1, 198.51.100.7")]
)
def test_made_up_hops_win_no_look_ups_on_any_way(
    site: Site, way: str, trusted: str, hops: str
) -> None:
    codes = [f"H26.01-261120-{number:04d}" for number in range(9000, 9040)]
    with limited(site, trusted) as address, httpx2.Client(base_url=address) as client:
        statuses = [
            client.get(
                way.format(code=code), headers={"X-Forwarded-For": hops.format(n=number)}
            ).status_code
            for number, code in enumerate(codes)
        ]
    assert [status for status in statuses if status != 429] == statuses[:20]


def test_the_operator_is_warned_once_of_a_proxy_that_is_not_named(site: Site) -> None:
    with (
        structlog.testing.capture_logs() as logs,
        TestClient(http_app(site.installation)) as client,
    ):
        for _ in range(3):
            client.get("/livez", headers={"X-Forwarded-For": "203.0.113.9"})
    warned = [entry for entry in logs if "TRACKER_TRUSTED_PROXIES" in entry["event"]]
    assert len(warned) == 1
    assert warned[0]["log_level"] == logging.getLevelName(logging.WARNING).lower()
