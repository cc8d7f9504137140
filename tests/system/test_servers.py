import contextlib
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from ops.local_servers import postgres
from ops.local_servers.kafka import KafkaCluster
from ops.local_servers.postgres import PostgresServer

pytestmark = [pytest.mark.system, pytest.mark.slow]

DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


def new_topic(servers: str, copies: int = 1) -> str:
    name = f"test-{uuid.uuid4().hex}"
    with KafkaAdminClient(bootstrap_servers=servers) as client:
        client.create_topics([NewTopic(name, num_partitions=1, replication_factor=copies)])
    return name


def committed(servers: str, topic: str) -> list[bytes]:
    partition = TopicPartition(topic, 0)
    consumer = KafkaConsumer(bootstrap_servers=servers, isolation_level="read_committed")
    try:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        end = consumer.end_offsets([partition])[partition]
        values: list[bytes] = []
        deadline = time.monotonic() + 60
        while consumer.position(partition) < end:
            assert time.monotonic() < deadline, f"read only {values} before offset {end}"
            for records in consumer.poll(timeout_ms=200).values():
                values += [record.value for record in records]
        return values
    finally:
        consumer.close()


def send_all(servers: str, topic: str, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    try:
        for value in values:
            producer.send(topic, value).get(timeout=60)
    finally:
        producer.close()


def is_gone(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not condition()


def test_a_reader_of_kafka_sees_what_was_committed_and_nothing_that_was_aborted(kafka: str) -> None:
    topic = new_topic(kafka)
    producer = KafkaProducer(bootstrap_servers=kafka, transactional_id=topic)
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(topic, b"aborted")
    producer.flush()
    producer.abort_transaction()
    producer.begin_transaction()
    producer.send(topic, b"committed")
    producer.commit_transaction()
    producer.close()

    assert committed(kafka, topic) == [b"committed"]


def test_a_test_gets_a_database_of_its_own_that_is_empty(postgres_url: str) -> None:
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(tables).fetchone() == (0,)
        connection.execute("CREATE TABLE here (n int)")


def test_a_killed_broker_comes_back_on_its_port_with_what_it_had(
    needs_kafka: None, server_directory: Path
) -> None:
    with KafkaCluster(server_directory) as cluster:
        servers = cluster.bootstrap_servers
        topic = new_topic(servers)
        send_all(servers, topic, [b"before"])
        cluster.kill(1)
        assert not cluster.alive(1)
        cluster.start(1)
        assert cluster.bootstrap_servers == servers
        send_all(servers, topic, [b"after"])
        assert committed(servers, topic) == [b"before", b"after"]

    with KafkaCluster(server_directory) as another:
        assert committed(another.bootstrap_servers, topic) == [b"before", b"after"]


@pytest.mark.parametrize("end", [PostgresServer.kill, lambda server: server.stop("immediate")])
def test_a_killed_postgres_comes_back_with_what_was_committed(
    needs_postgres: None, server_directory: Path, end: Callable[[PostgresServer], None]
) -> None:
    with PostgresServer(server_directory) as server:
        url = server.url
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        with contextlib.closing(psycopg.connect(url)) as still_open:
            still_open.execute("INSERT INTO kept VALUES (2)")
            end(server)
            assert not server.alive
            server.start()
        assert server.url == url
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]
            assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_postgres_takes_what_it_is_told_for_production_and_stays_durable(
    needs_postgres: None, server_directory: Path
) -> None:
    config = server_directory / "told.conf"
    config.write_bytes((Path(postgres.__file__).parents[1] / "postgresql.conf").read_bytes())
    config.chmod(0o644)
    wanted = postgres.production_settings()
    with PostgresServer(server_directory, settings={"config_file": str(config)}) as server:
        by_file = said(server.url, wanted)
        assert set(said(server.url, DURABLE).values()) == {"on"}
    assert by_file == wanted
    with PostgresServer(server_directory, settings=wanted) as server:
        assert said(server.url, wanted) == by_file


def said(url: str, names: Iterable[str]) -> dict[str, str]:
    with psycopg.connect(url) as connection:
        return dict(
            connection.execute(
                "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY (%s)",
                ([*names],),
            ).fetchall()
        )


def test_three_brokers_lose_nothing_acknowledged_when_one_of_them_is_killed(
    needs_kafka: None, server_directory: Path
) -> None:
    values = [str(number).encode() for number in range(60)]
    with KafkaCluster(server_directory, brokers=3) as cluster:
        topic = new_topic(cluster.bootstrap_servers, copies=3)
        send_all(cluster.bootstrap_servers, topic, values[:20])
        cluster.kill(leader(cluster, topic))
        send_all(cluster.bootstrap_servers, topic, values[20:40])
        cluster.start()
        send_all(cluster.bootstrap_servers, topic, values[40:])
        assert committed(cluster.bootstrap_servers, topic) == values


def leader(cluster: KafkaCluster, topic: str) -> int:
    with KafkaAdminClient(bootstrap_servers=cluster.bootstrap_servers) as client:
        (described,) = client.describe_topics([topic])
        return int(described["partitions"][0]["leader_id"])


def test_a_server_does_not_outlive_whoever_started_it_even_if_that_is_killed(
    needs_postgres: None, server_directory: Path
) -> None:
    code = f"""
        import pathlib, time
        from ops.local_servers.postgres import PostgresServer
        with PostgresServer(pathlib.Path({str(server_directory)!r})) as server:
            print(server.pid, flush=True)
            time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as starter:
        assert starter.stdout is not None
        server = Path("/proc", starter.stdout.readline().strip())
        assert server.exists()
        starter.kill()
        assert is_gone((server / "exe").exists)
