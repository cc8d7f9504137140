from dataclasses import replace
from uuid import uuid4

import pytest

from tests.kafka.conftest import PARTITIONS
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.topics import (
    TopicMismatchError,
    TopicNames,
    check_topics,
    create_topics,
    wanted_topics,
)

pytestmark = pytest.mark.system


def test_existing_topics_with_the_right_settings_are_not_changed(
    connection: KafkaConnection, names: TopicNames
) -> None:
    wanted = wanted_topics(names, partitions=PARTITIONS, replication=1, min_insync=1)
    assert create_topics(connection, wanted) == []
    check_topics(connection, wanted)


def test_events_are_kept_forever_and_never_compacted(
    connection: KafkaConnection, names: TopicNames
) -> None:
    wanted = {
        topic.name: topic
        for topic in wanted_topics(names, partitions=PARTITIONS, replication=1, min_insync=1)
    }
    assert wanted[names.events].settings == {
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "cleanup.policy": "delete",
        "min.insync.replicas": "1",
        "unclean.leader.election.enable": "false",
    }
    assert wanted[names.relay_positions].partitions == 1
    assert wanted[names.relay_positions].settings["cleanup.policy"] == "compact"


def test_another_number_of_partitions_is_refused_with_the_topics_name(
    connection: KafkaConnection, names: TopicNames
) -> None:
    with pytest.raises(TopicMismatchError) as raised:
        create_topics(
            connection,
            wanted_topics(names, partitions=PARTITIONS + 1, replication=1, min_insync=1),
        )
    assert f"{names.events}: the number of partitions is 4, not 5." in raised.value.faults


def test_another_setting_and_too_few_replicas_are_refused_with_the_topics_name(
    connection: KafkaConnection, names: TopicNames
) -> None:
    events = wanted_topics(names, partitions=PARTITIONS, replication=2, min_insync=2)[0]
    changed = replace(events, settings=dict(events.settings) | {"cleanup.policy": "compact"})
    with pytest.raises(TopicMismatchError) as raised:
        create_topics(connection, [changed])
    assert raised.value.faults == (
        f"{names.events}: min.insync.replicas is 1, not 2.",
        f"{names.events}: cleanup.policy is delete, not compact.",
        f"{names.events}: replication is 1, not 2.",
    )


def test_a_missing_topic_is_named_and_then_created(connection: KafkaConnection) -> None:
    names = TopicNames(f"test-{uuid4().hex[:12]}")
    wanted = wanted_topics(names, partitions=PARTITIONS, replication=1, min_insync=1)
    others = [topic for topic in wanted if topic.name != names.answers]
    assert create_topics(connection, others) == [topic.name for topic in others]
    with pytest.raises(TopicMismatchError) as raised:
        check_topics(connection, wanted)
    assert raised.value.faults == (f"{names.answers} is missing.",)
    assert create_topics(connection, wanted) == [names.answers]
    check_topics(connection, wanted)
