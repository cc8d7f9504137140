from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.http.site import Site
from tracker.projections.dossier.lookup import LookUpResult


def test_an_answer_states_how_far_behind_and_how_old_it_is(site: Site) -> None:
    first = site.received()
    site.caught_up()
    site.now[0] += timedelta(seconds=10)
    site.received()
    site.received()
    site.now[0] += timedelta(seconds=5)
    for answer in (site.get(f"/v1/lookup/{first}"), site.get("/v1/sla", "manager")):
        assert answer.json()["freshness"] == {"position": 1, "behind": 2, "age_seconds": 5.0}
    store = site.get(f"/v1/dossiers/{first}", "desk").json()["freshness"]
    assert store == {"position": 3, "behind": 0, "age_seconds": 0.0}


@pytest.mark.parametrize(("head", "behind", "age"), [(1, 0, 0.0), (2, 1, 5.0), (None, 2, 5.0)])
def test_a_look_up_is_as_fresh_as_at_the_moment_it_read(
    site: Site, head: int | None, behind: int, age: float
) -> None:
    codes = [site.received()]
    site.caught_up()
    rows = site.installation.look_up.rows(codes)

    class ReadEarlier:
        async def find(self, codes: Sequence[str]) -> LookUpResult:
            return LookUpResult(1, head, [rows[code] for code in codes])

    site.received()
    site.received()
    site.now[0] += timedelta(seconds=5)
    with site.rebuilt(look_up=ReadEarlier()) as earlier:
        answer = earlier.get(f"/v1/lookup/{codes[0]}").json()
    assert answer["freshness"] == {"position": 1, "behind": behind, "age_seconds": age}


def test_who_wrote_finds_it_by_naming_the_position(live: Site) -> None:
    for _ in range(20):
        stored = live.post("/v1/dossiers", "desk", live.intake()).json()
        answer = live.get(f"/v1/lookup/{stored['code']}", after=stored["position"])
        assert answer.status_code == 200
        assert answer.json()["freshness"]["position"] >= stored["position"]
    counted = live.get("/v1/sla", "manager", after=stored["position"])
    assert counted.json()["total"]["received"] == 20


def test_waiting_ends_after_a_while_with_503(site: Site) -> None:
    stored = site.post("/v1/dossiers", "desk", site.intake()).json()
    answer = site.get(f"/v1/lookup/{stored['code']}", after=stored["position"])
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/not-yet"
    assert answer.headers["Retry-After"] == "1"


def test_a_position_there_is_not_is_refused_at_once_on_every_read(site: Site) -> None:
    code = site.received()
    for path in ("", "/history", "/readers", "/deadline", "/personal-data?reason=x"):
        url = f"/v1/dossiers/{code}{path}"
        url += ("&" if "?" in url else "?") + "after="
        shown = site.shown("administrator")
        assert site.client.get(f"{url}1", headers=shown).status_code == 200
        assert site.client.get(f"{url}2", headers=shown).status_code == 422
    assert site.get(f"/v1/lookup/{code}", after=2).status_code == 422
    assert site.get("/v1/sla", "manager", after=2).status_code == 422
