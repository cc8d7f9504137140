"""The topics: what they are called, how they must be set, and making them so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAlreadyExistsError

from tracker.adapters.kafka.connection import KafkaConnection, open_admin
from tracker.domain.errors import TrackerError

_DAY_MS = 86_400_000
_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
_COMPACTED = {"cleanup.policy": "compact", "segment.bytes": str(16 * 1024 * 1024)}


class TopicMismatchError(TrackerError):
    """A topic is there already and is not set as it must be."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Name every setting that is wrong, one sentence each."""
        super().__init__(" ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class TopicNames:
    """What the topics of one installation are called.

    The events' topic can be written anew: `generation` counts how often. The relay's position names
    the generation in use (`relay_position.current_names`).
    """

    prefix: str = "tracker"
    generation: int = 1

    @property
    def events(self) -> str:
        """Every event of every dossier, for ever."""
        return self.relay if self.generation == 1 else f"{self.relay}.g{self.generation}"

    @property
    def relay(self) -> str:
        """The relay's transactional id and the key of its positions, in every generation."""
        return f"{self.prefix}.dossier-events"

    @property
    def relay_positions(self) -> str:
        """How far the relay is."""
        return f"{self.prefix}.relay-positions"

    @property
    def inbox(self) -> str:
        """What partners hand in."""
        return f"{self.prefix}.intake-inbox"

    @property
    def answers(self) -> str:
        """What became of it."""
        return f"{self.prefix}.intake-answers"

    @property
    def dead_letters(self) -> str:
        """What could not be accepted, and why."""
        return f"{self.prefix}.intake-dead-letters"

    @property
    def checkpoints(self) -> str:
        """The signed checkpoints of the Merkle log, for ever."""
        return f"{self.prefix}.checkpoints"


@dataclass(frozen=True)
class Topic:
    """A topic as it must be; its number of partitions never changes, for keys would move."""

    name: str
    partitions: int
    replication: int
    settings: Mapping[str, str] = field(default_factory=dict)


def wanted_topics(
    names: TopicNames, *, partitions: int, replication: int, min_insync: int
) -> tuple[Topic, ...]:
    """Return the topics of an installation.

    What partners hand in holds personal data in the clear: it is kept for a week, and where it
    could not be accepted for a month.
    """
    safe = {
        "min.insync.replicas": str(min_insync),
        "unclean.leader.election.enable": "false",
    }

    def kept(days: int) -> dict[str, str]:
        return safe | {"cleanup.policy": "delete", "retention.ms": str(days * _DAY_MS)}

    return (
        Topic(names.events, partitions, replication, safe | _FOR_EVER),
        Topic(names.relay_positions, 1, replication, safe | _COMPACTED),
        Topic(names.inbox, partitions, replication, kept(7)),
        Topic(names.answers, partitions, replication, kept(7)),
        Topic(names.checkpoints, 1, replication, safe | _FOR_EVER),
        Topic(names.dead_letters, 1, replication, kept(30)),
    )


def create_topics(connection: KafkaConnection, topics: Sequence[Topic]) -> list[str]:
    """Make the topics that are missing and give their names.

    Raise `TopicMismatchError` where one that is there is not as it must be; nothing that is there
    is ever changed.
    """
    with open_admin(connection) as admin:
        there = set(admin.list_topics())
        missing = {
            topic.name: {
                "num_partitions": topic.partitions,
                "replication_factor": topic.replication,
                "configs": dict(topic.settings),
            }
            for topic in topics
            if topic.name not in there
        }
        if missing:
            try:
                admin.create_topics(missing, wait_for_metadata=True)
            except TopicAlreadyExistsError:  # somebody else did, at the same moment
                admin.wait_for_topics(list(missing))
        faults = _faults(admin, [topic for topic in topics if topic.name in there])
    if faults:
        raise TopicMismatchError(faults)
    return list(missing)


def check_topics(connection: KafkaConnection, topics: Sequence[Topic]) -> None:
    """Raise `TopicMismatchError` where a topic is missing or not as it must be."""
    with open_admin(connection) as admin:
        faults = _faults(admin, topics)
    if faults:
        raise TopicMismatchError(faults)


def _faults(admin: KafkaAdminClient, topics: Sequence[Topic]) -> list[str]:
    if not topics:
        return []
    names = [topic.name for topic in topics]
    partitions = {one["name"]: one["partitions"] for one in admin.describe_topics(names)}
    described = admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names], config_filter="all"
    )["topic"]
    faults: list[str] = []
    for topic in topics:
        found, settings = partitions[topic.name], described[topic.name]
        if not found or not settings:
            faults.append(f"{topic.name} is missing.")
            continue
        checks = [("the number of partitions", str(len(found)), str(topic.partitions))]
        checks += [(name, settings[name]["value"], must) for name, must in topic.settings.items()]
        faults += [
            f"{topic.name}: {name} is {is_}, not {must}."
            for name, is_, must in checks
            if is_ != must
        ]
        copies = min(len(one["replica_nodes"]) for one in found)
        if copies < topic.replication:
            faults.append(f"{topic.name}: replication is {copies}, not {topic.replication}.")
    return faults
