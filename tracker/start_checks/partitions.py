"""Check the number of partitions. It must never change, or keys move to other partitions."""

import structlog
from kafka.errors import KafkaError

from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.partitions import can_be_reached, partitions_of
from tracker.adapters.kafka.relay_position import names_in_use
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.sql.service_tables.installation_facts import SqlFacts
from tracker.domain.errors import CannotStartError
from tracker.settings import Settings

_RUNBOOK = "ops/README.md"

_log = structlog.get_logger("tracker.start")


def check_partitions(
    settings: Settings, facts: SqlFacts, connection: KafkaConnection, names: TopicNames
) -> None:
    """Check that the topics have the same number of partitions as at first use.

    If Kafka cannot be reached, compare the setting with what the store recorded, and continue.
    """
    fact = f"partitions of {names.events}"
    recorded = facts.get(fact)
    is_set = "kafka_partitions" in settings.model_fields_set
    if is_set and recorded and int(recorded) != settings.kafka_partitions:
        message = (
            f"TRACKER_KAFKA_PARTITIONS is {settings.kafka_partitions}, but {names.events} was first"
            f" used with {recorded}. Set it to {recorded}."
        )
        raise CannotStartError(message)
    if not can_be_reached(connection):
        _log.warning("Kafka cannot be reached; its topics were not checked")
        return
    single = (names.relay_positions, names.checkpoints)
    try:
        names = names_in_use(connection, names)
        found = partitions_of(connection, [names.events, *single])
    except KafkaError as error:
        _log.warning("Kafka cannot be reached; its topics were not checked", cause=str(error))
        return
    right = dict.fromkeys(single, 1)
    if recorded or is_set:
        right[names.events] = int(recorded or settings.kafka_partitions)
    for name, count in found.items():
        if count != right.get(name, count):
            message = (
                f"The topic {name} has {count} partitions, and this installation needs"
                f" {right[name]}. See 'The number of partitions' in {_RUNBOOK}."
            )
            raise CannotStartError(message)
    if names.events in found:
        facts.agree(fact, str(found[names.events]))
