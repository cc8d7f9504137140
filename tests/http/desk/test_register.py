"""The page to choose the register of an office."""

import re

import pytest

from tests.http.clerk import Clerk, clerk_at
from tests.http.site import Site

PAGE = "/desk/register"
ASKED = {"office": "CN01", "from": "2026-11-20", "to": "2026-11-20", "way": "page"}


@pytest.fixture
def clerk(site: Site) -> Clerk:
    clerk = clerk_at(site)
    clerk.signs_in("desk")
    return clerk


def faulty(clerk: Clerk) -> list[str]:
    """Return the fields with an error, in order. Each has an error text."""
    wrong = re.findall(r'id="(\w+)" name="\w+"[^>]*aria-invalid="true"', clerk.shown)
    assert re.findall(r'<p class="fault" id="(\w+)-fault">', clerk.shown) == wrong
    return wrong


def test_the_default_is_the_own_office_and_today(
    clerk: Clerk,
) -> None:
    clerk.opens("/desk")
    assert f'href="{PAGE}"' in clerk.shown
    clerk.opens(PAGE)
    assert '<option value="CN01" selected>' in clerk.shown
    assert clerk.form(PAGE).boxes["from"] == clerk.form(PAGE).boxes["to"] == "2026-11-20"


@pytest.mark.parametrize(("way", "kind"), [("page", "text/html"), ("pdf", "application/pdf")])
def test_the_chosen_register_is_opened(clerk: Clerk, site: Site, way: str, kind: str) -> None:
    code = site.received()
    site.caught_up()
    register = clerk.opens(PAGE, **ASKED | {"way": way})
    assert register.status_code == 200
    assert register.headers["Content-Type"].startswith(kind)
    assert way == "pdf" or code in register.text


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"from": "", "to": ""}, ["from", "to"]),
        ({"from": "hôm qua"}, ["from"]),
        ({"to": "2026-11-19"}, ["to"]),
        ({"from": "2026-10-20"}, ["to"]),
        ({"office": ""}, ["office"]),
        ({"office": "NOWHERE", "to": "20/11/2026"}, ["office", "to"]),
    ],
)
def test_an_error_is_shown_at_its_field_and_no_input_is_lost(
    clerk: Clerk, changed: dict[str, str], wrong: list[str]
) -> None:
    assert clerk.opens(PAGE, **ASKED | changed).status_code == 422
    assert faulty(clerk) == wrong
    typed = ASKED | changed
    boxes = clerk.form(PAGE).boxes
    assert (boxes["from"], boxes["to"]) == (typed["from"], typed["to"])


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_last_possible_days_are_ordinary_errors(site: Site, day: str) -> None:
    answer = site.get("/v1/register", "desk", office="CN01", **{"from": day, "to": day})
    assert answer.status_code == 422


def test_a_user_without_the_right_gets_no_register(site: Site) -> None:
    agent = clerk_at(site)
    agent.signs_in("agent")
    agent.opens("/desk")
    assert PAGE not in agent.shown
    assert agent.opens(PAGE).status_code == 403
