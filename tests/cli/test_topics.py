"""`tracker topics rewrite`: killed at any point, run again, and read by every consumer."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
from msgspec import structs

from ops.reading_back import records
from tests.cli.conftest import Run
from tests.cli.verify.test_verify_kafka import erase, published  # noqa: F401  a fixture
from tests.kafka.relaying import running, until
from tracker.adapters.kafka.connection import KafkaConnection, open_admin
from tracker.adapters.kafka.records import outgoing
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import Transactions
from tracker.bootstrap import open_container
from tracker.settings import Settings

pytestmark = pytest.mark.system

Published = tuple[KafkaConnection, TopicNames]
COMMAND = (sys.executable, "-m", "tracker", "topics", "rewrite")


def force(kafka: Published, demo: Path, *, damage: bool) -> None:
    """Repeat ten events in the topic. With `damage`, also repeat one with other bytes."""
    connection, names = kafka
    with open_container(Settings(data_dir=demo)) as container:
        events = container.tracker.store.select_notifications(1, 10)
    again = [outgoing(names.events, one) for one in events]
    if damage:
        again.append(structs.replace(again[0], value=b"{}"))
    with Transactions(connection, f"{names.prefix}-forger", limit_s=10) as forger:
        forger.commit(again)


@contextmanager
def relay(demo: Path, kafka: Published) -> Iterator[None]:
    """Run a relay during the block; afterwards check that it has published every event."""
    with (
        open_container(Settings(data_dir=demo)) as container,
        running(container.tracker.store, *kafka, name="the-relay") as running_relay,
    ):
        yield
        head = container.tracker.store.max_notification_id() or 0
        until(lambda: running_relay.has_published(head))


@pytest.mark.parametrize("damage", [False, True])
def test_after_the_switch_everything_reads_the_new_topic(
    run: Run,
    demo: Path,
    published: Published,  # noqa: F811
    damage: bool,
) -> None:
    connection, names = published
    force(published, demo, damage=damage)
    assert run("verify", "--of", "kafka").code == int(damage)
    assert run("verify", "--of", "both").code == int(damage)
    with relay(demo, published):
        done = run("topics", "rewrite")
        assert (done.code, done.err) == (0, "")
        assert f"The events are in {names.events}.g2 now" in done.out
        erase(demo, 0)
    with open_container(Settings(data_dir=demo)) as container:
        container.catch_up()
        head = container.tracker.store.max_notification_id() or 0
    alone, both = run("verify", "--of", "kafka"), run("verify", "--of", "both")
    assert (alone.code, alone.err, both.code, both.err) == (0, "", 0, "")
    assert f"{head} events, equal byte for byte" in both.out
    assert "repeat" not in alone.out + both.out
    with open_admin(connection) as admin:
        admin.delete_topics([names.events])
    until(lambda: names.events not in _topics(connection))
    made = run("topics")
    assert (made.code, made.err) == (0, "")
    assert f"{names.events}.g2: there" in made.out
    for store in demo.glob("events.db*"):
        store.unlink()
    restored = run("restore", "--from-kafka")
    assert (restored.code, restored.err) == (0, "")
    assert f"{head} events were restored." in restored.out


@pytest.mark.slow
def test_killed_at_any_point_and_run_again_it_ends_well(
    run: Run,
    demo: Path,
    published: Published,  # noqa: F811
) -> None:
    connection, names = published
    new = f"{names.events}.g2"
    points: list[Callable[[], bool]] = [
        lambda: False,
        lambda: new in _topics(connection),
        lambda: new in _topics(connection) and len(records(connection.servers, new)) > 0,
        lambda: _last(published)["relay"] == "tracker topics rewrite",
    ]
    with relay(demo, published):
        for seconds, point in zip((1.5, 30, 30, 30), points, strict=True):
            killed = subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL)
            end = monotonic() + seconds
            while killed.poll() is None and not point() and monotonic() < end:
                sleep(0.01)
            killed.send_signal(signal.SIGKILL)
            killed.wait()
            generation = _last(published).get("generation", 1)
            if generation == 2:
                break
            assert run("verify", "--of", "kafka").code == 0
            erase(demo, points.index(point))
        done = run("topics", "rewrite") if _last(published).get("generation", 1) == 1 else None
        assert done is None or (done.code, done.err) == (0, "")
    assert _last(published)["generation"] == 2
    both = run("verify", "--of", "kafka")
    assert (both.code, both.err) == (0, "")
    with open_container(Settings(data_dir=demo)) as container:
        container.catch_up()
    both = run("verify", "--of", "both")
    assert (both.code, both.err) == (0, "")
    assert "repeat" not in both.out


def _topics(connection: KafkaConnection) -> set[str]:
    with open_admin(connection) as admin:
        return set(admin.list_topics())


def _last(kafka: Published) -> dict[str, object]:
    connection, names = kafka
    position: dict[str, object] = json.loads(
        records(connection.servers, names.relay_positions)[-1].value
    )
    return position
