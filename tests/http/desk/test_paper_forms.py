"""The forms that the dossier page offers to print."""

import re

import pytest

from tests.http.clerk import clerk_at
from tests.http.site import Site

EVERY = ["01", "02", "04", "05", "06"]


def offered(site: Site, who: str, code: str, **more: str) -> list[str]:
    clerk = clerk_at(site)
    clerk.signs_in(who)
    page = clerk.opens(f"/desk/dossiers/{code}", **more).text
    listed = page[page.index("<h1") :]
    return re.findall(rf'href="/v1/dossiers/{code}/forms/(\d\d)', listed)


def lived(site: Site) -> str:
    code = site.received()
    site.take(code, "decider", "supplement_asked", reason="x")
    site.take(code, "decider", "stopped", reason="x")
    site.take(
        code, "decider", "promise_extended",
        due_at="2026-12-25T17:00:00+07:00", reason="x", signer="y",
    )  # fmt: skip
    return code


@pytest.mark.parametrize(
    ("who", "expected"),
    [("desk", EVERY), ("decider", EVERY), ("other desk", ["01", "06"]), ("auditor", ["01", "06"])],
)
def test_only_existing_forms_that_the_user_may_print_are_offered(
    site: Site, who: str, expected: list[str]
) -> None:
    fresh, old = site.received(), lived(site)
    assert offered(site, who, fresh) == [number for number in expected if number in {"01", "06"}]
    assert offered(site, who, old) == expected
    for number in expected:
        assert site.get(f"/v1/dossiers/{old}/forms/{number}", who).status_code == 200


def test_a_step_with_a_form_offers_it_at_once(site: Site) -> None:
    code = lived(site)
    clerk = clerk_at(site)
    clerk.signs_in("decider")
    page = clerk.opens(f"/desk/dossiers/{code}", done="supplement_asked").text
    first = re.search(r'<a class="button" href="([^"]+)" autofocus', page)
    assert first
    assert f"/v1/dossiers/{code}/forms/02" in first[1]


def test_a_refused_dossier_offers_its_refusal(site: Site) -> None:
    code = site.received()
    site.take(code, "desk", "refused", reason="x")
    assert offered(site, "desk", code) == ["01", "03", "06"]
