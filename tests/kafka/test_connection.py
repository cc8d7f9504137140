import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from kafka.errors import KafkaTimeoutError
from kafka.partitioner import DefaultPartitioner

from tracker.adapters.kafka import connection
from tracker.adapters.kafka.connection import (
    KafkaConnection,
    _CachingPartitioner,
    open_admin,
    open_consumer,
    open_producer,
)


def test_empty_settings_are_not_passed_to_the_client() -> None:
    settings = KafkaConnection("a:1, b:2").settings()
    assert settings["bootstrap_servers"] == ["a:1", "b:2"]
    assert settings["security_protocol"] == "PLAINTEXT"
    assert not [name for name in settings if name.startswith(("sasl", "ssl"))]


def test_sasl_and_tls_pass_through() -> None:
    connection = KafkaConnection(
        "a:1", "SASL_SSL", "SCRAM-SHA-512", "me", "hidden", "ca.pem", "cert.pem", "key.pem"
    )
    assert (
        connection.settings().items()
        >= {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": "me",
            "sasl_plain_password": "hidden",
            "ssl_cafile": "ca.pem",
            "ssl_certfile": "cert.pem",
            "ssl_keyfile": "key.pem",
        }.items()
    )


def test_the_password_is_not_in_the_repr_of_a_connection() -> None:
    assert "hidden" not in repr(KafkaConnection("a:1", sasl_password="hidden"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "connect",
    [
        open_admin,
        open_consumer,
        lambda connection: open_producer(connection, transactional_id="x", limit_s=1),
    ],
)
def test_an_unreachable_kafka_leaves_no_thread_behind(
    connect: Callable[[KafkaConnection], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_BOOTSTRAP_TIMEOUT_MS", 500)
    before = threading.active_count()
    with pytest.raises(KafkaTimeoutError):
        connect(KafkaConnection("127.0.0.1:1"))
    assert threading.active_count() == before


class Cluster:
    """The part of a cluster that a partitioner reads."""

    def topics(self) -> set[str]:
        return {"t"}

    def partitions_for_topic(self, _: str) -> set[int]:
        return set(range(12))

    available_partitions_for_topic = partitions_for_topic


def test_a_dossier_has_the_partition_that_kafkas_clients_compute() -> None:
    ours, theirs, cluster = _CachingPartitioner(), DefaultPartitioner(), Cluster()
    keys = [UUID(int=number * 7919).hex.encode() for number in range(300)]
    for key in (*keys, *keys, b"tracker.dossier-events"):
        arguments = ("t", key, key, b"", b"", cluster)
        assert ours.partition(*arguments) == theirs.partition(*arguments)
    assert ours.partition("t", None, None, b"", b"", cluster) in range(12)
