"""This version opens, verifies, reads and continues the stores of earlier versions."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.frozen.asking import ask, differences, same
from tests.frozen.living import FROZEN_AT
from tests.frozen.thawing import VERSIONS, Thawed, thaw_production, thaw_sqlite
from tests.http.site import Site
from tests.kafka.inbox.posting import Partner, serving
from tests.kafka.relaying import publish_all
from tests.servers import fresh_database
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_scan import SqlStoreScan
from tracker.application.audit.verify_store import StoredRow
from tracker.bootstrap import open_container
from tracker.cli.run.work import inbox_secret
from tracker.container import Container
from tracker.wiring.http import http_app
from tracker.wiring.kafka import kafka_connection, topic_names

pytestmark = pytest.mark.parametrize("version", VERSIONS)
system = pytest.mark.system
SQLITE, PRODUCTION = "sqlite", pytest.param("production", marks=system)
SHAPES = pytest.mark.parametrize("thawed", [SQLITE, PRODUCTION], indirect=True)
SAME_AGAIN = {"code", "version", "position"}
LATER = FROZEN_AT + timedelta(days=3)


@pytest.fixture
def production(version: str, tmp_path: Path, postgres_url: str, kafka: str) -> Thawed:
    copied = thaw_production(version, tmp_path / "var", postgres_url, kafka)
    migrated = copied.run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    return copied


@pytest.fixture
def thawed(version: str, tmp_path: Path, request: pytest.FixtureRequest) -> Thawed:
    """A store of this version in each shape; its servers are started where it needs any."""
    if request.param == SQLITE:
        return thaw_sqlite(version, tmp_path / "var")
    copied: Thawed = request.getfixturevalue("production")
    return copied


@contextmanager
def opened(thawed: Thawed) -> Iterator[tuple[Container, Site]]:
    now = [LATER]
    with (
        open_container(thawed.settings, lambda: now[0]) as container,
        TestClient(http_app(container)) as client,
    ):
        yield container, Site(container, client, now, thawed.keys)


def verify(thawed: Thawed) -> None:
    ways = ("store", "kafka", "both") if thawed.settings.kafka_servers else ("store",)
    for of in ways:
        done = thawed.run("verify", "--of", of)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_a_store_is_frozen_of_every_shape(version: str) -> None:
    """An empty list of versions would let every test below pass."""
    assert "v0_1" in VERSIONS
    assert (Path(__file__).parents[1] / "frozen" / version / "production").is_dir()


@SHAPES
def test_it_opens_and_verifies(thawed: Thawed) -> None:
    verify(thawed)


@SHAPES
def test_it_answers_as_before(thawed: Thawed) -> None:
    with open_container(thawed.settings, lambda: FROZEN_AT) as container:
        now = ask(container, thawed.keys)
    assert differences(same(thawed.answers), same(now)) == []


@SHAPES
def test_a_request_sent_again_is_known(thawed: Thawed) -> None:
    with opened(thawed) as (container, site):
        head = container.scan.head()
        for one in thawed.requests:
            again = site.post(one["path"], one["who"], one["body"])
            first = {key: one["answer"][key] for key in SAME_AGAIN & one["answer"].keys()}
            assert (again.status_code, differences(first, again.json())) == (200, []), again.text
            other = one["body"] | {"occurred_at": "2026-11-27T01:00:00+07:00"}
            assert site.post(one["path"], one["who"], other).status_code == 409
        assert container.scan.head() == head


@SHAPES
def test_it_goes_on(thawed: Thawed) -> None:
    with opened(thawed) as (container, site):
        old = next(
            code
            for code, known in thawed.answers["dossiers"].items()
            if known["dossier"]["paused_since"]
        )
        new = site.received(event_id="thawed-1")
        assert new not in thawed.answers["dossiers"]
        for number, code in enumerate((old, new)):
            answer = site.take(
                code, "portal", "complained", text="lâu", event_id=f"thawed-c{number}"
            )
            assert answer.status_code == 201, answer.text
        if thawed.settings.kafka_servers:
            chosen = thawed.settings
            publish_all(container.tracker.store, kafka_connection(chosen), topic_names(chosen))
        container.catch_up()
        container.log.maker.prepare()
        assert container.log.maker.make()
        assert site.get(f"/v1/lookup/{new}").status_code == 200
    rebuilt = thawed.run("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "DIFFERENT" not in rebuilt.stdout
    verify(thawed)


@SHAPES
def test_codes_of_leased_blocks_are_not_given_again(thawed: Thawed) -> None:
    with opened(thawed) as (_, site):
        site.now[0] = FROZEN_AT
        codes = {site.received(event_id=f"thawed-{number}") for number in range(12)}
        block = site.post("/v1/code-blocks", "desk", {"size": 8}).json()["codes"]
    known = set(thawed.answers["dossiers"])
    leased = {f"H26.01-261127-{number:04d}" for number in range(1, 109)}
    assert len(codes) == 12
    assert not codes & known
    assert not set(block) & (known | leased)


@system
def test_what_is_in_the_inbox_is_carried_out_once(production: Thawed) -> None:
    chosen = production.settings
    with opened(production) as (container, _):
        head = container.scan.head()
        partner = Partner(
            kafka_connection(chosen), topic_names(chosen), container, production.keys["desk"]
        )
        before = len(partner.raw_answers())
        with serving(partner, secret=inbox_secret(chosen)):
            partner.post(partner.intake(event_id="thawed-last"))
            answered = partner.answers(before * 2 + 1)
        assert container.scan.head() == head + 1
        assert sum(one["outcome"] == "created" for one in answered) >= 1


@system
@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_kafka_alone_gives_the_store_back_bit_for_bit(
    production: Thawed, into: str, postgres_server: str, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    shutil.copytree(production.settings.data_dir, new)
    url = f"sqlite:///{new / 'events.db'}"
    with ExitStack() as databases:
        if into == "postgresql":
            url = databases.enter_context(fresh_database(postgres_server))
        settings = {"store_url": url, "data_dir": str(new)}
        for command in (["migrate"], ["restore", "--from-kafka"]):
            done = production.run(*command, **settings)
            assert done.returncode == 0, done.stderr
        lost, found = events_of(production.settings.store_url), events_of(url)
    assert len(found) == production.answers["head"]
    assert found == lost


def events_of(url: str) -> list[StoredRow]:
    engine = open_engine(url)
    scan = SqlStoreScan(engine)
    rows = list(scan.events(after=0, up_to=scan.head(), limit=100_000))
    engine.dispose()
    return rows
