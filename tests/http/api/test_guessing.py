"""Wrong digits cost time, then work. They lock no owner out, and no answer reveals a secret."""

import asyncio
import base64
import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import perf_counter
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from tests.guessers import proof_of
from tests.http.site import Site
from tracker.adapters.http.api.attempts import AttemptCost
from tracker.adapters.http.rate_limits import Limits, Rush, networks_of
from tracker.application.queries.citizen_access import NotYoursError
from tracker.application.queries.guessing import (
    FREE,
    SHORT_UNTIL,
    Admission,
    Try,
    WholeNumberWantedError,
    WorkWantedError,
)
from tracker.wiring.http import http_app

HERE, THERE = "203.0.113.7", "198.51.100.9"
PHONE, RIGHT = "0909 123 456", "3456"
UNKNOWN = "H26.01-261120-0999"


@pytest.fixture
def code(site: Site) -> str:
    return site.received(applicant={"name": "An", "phone": PHONE})


@contextmanager
def at(site: Site, address: str, **settings: object) -> Iterator[TestClient]:
    """A client at this address."""
    chosen = site.installation.settings.model_copy(update={"tries_per_network": 0} | settings)
    with site.rebuilt(settings=chosen) as rebuilt:
        yield TestClient(rebuilt.client.app, client=(address, 5000))


def tried(client: TestClient, code: str, digits: str, proof: str = "") -> Response:
    return client.post(
        "/h", data={"code": code, "digits": digits, "proof": proof}, follow_redirects=False
    )


def worked(client: TestClient, code: str, digits: str) -> tuple[Response, int]:
    """Try the digits and solve each challenge. Return the answer and the amount of work."""
    answer, work = tried(client, code, digits), 0
    while answer.status_code == 429 and "challenge" in answer.json():
        challenge = answer.json()["challenge"]
        work += challenge["parameters"]["cost"]
        answer = tried(client, code, digits, proof_of(challenge))
    return answer, work


def guess(site: Site, code: str, digits: str = "0000", address: str = HERE) -> int:
    """Try the digits once. Return the answer and the amount of work that it would require."""
    guard, one, work = site.installation.guard, Try(code, digits, networks_of(address)), 0
    try:
        guard.admit(one)
    except WholeNumberWantedError:
        return -1
    except WorkWantedError as error:
        work = error.challenge["parameters"]["cost"]
    with suppress(NotYoursError):
        guard.open(one, Admission(0, has_worked=True))
    return work


def missed(site: Site, code: str, times: int = FREE, address: str = HERE) -> None:
    for _ in range(times):
        guess(site, code, address=address)


def test_after_five_misses_the_right_digits_still_open_for_a_bounded_piece_of_work(
    site: Site, code: str
) -> None:
    path = site.installation.receipts.path(code)
    with at(site, THERE) as owner:
        missed(site, code, 15)
        asked = tried(owner, code, RIGHT)
        assert (asked.status_code, asked.json()["type"]) == (429, "/problems/work-wanted")
        assert int(asked.headers["Retry-After"]) > 0
        answer, work = worked(owner, code, RIGHT)
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert work <= 8_000


def test_the_receipts_link_opens_whatever_was_tried(site: Site, code: str) -> None:
    path = site.installation.receipts.path(code)
    with at(site, "203.0.113.7", lookups_per_code=2, lookups_per_network=2) as anybody:
        missed(site, code, SHORT_UNTIL)
        asked = [anybody.get(f"/v1/lookup/{code}").status_code for _ in range(9)]
        wrong = [anybody.get(f"{path[:-3]}aaa").status_code for _ in range(9)]
        assert asked[-1] == wrong[-1] == 429
        for _ in range(9):
            assert anybody.get(path).status_code == 200


@pytest.mark.parametrize(
    "written", ["0909 123 456", "0909123456", "+84 909 123 456", "0909.123.456"]
)
def test_the_whole_number_opens_without_work_where_digits_do_not(
    site: Site, code: str, written: str
) -> None:
    with at(site, "203.0.113.7") as neighbour:
        missed(site, code, SHORT_UNTIL)
        closed = tried(neighbour, code, RIGHT)
        assert (closed.status_code, closed.json()["type"]) == (429, "/problems/whole-number-wanted")
        assert tried(neighbour, code, "0909 123 457").status_code == 403
        assert tried(neighbour, code, written).status_code == 303


def test_digits_suffice_again_when_the_misses_of_the_network_have_sunk(
    site: Site, code: str
) -> None:
    with at(site, "203.0.113.7") as neighbour:
        missed(site, code, SHORT_UNTIL)
        seconds = int(tried(neighbour, code, RIGHT).headers["Retry-After"])
        site.now[0] += timedelta(seconds=seconds)
        assert worked(neighbour, code, RIGHT)[0].status_code == 303
        site.now[0] += timedelta(days=3)
        assert tried(neighbour, code, RIGHT).status_code == 303


def test_a_code_that_does_not_exist_costs_what_one_that_does_costs(site: Site, code: str) -> None:
    answers = []
    for asked in (code, UNKNOWN):
        answers.append(
            [guess(site, asked, address=address) for address in (HERE, THERE) for _ in range(8)]
        )
        site.now[0] += timedelta(days=4)
    assert answers[0] == answers[1]
    assert answers[0][FREE:] == [1_000, 2_000, 4_000, 8_000, *[8_000] * 7]


def test_an_unknown_code_is_asked_for_work_on_the_same_page(site: Site, code: str) -> None:
    pages = []
    for asked in (code, UNKNOWN):
        with at(site, "203.0.113.7") as client:
            missed(site, asked)
            page = client.post(
                "/h", data={"code": asked, "digits": "0000"}, headers={"Accept": "text/html"}
            )
        assert page.status_code == 429
        assert "Content-Security-Policy" in page.headers
        page_text = re.sub(r'data-challenge="[^"]*"', "", page.text).replace(asked, "")
        pages.append(page_text)
        site.now[0] += timedelta(days=4)
    assert pages[0] == pages[1]


def test_waiting_grows_with_each_miss_up_to_a_bound(site: Site, code: str) -> None:
    waits = []
    for address in (HERE, THERE):
        for asked in (code, UNKNOWN):
            attempt = Try(asked, "0000", networks_of(address))
            waits.append(round(site.installation.guard.admit(attempt).wait_s, 1))
            guess(site, asked, address=address)
    assert waits == [0, 0.4, 0.4, 0.4]
    waits = []
    for _ in range(FREE):
        attempt = Try("H26.01-261120-0777", "0000", networks_of("192.0.2.1"))
        waits.append(round(site.installation.guard.admit(attempt).wait_s, 1))
        guess(site, attempt.code, address="192.0.2.1")
    assert waits == [0, 0.4, 0.8, 1.6, 3.2]


def test_work_grows_with_the_misses_of_a_network_whatever_the_codes(site: Site) -> None:
    costs = [guess(site, f"H26.01-261120-{n:04d}") for n in range(SHORT_UNTIL)]
    assert costs[:FREE] == [0] * FREE
    assert costs[FREE:] == [min(1_000 * 2**n, 32_000) for n in range(SHORT_UNTIL - FREE)]
    assert guess(site, UNKNOWN) == -1


@pytest.mark.parametrize(
    ("addresses", "most"),
    [
        ([f"2001:db8:1:2::{n:x}" for n in range(1, 60)], FREE),
        ([f"2001:db8:1:{n:x}::1" for n in range(1, 60)], 2 * FREE),
        ([f"2001:db8:1:{n:x}00::1" for n in range(1, 60)], 4 * FREE),
        ([f"203.0.113.{n}" for n in range(1, 60)], 4 * FREE),
        ([f"::ffff:203.0.113.{n}" for n in range(1, 60)], 4 * FREE),
    ],
)
def test_the_owner_of_a_whole_network_gains_little_from_its_many_addresses(
    site: Site, addresses: list[str], most: int
) -> None:
    costs = [
        guess(site, f"H26.01-261120-{number:04d}", address=address)
        for number, address in enumerate(addresses)
    ]
    assert costs.count(0) == most


def test_honest_people_who_share_an_address_are_not_asked_for_anything(site: Site) -> None:
    codes = [
        site.received(applicant={"name": "An", "phone": f"0909 12{n:02d} 00"}) for n in range(30)
    ]
    costs = []
    for n, code in enumerate(codes):
        if n % 3 == 0:
            costs.append(guess(site, code))
        costs.append(guess(site, code, f"{n:02d}00"))
    assert set(costs) == {0}


def test_ones_own_dossier_buys_no_guesses_at_others(site: Site, code: str) -> None:
    costs = []
    for number in range(15):
        costs.append(guess(site, f"H26.01-261120-{5000 + number}"))
        guess(site, code, RIGHT)
    assert costs.count(0) == FREE + 1


# proofs


def test_a_proof_counts_once_for_its_own_code_and_network_and_for_ten_minutes(
    site: Site, code: str
) -> None:
    with at(site, "203.0.113.7") as one, at(site, "198.51.100.9") as another:
        missed(site, code)
        missed(site, UNKNOWN, 1)
        proof = proof_of(tried(one, code, "0000").json()["challenge"])
        assert tried(another, code, "0000", proof).status_code == 429
        assert tried(one, UNKNOWN, "0000", proof).status_code == 429
        site.now[0] += timedelta(minutes=11)
        assert tried(one, code, "0000", proof).status_code == 429
        site.now[0] -= timedelta(minutes=11)
        assert tried(one, code, "0000", proof).status_code == 403
        assert tried(one, code, RIGHT, proof).status_code == 429


def changed(proof: str, **parameters: object) -> str:
    payload = json.loads(base64.b64decode(proof))
    payload["challenge"]["parameters"] |= parameters
    return base64.b64encode(json.dumps(payload).encode()).decode()


def test_no_other_proof_counts(site: Site, code: str) -> None:
    with at(site, "203.0.113.7") as client:
        missed(site, code)
        good = proof_of(tried(client, code, RIGHT).json()["challenge"])
        payload = json.loads(base64.b64decode(good))
        unsolved = payload | {"solution": {"counter": 0, "derivedKey": "00" * 32}}
        for bad in (
            "x",
            "é",
            "e30=",
            base64.b64encode(b"[" * 5_000).decode(),
            base64.b64encode(b"null").decode(),
            base64.b64encode(json.dumps(unsolved).encode()).decode(),
            base64.b64encode(json.dumps({"challenge": 1, "solution": 2}).encode()).decode(),
            changed(good, cost=1),
            changed(good, keyPrefix=""),
            changed(good, data={}),
            changed(good, data=None),
            changed(good, nonce="zz"),
            changed(good, cost="8000"),
            good + "A" * 5_000,
        ):
            assert tried(client, code, RIGHT, bad).status_code == 429
        assert tried(client, code, RIGHT, good).status_code == 303


def test_a_challenge_got_when_it_was_cheap_is_not_kept_for_later(site: Site, code: str) -> None:
    with at(site, "203.0.113.7") as client:
        missed(site, code)
        cheap = proof_of(tried(client, code, RIGHT).json()["challenge"])
        missed(site, code, 5)
        assert tried(client, code, RIGHT, cheap).status_code == 429


def test_tries_at_once_do_not_slip_through_together(site: Site, code: str) -> None:
    guard = site.installation.guard
    attempt = Try(code, "0000", [("203.0.113.7", 1)], proof="x")
    admitted = [guard.admit(attempt) for _ in range(20)]
    compared = 0
    for admission in admitted:
        try:
            guard.open(attempt, admission)
        except WorkWantedError:
            continue
        except Exception:  # noqa: BLE001  the digits were compared, and wrong
            compared += 1
    assert admitted == [Admission(0, has_worked=False)] * 20
    assert compared == FREE


# a rush


def test_past_the_limits_a_minute_tries_need_work_and_are_not_refused(
    site: Site, code: str
) -> None:
    with at(site, "203.0.113.7", tries_per_network=3) as client:
        for _ in range(3):
            assert tried(client, code, RIGHT).status_code == 303
        for right in (RIGHT, PHONE):
            answer, work = worked(client, code, right)
            assert (answer.status_code, work) == (303, 1_000)


def test_when_many_wrong_tries_come_from_everywhere_honest_people_work_a_little(
    site: Site, code: str
) -> None:
    with at(site, HERE, tries_overall=3) as client:
        for number in range(3):
            somebody = TestClient(client.app, client=(f"203.{number}.113.7", 5000))
            assert tried(somebody, UNKNOWN[:-1] + str(number), "0000").status_code == 403
        answer, work = worked(client, code, RIGHT)
        assert (answer.status_code, work) == (303, 1_000)
        assert tried(client, code, PHONE).status_code == 303


def test_where_too_many_wait_the_next_one_works_instead(site: Site, code: str) -> None:
    missed(site, code, FREE - 1)
    no_limits = Limits(per_code=0, per_network=0, overall=0)
    trying = AttemptCost(site.installation.guard, no_limits, Rush(0))

    async def all_at_once() -> list[object]:
        tries = [trying.find(code, "0000", HERE) for _ in range(20)]
        return await asyncio.gather(*tries, return_exceptions=True)

    errors = [type(error) for error in asyncio.run(all_at_once())]
    assert errors.count(NotYoursError) == 1
    assert errors.count(WorkWantedError) == 19


# for programs and people


def test_a_program_opens_a_dossier_by_the_api_and_gets_the_challenge(site: Site, code: str) -> None:
    path = f"/v1/lookup/{code}/receipt-link"
    with at(site, "203.0.113.7") as client:
        opened = client.post(path, json={"digits": RIGHT})
        assert (opened.status_code, opened.json()) == (
            200,
            {"path": site.installation.receipts.path(code)},
        )
        missed(site, UNKNOWN)
        asked = client.post(path, json={"digits": RIGHT})
        assert asked.status_code == 429
        proof = proof_of(asked.json()["challenge"])
        assert client.post(path, json={"digits": RIGHT, "proof": proof}).status_code == 200
        wrong = client.post(f"/v1/lookup/{UNKNOWN}/receipt-link", json={"digits": PHONE})
        assert (wrong.status_code, wrong.json()["type"]) == (403, "/problems/not-allowed")


def test_the_page_asks_in_both_languages_and_keeps_what_was_typed(site: Site, code: str) -> None:
    with at(site, "203.0.113.7") as client:
        missed(site, code)
        for language, words in (
            ("vi", ("Hồ sơ không bị khóa", "quét mã QR", "Cả số điện thoại")),
            ("en", ("It is not locked", "scan the QR code", "The full phone number")),
        ):
            page = client.post(
                f"/h?lang={language}",
                data={"code": code, "digits": '"><3456'},
                headers={"Accept": "text/html"},
            )
            assert page.status_code == 429
            for said in (*words, code, "&#34;&gt;&lt;3456"):
                assert said in page.text
            found = re.search(r'data-challenge="([^"]*)"', page.text)
            assert found
            challenge: dict[str, Any] = json.loads(html.unescape(found[1]))
            assert challenge["parameters"]["algorithm"] == "PBKDF2/SHA-256"


def test_asking_for_work_is_cheap(site: Site, code: str) -> None:
    with at(site, "203.0.113.7") as client:
        missed(site, code)
        began = perf_counter()
        for _ in range(20):
            tried(client, code, RIGHT)
        asked_s = perf_counter() - began
        began = perf_counter()
        for _ in range(20):
            client.get("/livez")
        assert asked_s < 20 * (perf_counter() - began)


def test_another_node_counts_the_same_misses(site: Site, code: str) -> None:
    missed(site, code)
    again = TestClient(http_app(site.installation), client=("198.51.100.9", 1))
    assert tried(again, code, RIGHT).status_code == 429
