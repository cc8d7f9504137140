from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from tests.http.site import NOON, Site
from tracker.adapters.sql.read_models.figures import SqlFigures
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.application.queries.figures import FiguresQuery


def figures(site: Site, **params: str) -> dict[str, Any]:
    site.caught_up()
    answer = site.get("/v1/sla", "manager", **params)
    assert answer.status_code == 200, answer.text
    counted: dict[str, Any] = answer.json()
    return counted


def test_nothing_yet_has_no_rate(site: Site) -> None:
    answer = figures(site)
    assert answer["total"]["received"] == 0
    assert answer["total"]["rate_finished"] is None
    assert answer["total"]["rate_due"] is None
    assert answer["groups"] == {}
    assert answer["freshness"] == {"position": 0, "behind": 0, "age_seconds": 0.0}


def test_figures_are_counted_and_broken_down(site: Site) -> None:
    codes = [site.received(), site.received(), site.received("agent")]
    site.take(codes[0], "decider", "decided", outcome="granted")
    site.now[0] = NOON + timedelta(days=30)
    site.take(codes[1], "decider", "decided", outcome="granted")
    answer = figures(site, by="channel")
    total = answer["total"]
    assert (total["received"], total["finished"], total["open_overdue"]) == (3, 2, 1)
    assert total["rate_finished"] == 0.5
    assert total["rate_due"] == 1 - 2 / 3
    assert {name: group["received"] for name, group in answer["groups"].items()} == {
        "counter": 2,
        "agent": 1,
    }
    assert answer["as_of"] == site.at()
    assert figures(site, by="partner")["groups"].keys() == {"", "VNPOST"}


def test_figures_of_the_past_are_those_that_held_then(site: Site) -> None:
    code = site.received()
    site.now[0] = NOON + timedelta(hours=2)
    site.take(code, "decider", "decided", outcome="granted")
    then = (NOON + timedelta(hours=1)).isoformat()
    assert figures(site, as_of=then)["total"]["finished"] == 0
    assert figures(site, known_at=then)["total"]["finished"] == 0
    assert figures(site)["total"]["finished"] == 1
    assert figures(site, as_of=then)["as_of"] == then


def test_figures_count_over_the_time_since(site: Site) -> None:
    site.received()
    site.now[0] = NOON + timedelta(hours=2)
    site.received()
    total = figures(site, since=(NOON + timedelta(hours=1)).isoformat())["total"]
    assert (total["received"], total["carried_over"]) == (1, 1)


def test_the_live_read_model_is_asked_where_the_present_is_meant(site: Site) -> None:
    container, asked = site.installation, []

    class Watched(SqlReadModel):
        @contextmanager
        def reading(self) -> Iterator[tuple[Connection, int]]:
            asked.append(self)
            with super().reading() as opened:
                yield opened

    follow = container.follows["timeline"]
    timeline = Watched(follow.model._engine, follow.projection)
    counts = SqlFigures(
        container.follows["promises"].model,
        timeline,
        partner_of=lambda _: "",
        now=lambda: container.now() + timedelta(milliseconds=1),
    )
    query = FiguresQuery(
        counts, container.scan.histories, partner_of=lambda _: "", now=container.now
    )
    site.received()
    with site.rebuilt(figures=query) as watched:
        assert figures(watched)["total"]["received"] == 1
        assert asked == []
        figures(watched, as_of=(NOON - timedelta(hours=1)).isoformat())
        assert asked == [timeline]
