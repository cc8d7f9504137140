import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import structlog

from tests.http.site import Site
from tracker.adapters.sql.read_models.read_model import SqlReadModel

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def test_it_is_live_and_ready(site: Site) -> None:
    assert site.get("/livez").json() == {"status": "live"}
    site.received()
    answer = site.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["store_position"] == 1
    assert answer.json()["read_models"]["status"] == {
        "position": 0,
        "behind": 1,
        "age_seconds": 0.0,
    }
    assert answer.json()["offices"] > 100


def test_it_is_not_ready_while_a_read_model_does_not_answer(site: Site) -> None:
    class Broken(SqlReadModel):
        def store_position(self) -> int:
            raise OSError

    follow = site.installation.follows["timeline"]
    model = Broken(follow.model._engine, follow.projection)
    follows = site.installation.follows | {"timeline": replace(follow, model=model)}
    with site.rebuilt(follows=follows) as broken:
        assert broken.get("/readyz").status_code == 503
        assert broken.get("/livez").status_code == 200


def test_metrics_show_how_far_the_signed_log_is_behind_the_store(site: Site) -> None:
    def told() -> dict[str, float]:
        lines = (line.split() for line in site.get("/metrics").text.splitlines())
        return {words[0]: float(words[1]) for words in lines if words[0].startswith("tracker_log_")}

    site.received()
    assert told() == {"tracker_log_lag": 1.0}
    site.caught_up()
    assert told() == {"tracker_log_lag": 1.0}
    site.installation.log.maker.prepare()
    site.installation.log.maker.make()
    site.now[0] += timedelta(seconds=90)
    aged = {"tracker_log_checkpoint_age_seconds": 90.0}
    assert told() == aged | {"tracker_log_lag": 0.0}
    site.received()
    site.received()
    site.caught_up()
    site.received()
    assert told() == aged | {"tracker_log_lag": 3.0}


def test_metrics_count_in_the_domains_words(site: Site) -> None:
    code = site.received()
    site.received("agent")
    site.post("/v1/dossiers", "desk", site.intake(procedure="NOT-THERE"))
    site.post("/v1/dossiers", "carrier", site.intake(received_at="SO-TAICHINH"))
    site.take(code, "decider", "processing_started")
    site.take(code, "decider", "processing_started")
    site.get(f"/v1/lookup/{code}")
    site.installation.follows["status"].projector.catch_up()
    site.get(f"/v1/lookup/{code}")
    site.get("/nowhere/planted")
    metrics = site.get("/metrics").text
    for line in (
        'tracker_intakes_total{channel="counter",outcome="created"} 1.0',
        'tracker_intakes_total{channel="agent",outcome="created"} 1.0',
        'tracker_intakes_total{channel="counter",outcome="refused"} 1.0',
        'tracker_intakes_total{channel="none",outcome="not-allowed"} 1.0',
        'tracker_steps_total{outcome="created",step="processing_started"} 1.0',
        'tracker_steps_total{outcome="step-not-allowed",step="processing_started"} 1.0',
        'tracker_lookups_total{outcome="found"} 1.0',
        'tracker_lookups_total{outcome="unknown"} 1.0',
        'tracker_http_request_seconds_count{route="/v1/lookup/{code}",status="200"} 1.0',
        'tracker_http_request_seconds_count{route="none",status="404"} 1.0',
        'tracker_projection_position{projection="status"} 3.0',
        'tracker_projection_behind_events{projection="status"} 0.0',
        'tracker_projection_behind_events{projection="promises"} 3.0',
    ):
        assert line in metrics
    assert code not in metrics
    assert "planted" not in metrics


def test_every_answer_has_the_headers(site: Site) -> None:
    code = site.received()
    site.caught_up()
    for path in ("/", "/docs", "/livez", "/nowhere", f"/v1/lookup/{code}", "/v1/sla", "/metrics"):
        answer = site.get(path)
        assert HEADERS.items() <= dict(answer.headers).items() | {
            (name, answer.headers.get(name, "")) for name in HEADERS
        }
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_a_request_is_one_line_and_one_that_went_well_only_for_debugging(
    site: Site, level: int, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(partial(logging.getLogger("tracker.http").setLevel, logging.NOTSET))
    logging.getLogger("tracker.http").setLevel(level)
    with site.rebuilt() as noting, structlog.testing.capture_logs() as noted:
        code = noting.received(applicant={"name": "Planted Name"})
        noting.get(f"/v1/lookup/{code}")
        noting.get(f"/v1/dossiers/{code}/personal-data", "desk", reason="Planted reason")
        noting.get("/nowhere/planted")
    assert [{**line, "ms": 0.0} for line in noted] == [
        {
            "event": "request",
            "log_level": "debug" if status < 400 else "info",
            "route": route,
            "status": status,
            "actor": actor,
            "ms": 0.0,
        }
        for route, status, actor in (
            ("/v1/dossiers", 201, "staff-desk"),
            ("/v1/lookup/{code}", 404, None),
            ("/v1/dossiers/{code}/personal-data", 200, "staff-desk"),
            ("none", 404, None),
        )
        if level == logging.DEBUG or status >= 400
    ]


def test_what_broke_is_noted_by_its_kind_and_place_without_its_words(site: Site) -> None:
    class Broken:
        async def find(self, codes: list[str]) -> None:
            raise ValueError(codes)

    with structlog.testing.capture_logs() as noted, site.rebuilt(look_up=Broken()) as broken:
        broken.get("/v1/lookup/planted")
    assert noted[0]["event"] == "broken"
    assert noted[0]["error"] == "ValueError"
    assert "in find" in noted[0]["at"]
    assert "planted" not in repr(noted)
    assert noted[1]["status"] == 500
