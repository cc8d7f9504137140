"""What `tracker restore` records: each restore begins a new epoch of the store."""

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

_OF_KAFKA = {KafkaPast.name, KafkaCheckpoints.name}


def accept_old_backup(decision: str, by: str, after_epoch: int) -> None:
    """Record that the backup in use is the store from now on, and what was lost with it.

    Raise `CheckFailedError` where Kafka holds the lost events, or does not answer.
    """
    with opened() as it:
        it.past.look()
        faults = it.past.faults()
        _check_kafka(it, faults)
        for fault in faults.values():
            note(f"Accepted as lost: {fault}")
        lost = [
            str(last)
            for place in it.log.publishers
            if place.name in faults and (last := place.last())
        ]
        begin_epoch(
            it, source="backup", decision=decision, by=by, after_epoch=after_epoch, lost=lost
        )
        if it.is_embedded and any(_position(it, name) > it.scan.head() for name in it.follows):
            say("Run 'tracker rebuild --replace' now: the read models still hold lost events.")


def begin_epoch(
    it: Container,
    *,
    source: str,
    decision: str,
    by: str = "",
    after_epoch: int = 0,
    lost: list[str] | None = None,
) -> None:
    """Begin the next epoch of the store and say its number."""
    chosen = it.settings
    if chosen.kafka_servers:
        of_kafka = last_epoch(kafka_connection(chosen), topic_names(chosen))
        after_epoch = max(after_epoch, of_kafka)
    kept = it.log.checkpoints.last()
    epoch = Epoch(
        number=next_epoch(it.epochs, LastEpochFile(chosen.data_dir / "store.epoch"), after_epoch),
        began_at=it.now(),
        head=it.scan.head(),
        seen=max(_position(it, name) for name in it.follows),
        source=source,
        by=by or me(Role.ADMINISTRATOR).id,
        decision=decision,
        kept_checkpoint=Checkpoint.parse(kept.text).size if kept else 0,
        lost_checkpoints=tuple(lost or ()),
    )
    it.epochs.add(epoch)
    say(f"The store is in epoch {epoch.number} now. Write this number down: the next restore needs")
    say("it where the whole data directory was put back ('--after-epoch').")


def _check_kafka(it: Container, faults: dict[str, str]) -> None:
    if silent := it.past.silent() & _OF_KAFKA:
        message = (
            f"{', '.join(sorted(silent))} does not answer, so nothing tells whether it holds the"
            " lost events. Try again when it does."
        )
        raise CheckFailedError(message)
    if ahead := [fault for name, fault in faults.items() if name in _OF_KAFKA]:
        message = (
            f"{ahead[0]} Nothing needs to be lost: fill an empty database with"
            " 'tracker migrate' and 'tracker restore --from-kafka'."
        )
        raise CheckFailedError(message)


def _position(it: Container, name: str) -> int:
    return it.follows[name].model.store_position()
