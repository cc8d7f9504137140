"""The topics of an installation: their names, their settings, and their creation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAlreadyExistsError

from tracker.adapters.kafka.connection import KafkaConnection, open_admin
from tracker.domain.errors import TrackerError

_DAY_MS = 86_400_000
_KEPT_FOREVER = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
_COMPACTED = {"cleanup.policy": "compact", "segment.bytes": str(16 * 1024 * 1024)}


class TopicMismatchError(TrackerError):
    """A topic is missing or its settings are wrong."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep one sentence for each wrong setting."""
        super().__init__(" ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class TopicNames:
    """The names of the topics of one installation.

    The events' topic can be rewritten. `generation` counts the rewrites, from 1. The relay's
    position holds the generation in use (see `relay_position.current_names`).
    """

    prefix: str = "tracker"
    generation: int = 1

    @property
    def events(self) -> str:
        """The topic of all events of all dossiers. Records never expire."""
        return self.relay if self.generation == 1 else f"{self.relay}.g{self.generation}"

    @property
    def relay(self) -> str:
        """The relay's transactional id and the key of its positions. All generations share it."""
        return f"{self.prefix}.dossier-events"

    @property
    def relay_positions(self) -> str:
        """The topic of the relay's positions."""
        return f"{self.prefix}.relay-positions"

    @property
    def inbox(self) -> str:
        """The topic of the commands that partners send."""
        return f"{self.prefix}.intake-inbox"

    @property
    def answers(self) -> str:
        """The topic of the answers to those commands."""
        return f"{self.prefix}.intake-answers"

    @property
    def dead_letters(self) -> str:
        """The topic of rejected commands, with the reasons."""
        return f"{self.prefix}.intake-dead-letters"

    @property
    def checkpoints(self) -> str:
        """The topic of the transparency log's signed checkpoints. Records never expire."""
        return f"{self.prefix}.checkpoints"


@dataclass(frozen=True)
class Topic:
    """A topic and its required settings.

    The number of partitions never changes, because keys would then move to other partitions.
    """

    name: str
    partitions: int
    replication: int
    settings: Mapping[str, str] = field(default_factory=dict)


def wanted_topics(
    names: TopicNames, *, partitions: int, replication: int, min_insync: int
) -> tuple[Topic, ...]:
    """Return the topics of an installation.

    The commands of partners hold personal data in plain text. Kafka keeps them for a week, and
    rejected ones for a month.
    """
    safe = {
        "min.insync.replicas": str(min_insync),
        "unclean.leader.election.enable": "false",
    }

    def kept_for(days: int) -> dict[str, str]:
        return safe | {"cleanup.policy": "delete", "retention.ms": str(days * _DAY_MS)}

    return (
        Topic(names.events, partitions, replication, safe | _KEPT_FOREVER),
        Topic(names.relay_positions, 1, replication, safe | _COMPACTED),
        Topic(names.inbox, partitions, replication, kept_for(7)),
        Topic(names.answers, partitions, replication, kept_for(7)),
        Topic(names.checkpoints, 1, replication, safe | _KEPT_FOREVER),
        Topic(names.dead_letters, 1, replication, kept_for(30)),
    )


def create_topics(connection: KafkaConnection, topics: Sequence[Topic]) -> list[str]:
    """Create the missing topics and return their names.

    Existing topics are never changed. Raise `TopicMismatchError` if one has wrong settings.
    """
    with open_admin(connection) as admin:
        existing = set(admin.list_topics())
        missing = {
            topic.name: {
                "num_partitions": topic.partitions,
                "replication_factor": topic.replication,
                "configs": dict(topic.settings),
            }
            for topic in topics
            if topic.name not in existing
        }
        if missing:
            try:
                admin.create_topics(missing, wait_for_metadata=True)
            except TopicAlreadyExistsError:  # another process created it at the same time
                admin.wait_for_topics(list(missing))
        faults = _faults(admin, [topic for topic in topics if topic.name in existing])
    if faults:
        raise TopicMismatchError(faults)
    return list(missing)


def check_topics(connection: KafkaConnection, topics: Sequence[Topic]) -> None:
    """Raise `TopicMismatchError` if a topic is missing or has wrong settings."""
    with open_admin(connection) as admin:
        faults = _faults(admin, topics)
    if faults:
        raise TopicMismatchError(faults)


def _faults(admin: KafkaAdminClient, topics: Sequence[Topic]) -> list[str]:
    if not topics:
        return []
    names = [topic.name for topic in topics]
    partitions = {topic["name"]: topic["partitions"] for topic in admin.describe_topics(names)}
    described = admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names], config_filter="all"
    )["topic"]
    faults: list[str] = []
    for topic in topics:
        actual, settings = partitions[topic.name], described[topic.name]
        if not actual or not settings:
            faults.append(f"{topic.name} is missing.")
            continue
        checks = [("the number of partitions", str(len(actual)), str(topic.partitions))]
        checks += [
            (name, settings[name]["value"], wanted) for name, wanted in topic.settings.items()
        ]
        faults += [
            f"{topic.name}: {name} is {value}, not {wanted}."
            for name, value, wanted in checks
            if value != wanted
        ]
        copies = min(len(partition["replica_nodes"]) for partition in actual)
        if copies < topic.replication:
            faults.append(f"{topic.name}: replication is {copies}, not {topic.replication}.")
    return faults
