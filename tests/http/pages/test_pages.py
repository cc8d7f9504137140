import re
from collections.abc import Sequence
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient

from tests.http.site import Site
from tracker.container import Container
from tracker.projections.figures.figures import Counts
from tracker.wiring.http import http_app

FOREIGN = re.compile(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", re.IGNORECASE)


class Links(HTMLParser):
    """Collects the addresses in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [
            value or "" for name, value in attrs if name in {"href", "src", "action"}
        ]


@pytest.mark.parametrize("path", ["/", "/figures", "/docs", "/?code=H26.01-261120-0001&lang=en"])
def test_a_page_loads_nothing_from_other_sites(site: Site, path: str) -> None:
    page = site.get(path)
    assert page.status_code == 200
    assert FOREIGN.findall(page.text) == []
    links = Links(page.text).addresses
    assert links
    for link in links:
        if link.startswith("#"):
            assert f'id="{link[1:]}"' in page.text
            continue
        assert link.startswith("/")
        assert site.get(link).status_code == 200


def test_the_style_of_the_docs_loads_nothing_from_other_sites(site: Site) -> None:
    for name in ("swagger-ui.css", "page.css"):
        css = site.get(f"/assets/{name}").text
        assert [url for url in re.findall(r"url\(([^)]*)\)", css) if "data:" not in url] == []
        assert "@import" not in css


def test_the_one_inline_script_of_the_docs_is_the_one_that_is_allowed(site: Site) -> None:
    page = site.get("/docs")
    assert page.text.count("<script>") == 1
    policy = page.headers["Content-Security-Policy"]
    assert re.search(r"script-src 'self' 'sha256-[A-Za-z0-9+/=]+';", policy)
    assert '"validatorUrl": null' in page.text


def test_only_known_assets_are_served(site: Site) -> None:
    for name in ("page.html", "..%2Fapp.py", "nothing", "%2e%2e"):
        assert site.get(f"/assets/{name}").status_code == 404


def test_the_first_page_shows_the_form_and_the_way_to_the_figures(site: Site) -> None:
    page = site.get("/").text
    assert '<html lang="vi">' in page
    assert 'name="code"' in page
    assert 'href="/figures"' in page
    assert 'href="/docs"' in page


def test_a_page_has_headers_that_protect_its_content(site: Site) -> None:
    page = site.get("/")
    assert '<meta name="robots" content="noindex">' in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "style=" not in page.text
    assert not re.search(r"<script(?! src=)|<style| on[a-z]+=", page.text)


def test_a_page_is_vietnamese_until_english_is_chosen(site: Site) -> None:
    assert "Hồ sơ của tôi đang ở đâu?" in site.get("/").text
    asked = site.get("/", lang="en")
    assert '<html lang="en">' in asked.text
    assert "Where is my dossier?" in asked.text
    assert "Where is my dossier?" in site.get("/").text
    assert "Hồ sơ của tôi đang ở đâu?" in site.get("/", lang="vi").text
    assert "Hồ sơ của tôi đang ở đâu?" in site.get("/").text


def test_an_unknown_language_is_vietnamese_and_leaves_no_cookie(site: Site) -> None:
    page = site.get("/", lang="xx")
    assert '<html lang="vi">' in page.text
    assert "Set-Cookie" not in page.headers


def test_the_other_language_is_a_link_to_the_same_answer(site: Site) -> None:
    page = site.get("/", code="H26.01-261120-0001")
    assert 'href="/?code=H26.01-261120-0001&amp;lang=en"' in page.text


def test_an_asset_may_be_cached_because_its_address_has_its_hash(
    site: Site,
) -> None:
    (address,) = re.findall(r'href="(/assets/page.css\?[0-9a-f]{8})"', site.get("/").text)
    assert "immutable" in site.get(address).headers["Cache-Control"]
    assert site.get("/assets/swagger-ui.css").headers["Cache-Control"] == "no-store"


def test_the_first_page_answers_a_code_in_plain_words(site: Site) -> None:
    code = site.received()
    site.take(code, "decider", "supplement_asked", reason="Planted reason")
    site.caught_up()
    page = site.get("/", code=code.lower()).text
    assert f'class="code">{code}</h1>' in page
    assert "Cơ quan đang chờ giấy tờ của ông/bà." in page
    assert "024 0000 0001" in page
    assert "Planted" not in page


@pytest.mark.parametrize("code", ["H26.01-261120-0099", "<script>alert(1)</script>", "\x00", "é"])
def test_an_unknown_code_gets_a_safe_page(site: Site, code: str) -> None:
    page = site.get("/", code=code)
    assert page.status_code == 200
    assert "Chưa tìm thấy hồ sơ nào mang mã" in page.text
    assert "<script" not in page.text


def test_the_figures_are_cached_for_a_few_seconds(site: Site) -> None:
    class Counting:
        asked = 0

        def public_total(self) -> Counts:
            self.asked += 1
            return site.installation.figures.public_total()

    counting = Counting()
    with site.rebuilt(figures=counting) as counted:
        for _ in range(5):
            counted.get("/figures")
        assert counting.asked == 1
        site.now[0] += timedelta(seconds=6)
        counted.get("/figures")
        assert counting.asked == 2


def test_sample_codes_are_shown_if_they_exist(site: Site) -> None:
    class Demo(Container):
        def sample_codes(self, limit: int) -> Sequence[str]:
            return ["H26.01-261120-0001"][:limit]

    assert "/?code=" not in site.get("/").text
    with TestClient(http_app(Demo(**vars(site.installation)))) as client:
        assert 'href="/?code=H26.01-261120-0001"' in client.get("/").text


def test_a_client_that_does_not_accept_html_gets_a_problem(site: Site) -> None:
    for path, accept in (("/nothing", "*/*"), ("/v1/nothing", "text/html")):
        answer = site.client.get(path, headers={"Accept": accept})
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-address")


def test_an_unknown_address_gets_an_error_page(site: Site) -> None:
    page = site.client.get("/nothing", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.status_code == 404
    assert "Không có trang này" in page.text
