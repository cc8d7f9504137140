import pytest

from tests.http.site import Site

LEASE = "/v1/code-blocks"
MIDNIGHT = 1_795_132_800
"""The 20th of November 2026, in seconds since 1970."""


def test_a_device_leases_codes_and_takes_dossiers_in_under_them(site: Site) -> None:
    answer = site.post(LEASE, "desk", {"day": "2026-11-20", "size": 3})
    assert answer.status_code == 201
    block = answer.json()
    assert block["agency"] == "H26.01"
    assert (block["day"], block["last"] - block["first"]) == ("2026-11-20", 2)
    assert block["codes"][0] == f"H26.01-261120-{block['first']:04d}"
    promised = "2026-12-01T17:00:00+07:00"
    answer = site.post(
        "/v1/dossiers", "desk", site.intake(code=block["codes"][0], promised_at=promised)
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["code"] == block["codes"][0]
    answer = site.post("/v1/dossiers", "other desk", site.intake(code=block["codes"][1]))
    assert answer.status_code == 403


def test_no_leased_number_is_leased_or_issued_again(site: Site) -> None:
    codes = [
        code for _ in range(3) for code in site.post(LEASE, "desk", {"size": 5}).json()["codes"]
    ]
    codes += [site.received() for _ in range(3)]
    assert len(set(codes)) == 18


@pytest.mark.parametrize(
    ("wish", "at"),
    [
        ({"size": 0}, "/size"),
        ({"size": 201}, "/size"),
        ({"size": True}, "/size"),
        ({"size": "5"}, "/size"),
        ({}, "/size"),
        ({"size": 1, "day": "2026-11-19"}, "/day"),
        ({"size": 1, "day": "2026-11-28"}, "/day"),
        ({"size": 1, "day": "9999-12-31"}, "/day"),
        ({"size": 1, "day": MIDNIGHT}, "/day"),
        ({"size": 1, "day": str(MIDNIGHT)}, "/day"),
        ({"size": 1, "planted": 1}, "/*"),
    ],
)
def test_a_wish_that_does_not_fit_is_refused(site: Site, wish: object, at: str) -> None:
    answer = site.post(LEASE, "desk", wish)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#{at}"]


def test_today_is_the_day_it_is_here(site: Site) -> None:
    site.now[0] = site.now[0].replace(hour=18)  # the 21st in Hanoi
    assert site.post(LEASE, "desk", {"size": 1}).json()["day"] == "2026-11-21"
    assert site.post(LEASE, "desk", {"size": 1, "day": "2026-11-20"}).status_code == 422
    assert site.post(LEASE, "desk", {"size": 1, "day": "2026-11-28"}).status_code == 201


def test_codes_are_leased_for_ones_own_office_only(site: Site) -> None:
    assert site.post(LEASE, "desk", {"size": 1, "agency": "H26.01"}).status_code == 201
    assert site.post(LEASE, "desk", {"size": 1, "agency": "H26.02"}).status_code == 403
    assert site.post(LEASE, "desk", {"size": 1, "agency": "X99"}).status_code == 422
    assert site.post(LEASE, "administrator", {"size": 1, "agency": "H26.02"}).status_code == 201
    assert site.post(LEASE, "administrator", {"size": 1}).status_code == 422


def test_numbers_never_to_be_used_are_given_back_once_or_twice(site: Site) -> None:
    block = site.post(LEASE, "desk", {"size": 3}).json()
    unused = {"numbers": [block["last"], block["first"], block["last"]]}
    for _ in range(2):
        answer = site.post(f"{LEASE}/{block['id']}/unused", "desk", unused)
        assert answer.status_code == 200
        assert answer.json() == {"id": block["id"], "numbers": [block["first"], block["last"]]}


def test_a_number_that_has_a_dossier_is_not_given_back(site: Site) -> None:
    block = site.post(LEASE, "desk", {"size": 2}).json()
    site.received(code=block["codes"][0])
    unused = {"numbers": [block["first"], block["last"]]}
    answer = site.post(f"{LEASE}/{block['id']}/unused", "desk", unused)
    assert answer.status_code == 409


def test_only_the_holder_gives_back_and_only_numbers_of_the_block(site: Site) -> None:
    block = site.post(LEASE, "desk", {"size": 2}).json()
    address = f"{LEASE}/{block['id']}/unused"
    assert site.post(address, "other desk", {"numbers": [block["first"]]}).status_code == 403
    assert site.post(address, "administrator", {"numbers": [block["first"]]}).status_code == 200
    assert site.post(f"{LEASE}/nothing/unused", "desk", {"numbers": [1]}).status_code == 404
    answer = site.post(address, "desk", {"numbers": [block["first"], block["last"] + 1]})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "#/numbers/1", "detail": "must be a number of this block"}
    ]
    assert site.post(address, "desk", {"numbers": []}).status_code == 422
