"""A restored store is older than its read models: reads work, every write is refused."""

from pathlib import Path

import pytest

from tests.cli.tampering import without_guards
from tests.http.clerk import clerk_at
from tests.http.site import PROCEDURE, Site
from tracker.application.recovery.epochs import Epoch


def epoch(site: Site) -> Epoch:
    return Epoch(
        number=1,
        began_at=site.now[0],
        head=1,
        seen=3,
        source="backup",
        by="me",
        decision="why",
    )


@pytest.fixture
def behind(site: Site, tmp_path: Path) -> tuple[Site, str]:
    """Return a site whose read models have three dossiers, and whose store has only the first."""
    code = site.received()
    site.received()
    site.received()
    site.caught_up()
    with without_guards(tmp_path / "events.db") as connection:
        connection.execute("DELETE FROM stored_events WHERE rowid > 1")
        connection.execute("DELETE FROM requests WHERE position > 1")
    site.installation.past.look()
    return site, code


def test_every_way_to_write_is_answered_503_with_what_to_do(behind: tuple[Site, str]) -> None:
    site, code = behind
    step = site.step("processing_started")
    answers = [
        site.post("/v1/dossiers", "desk", site.intake()),
        site.post("/v1/dossiers?taken=long", "desk", site.intake()),
        site.post(f"/v1/dossiers/{code}/events", "decider", step),
        site.post("/v1/code-blocks", "desk", {"size": 5}),
    ]
    for answer in answers:
        assert answer.status_code == 503
        problem = answer.json()
        assert problem["type"] == "/problems/store-behind"
        assert "the store ended at 1" in problem["detail"]
        assert "'tracker restore --accept-old-backup'" in problem["detail"]
        assert answer.headers["Retry-After"]
    batch = site.post("/v1/dossiers:batch", "desk", [site.intake(), site.intake()])
    assert (batch.status_code, batch.json()["type"]) == (503, "/problems/store-behind")
    assert site.head() == 1


def test_the_desk_shows_the_error_to_the_clerk_too(behind: tuple[Site, str]) -> None:
    site, _ = behind
    clerk = clerk_at(site)
    clerk.signs_in("desk")
    clerk.opens("/desk/intake", procedure=PROCEDURE)
    assert clerk.sends("/desk/intake", applicant__name="An").status_code == 503
    assert site.head() == 1


def test_reads_are_answered_and_readiness_says_why_it_is_not_ready(
    behind: tuple[Site, str],
) -> None:
    site, code = behind
    assert site.get(f"/v1/lookup/{code}").status_code == 200
    assert site.get(f"/v1/dossiers/{code}", "desk").status_code == 200
    assert site.get(f"/v1/dossiers/{code}/history", "desk").status_code == 200
    ready = site.get("/readyz")
    assert (ready.status_code, ready.json()["type"]) == (503, "/problems/store-behind")
    assert site.get("/livez").status_code == 200


def test_the_same_message_sent_again_after_the_restore_is_taken(
    behind: tuple[Site, str], caplog: pytest.LogCaptureFixture
) -> None:
    site, _ = behind
    intake = site.intake()
    assert site.post("/v1/dossiers", "desk", intake).status_code == 503
    for follow in site.installation.follows.values():
        green = follow.model.next_generation()
        follow.model.replace_with(green)
    site.installation.epochs.add(epoch(site))
    assert site.installation.past.look()
    assert "agree again" in caplog.text
    answer = site.post("/v1/dossiers", "desk", intake)
    assert answer.status_code == 201
    # This process keeps the block that it leased before: no other process uses its numbers.
    assert answer.json()["code"].endswith("-0004")
    block = site.post("/v1/code-blocks", "desk", {"size": 5}).json()
    assert block["first"] == 1_000_000
    assert site.get("/readyz").status_code == 200
