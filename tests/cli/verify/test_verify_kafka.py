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
from tracker.bootstrap import open_container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.notes import Note
from tracker.settings import Settings

pytestmark = pytest.mark.system


@pytest.fixture
def published(
    demo: Path, kafka: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> tuple[KafkaConnection, TopicNames]:
    """The demo, with its events and a checkpoint on Kafka."""
    names = TopicNames(f"test-{uuid4().hex[:12]}")
    monkeypatch.setenv("TRACKER_KAFKA_SERVERS", kafka)
    monkeypatch.setenv("TRACKER_KAFKA_TOPIC_PREFIX", names.prefix)
    monkeypatch.setenv("TRACKER_KAFKA_PARTITIONS", "4")
    assert run("topics").code == 0
    connection = KafkaConnection(kafka)
    (demo / "views.db").unlink()  # the read models are to follow Kafka
    go_on(demo, connection, names)
    return connection, names


def go_on(demo: Path, connection: KafkaConnection, names: TopicNames) -> None:
    """Publish the stored events to Kafka, and sign the log."""
    with open_container(Settings(data_dir=demo)) as container:
        publish_all(container.tracker.store, connection, names)
        container.catch_up()
        container.log.maker.prepare()
        container.log.maker.make()


def erase(demo: Path, number: int) -> None:
    with open_container(Settings(data_dir=demo)) as container:
        administrator = Actor(Role.ADMINISTRATOR, "adm-1")
        code = container.sample_codes(number + 1)[number]
        event_id = f"er-{number}"
        container.tracker.erase_personal_data(
            administrator, code, event_id=event_id, basis="by law"
        )


@pytest.mark.usefixtures("published")
def test_what_was_published_passes_and_kafka_alone_needs_no_store(run: Run, demo: Path) -> None:
    both = run("verify", "--of", "both")
    assert (both.code, both.err) == (0, "")
    assert "events, equal byte for byte" in both.out
    assert "all in order" in both.out
    assert both.out.count(": equal (") == 4
    (demo / "events.db").unlink()
    alone = run("verify", "--of", "kafka")
    assert (alone.code, alone.err) == (0, "")
    assert "90 dossiers, 1 signed checkpoints, all in order" in alone.out
    assert not (demo / "events.db").exists()


def test_the_first_wrong_event_is_named(
    run: Run, demo: Path, published: tuple[KafkaConnection, TopicNames]
) -> None:
    connection, names = published
    with open_container(Settings(data_dir=demo)) as container:
        newest = container.tracker.store.select_notifications(
            container.tracker.store.max_notification_id(), 1
        )
    again = outgoing(names.events, newest[0])
    spoilt = structs.replace(again, value=(again.value or b"") + b" ")
    with Transactions(connection, f"{names.prefix}-forger", limit_s=5) as kafka:
        kafka.commit([spoilt])
    for of in ("kafka", "both"):
        result = run("verify", "--of", of)
        assert (result.code, result.err.count("\n")) == (1, 1)
        assert "bytes that do not match the hash in the record" in result.err
        assert f"{names.events}: partition" in result.err
        assert f"event {newest[0].id} (" in result.err
        assert "offset" in result.err


def test_since_a_checkpoint_only_what_came_after_it_is_compared(
    run: Run, demo: Path, published: tuple[KafkaConnection, TopicNames]
) -> None:
    connection, names = published
    kept = demo / "kept.txt"
    with open_container(Settings(data_dir=demo)) as container:
        kept.write_text(str(container.log.checkpoints.last()))
        newest = container.tracker.store.select_notifications(
            container.tracker.store.max_notification_id(), 1
        )
    erase(demo, 0)
    erase(demo, 1)
    go_on(demo, connection, names)
    since = "verify", "--of", "both", "--since", str(kept)
    sound = run(*since)
    assert (sound.code, sound.err) == (0, "")
    assert "events: 2 since then, of 2 dossiers" in sound.out
    assert "store and Kafka: 2 events, equal byte for byte" in sound.out
    for position in (newest[0].id, 1, 2, 3, 4, 5):
        with open_container(Settings(data_dir=demo)) as container:
            old = container.tracker.store.select_notifications(position, 1)
        with Transactions(connection, f"{names.prefix}-forger", limit_s=5) as kafka:
            kafka.commit([outgoing(names.events, old[0])])
    repeated = run(*since)
    assert (repeated.code, repeated.err) == (0, "")
    assert "6 records repeat earlier ones byte for byte" in repeated.out
    spoilt = outgoing(names.events, old[0])
    value = (spoilt.value or b"").replace(b'"by"', b'"bY"')
    with Transactions(connection, f"{names.prefix}-forger", limit_s=5) as kafka:
        kafka.commit([structs.replace(spoilt, value=value)])
    damaged = run(*since, "--keep", str(kept))
    assert (damaged.code, damaged.err.count("\n")) == (1, 1)
    assert "event 5 (" in damaged.err
    assert Checkpoint.parse(Note.parse(kept.read_text()).text).size == newest[0].id


def test_without_kafka_the_command_says_so(run: Run, demo: Path) -> None:
    result = run("verify", "--of", "kafka")
    assert (result.code, result.err) == (
        2,
        "Error: TRACKER_KAFKA_SERVERS is not set. This command needs Kafka.\n",
    )
    assert demo.exists()
