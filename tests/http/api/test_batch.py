import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from httpx2 import Response

from tests.http.site import Site
from tracker.adapters.http.concurrency.group_commit import MOST_WAITING
from tracker.adapters.http.schema.requests import MAX_BATCH_SIZE
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.handler import Tracker
from tracker.domain.errors import TrackerError

BATCH = "/v1/dossiers:batch"
_TOO_MANY = MOST_WAITING // MAX_BATCH_SIZE + 1
"""The number of batches above the limit: one in progress, and all that may wait."""


def sent_as_lines(site: Site, *lines: bytes | dict[str, Any], who: str = "desk") -> Response:
    content = b"\n".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
    )
    headers = site.shown(who) | {"Content-Type": "application/x-ndjson"}
    return site.client.post(BATCH, content=content, headers=headers)


def outcomes(answer: Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["outcome"] for item in answer.json()["items"]]


def test_each_message_has_its_own_answer_in_the_order_sent(site: Site) -> None:
    known = site.intake()
    site.post("/v1/dossiers", "desk", known)
    answer = site.post(
        BATCH,
        "desk",
        [
            site.intake(),
            known,
            known | {"way_of_return": "collect"},
            site.intake(procedure="NOT-THERE"),
            {"planted": "field"},
            7,
            site.step("complained", code="H26.01-261120-0001", text="slow"),
            site.step("complained", code="H26.01-261120-0001", text="slow"),
        ],
    )
    assert outcomes(answer) == [
        "created",
        "duplicate",
        "rejected",
        "rejected",
        "rejected",
        "rejected",
        "created",
        "created",
    ]
    items = answer.json()["items"]
    assert [item["problem"]["status"] for item in items if "problem" in item] == [
        409,
        422,
        422,
        422,
    ]
    assert "planted" not in answer.text
    assert site.head() == 4


def test_lines_are_read_one_by_one_and_a_bad_one_does_not_touch_its_neighbours(site: Site) -> None:
    answer = sent_as_lines(
        site,
        site.intake(),
        b'{"planted',
        b"\xff\xfe",
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b"",
        b'"\\ud800"',
        site.intake(),
        b"",
    )
    assert outcomes(answer) == ["created", *["rejected"] * 4, "created"]
    assert [item["problem"]["status"] for item in answer.json()["items"][1:5]] == [400] * 4
    assert "planted" not in answer.text


def test_intakes_go_before_steps_and_steps_as_they_happened_whatever_order_they_come_in(
    site: Site,
) -> None:
    leased = site.post("/v1/code-blocks", "desk", {"size": 1}).json()["codes"][0]
    early = site.at()
    site.now[0] += timedelta(hours=1)
    paused, resumed, complained = (
        site.step("supplement_asked", code=leased, reason="papers", occurred_at=early),
        site.step("supplement_received", code=leased),
        site.step("complained", code=leased, text="slow", occurred_at=early),
    )
    intake = site.intake(code=leased, occurred_at=early)
    answer = site.post(BATCH, "administrator", [resumed, paused, complained])
    assert outcomes(answer) == ["rejected"] * 3
    answer = site.post(BATCH, "desk", [complained, resumed, intake])
    assert outcomes(answer) == ["created", "rejected", "created"]
    assert [item["stored"]["version"] for item in answer.json()["items"] if "stored" in item] == [
        2,
        1,
    ]
    answer = site.post(BATCH, "administrator", [resumed, paused])
    assert outcomes(answer) == ["created", "created"]
    assert [item["stored"]["version"] for item in answer.json()["items"]] == [4, 3]


def test_a_batch_sent_again_is_all_duplicates(site: Site) -> None:
    batch = [site.intake() for _ in range(5)]
    first = site.post(BATCH, "desk", batch).json()["items"]
    again = site.post(BATCH, "desk", batch)
    assert outcomes(again) == ["duplicate"] * 5
    assert [item["stored"] for item in again.json()["items"]] == [
        item["stored"] | {"duplicate": True} for item in first
    ]
    assert site.head() == 5


def test_the_same_message_twice_in_one_batch_counts_once(site: Site) -> None:
    intake = site.intake()
    answer = site.post(BATCH, "desk", [intake, intake])
    assert outcomes(answer) == ["created", "duplicate"]
    assert site.head() == 1


def test_a_step_without_a_code_is_rejected(site: Site) -> None:
    answer = site.post(BATCH, "desk", [site.step("complained", text="slow")])
    assert answer.json()["items"][0]["problem"]["errors"] == [
        {"pointer": "#/code", "detail": "is missing"}
    ]


@pytest.mark.parametrize("step", [[], {}, None, 1, "planted", "received\x00"])
def test_a_step_of_no_kind_is_rejected(site: Site, step: object) -> None:
    answer = site.post(BATCH, "desk", [site.intake(), site.intake() | {"step": step}])
    assert outcomes(answer) == ["created", "rejected"]
    assert "planted" not in answer.text


def test_five_hundred_are_taken(site: Site) -> None:
    answer = sent_as_lines(site, *[site.intake() for _ in range(500)])
    assert outcomes(answer) == ["created"] * 500
    assert len({item["stored"]["code"] for item in answer.json()["items"]}) == 500


@pytest.mark.parametrize("as_lines", [True, False])
def test_more_than_five_hundred_are_refused_and_nothing_is_stored(
    site: Site, as_lines: bool
) -> None:
    batch = [site.intake() for _ in range(501)]
    answer = sent_as_lines(site, *batch) if as_lines else site.post(BATCH, "desk", batch)
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/too-large"
    assert site.head() == 0


def test_an_array_that_cannot_be_read_is_refused_whole(site: Site) -> None:
    headers = site.shown("desk") | {"Content-Type": "application/json"}
    good = json.dumps(site.intake()).encode()
    for content, status in ((b"[" + good + b",{]", 400), (good, 422), (b"", 400), (b"1", 422)):
        answer = site.client.post(BATCH, content=content, headers=headers)
        assert answer.status_code == status
    assert site.head() == 0


def test_an_empty_batch_has_an_empty_answer(site: Site) -> None:
    assert site.post(BATCH, "desk", []).json() == {"items": []}
    assert sent_as_lines(site, b"").json() == {"items": []}


class WaitingTracker:
    """A tracker that stores nothing until the gate is open."""

    def __init__(self, tracker: Tracker, gate: Event) -> None:
        self._tracker = tracker
        self._gate = gate

    def __getattr__(self, name: str) -> object:
        return getattr(self._tracker, name)

    def handle(self, posts: Sequence[Envelope]) -> list[Accepted | TrackerError]:
        assert self._gate.wait(60)
        return self._tracker.handle(posts)


def test_a_batch_that_finds_no_room_is_refused_before_it_is_read(site: Site) -> None:
    gate, lines = Event(), [site.intake() for _ in range(MAX_BATCH_SIZE)]
    tracker = WaitingTracker(site.installation.tracker, gate)

    def answer_to_half_a_line(busy: Site) -> Response:
        return busy.client.post(BATCH, content=b"{", headers=busy.shown("desk"))

    with site.rebuilt(tracker=tracker) as busy, ThreadPoolExecutor(_TOO_MANY) as pool:
        assert answer_to_half_a_line(busy).status_code == 415
        try:
            sent = [pool.submit(busy.post, BATCH, "desk", lines) for _ in range(_TOO_MANY)]
            deadline = time.monotonic() + 60
            while (answer := answer_to_half_a_line(busy)).status_code == 415:
                assert time.monotonic() < deadline
        finally:
            gate.set()
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert {future.result().status_code for future in sent} <= {200, 503}
