"""`tracker verify --of kafka` and `--of both`, with a real broker."""

from pathlib import Path
from uuid import uuid4

import pytest
from msgspec import structs

from tests.cli.conftest import Run
from tests.kafka.relaying import publish_all
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.records import outgoing
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import Transactions
from tracker.bootstrap import installation
from tracker.settings import Settings

pytestmark = pytest.mark.system


@pytest.fixture
def published(
    demo: Path, kafka: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> tuple[KafkaConnection, TopicNames]:
    """The demo, its events and a checkpoint being on Kafka."""
    names = TopicNames(f"test-{uuid4().hex[:12]}")
    monkeypatch.setenv("TRACKER_KAFKA_SERVERS", kafka)
    monkeypatch.setenv("TRACKER_KAFKA_TOPIC_PREFIX", names.prefix)
    monkeypatch.setenv("TRACKER_KAFKA_PARTITIONS", "4")
    assert run("topics").code == 0
    connection = KafkaConnection(kafka)
    with installation(Settings(data_dir=demo)) as it:
        publish_all(it.tracker.store, connection, names)
        it.log.maker.prepare()
        it.log.maker.make()
    return connection, names


@pytest.mark.usefixtures("published")
def test_what_was_published_passes_and_kafka_alone_needs_no_store(run: Run, demo: Path) -> None:
    both = run("verify", "--of", "both")
    assert (both.code, both.err) == (0, "")
    assert "events, equal byte for byte" in both.out
    (demo / "events.db").unlink()
    alone = run("verify", "--of", "kafka")
    assert (alone.code, alone.err) == (0, "")
    assert "90 dossiers, 1 signed checkpoints, all in order" in alone.out
    assert not (demo / "events.db").exists()


def test_the_first_wrong_event_is_named(
    run: Run, demo: Path, published: tuple[KafkaConnection, TopicNames]
) -> None:
    connection, names = published
    with installation(Settings(data_dir=demo)) as it:
        newest = it.tracker.store.select_notifications(it.tracker.store.max_notification_id(), 1)
    again = outgoing(names.events, newest[0])
    spoilt = structs.replace(again, value=(again.value or b"") + b" ")
    with Transactions(connection, f"{names.prefix}-forger", limit_s=5) as kafka:
        kafka.commit([spoilt])
    for of, said in {
        "kafka": "bytes that are not those whose hash the record bears",
        "both": "an event that is in Kafka twice",
    }.items():
        result = run("verify", "--of", of)
        assert (result.code, result.err.count("\n")) == (1, 1)
        assert said in result.err
        assert f"event {newest[0].id} (" in result.err
        assert "offset" in result.err


def test_without_kafka_the_command_says_so(run: Run, demo: Path) -> None:
    result = run("verify", "--of", "kafka")
    assert (result.code, result.err) == (2, "Error: TRACKER_KAFKA_SERVERS is not set.\n")
    assert demo.exists()
