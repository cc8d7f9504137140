"""Record a restore: each restore begins a new epoch of the store."""

from tracker.adapters.files.last_epoch import LastEpochFile
from tracker.adapters.kafka.audit.checkpoints import KafkaCheckpoints
from tracker.adapters.kafka.audit.store_past import KafkaPast, last_epoch
from tracker.application.recovery.epochs import Epoch, next_epoch
from tracker.cli.terminal.console import note, say
from tracker.cli.terminal.context import me, opened
from tracker.cli.terminal.errors import CheckFailedError
from tracker.container import Container
from tracker.domain.dossier.actors import Role
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.wiring.kafka import kafka_connection, topic_names

_KAFKA_PLACES = {KafkaPast.name, KafkaCheckpoints.name}


def accept_old_backup(decision: str, by: str, after_epoch: int) -> None:
    """Record that the restored backup is the store from now on, and what was lost.

    Raise `CheckFailedError` if Kafka still holds the lost events, or does not answer.
    """
    with opened() as container:
        container.past.look()
        faults = container.past.faults()
        _check_kafka(container, faults)
        for fault in faults.values():
            note(f"Accepted as lost: {fault}")
        lost = [
            str(last)
            for place in container.log.publishers
            if place.name in faults and (last := place.last())
        ]
        begin_epoch(
            container, source="backup", decision=decision, by=by, after_epoch=after_epoch, lost=lost
        )
        if container.is_embedded and any(
            _position(container, name) > container.scan.head() for name in container.follows
        ):
            say("Run 'tracker rebuild --replace' now: the read models still hold lost events.")


def begin_epoch(
    container: Container,
    *,
    source: str,
    decision: str,
    by: str = "",
    after_epoch: int = 0,
    lost: list[str] | None = None,
) -> None:
    """Begin the next epoch of the store and print its number."""
    chosen = container.settings
    if chosen.kafka_servers:
        kafka_epoch = last_epoch(kafka_connection(chosen), topic_names(chosen))
        after_epoch = max(after_epoch, kafka_epoch)
    last_checkpoint = container.log.checkpoints.last()
    epoch = Epoch(
        number=next_epoch(
            container.epochs, LastEpochFile(chosen.data_dir / "store.epoch"), after_epoch
        ),
        began_at=container.now(),
        head=container.scan.head(),
        seen=max(_position(container, name) for name in container.follows),
        source=source,
        by=by or me(Role.ADMINISTRATOR).id,
        decision=decision,
        kept_checkpoint=(Checkpoint.parse(last_checkpoint.text).size if last_checkpoint else 0),
        lost_checkpoints=tuple(lost or ()),
    )
    container.epochs.add(epoch)
    say(f"The store is in epoch {epoch.number} now. Write this number down: the next restore needs")
    say("it ('--after-epoch') if you put back the whole data directory.")


def _check_kafka(container: Container, faults: dict[str, str]) -> None:
    if silent := container.past.silent() & _KAFKA_PLACES:
        message = (
            f"{', '.join(sorted(silent))} does not answer, so it is unknown whether it holds"
            " the lost events. Try again when it answers."
        )
        raise CheckFailedError(message)
    if ahead := [fault for name, fault in faults.items() if name in _KAFKA_PLACES]:
        message = (
            f"{ahead[0]} Nothing needs to be lost: fill an empty database with"
            " 'tracker migrate' and 'tracker restore --from-kafka'."
        )
        raise CheckFailedError(message)


def _position(container: Container, name: str) -> int:
    return container.follows[name].model.store_position()
