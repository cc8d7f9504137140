"""`tracker restore`, `dead-letters`: what an operator does with Kafka."""

from typing import Annotated

import typer

from tracker.adapters.kafka.audit.restore import restore as fill
from tracker.adapters.kafka.inbox.dead_letters import DeadLetters
from tracker.adapters.kafka.reader.feed import KafkaFeed
from tracker.cli.recovery.old_backup import accept_old_backup as record_old_backup
from tracker.cli.recovery.old_backup import begin_epoch
from tracker.cli.terminal.console import progress, say, show_table
from tracker.cli.terminal.context import opened, settings_with_kafka
from tracker.cli.terminal.errors import UsageError
from tracker.start_checks.databases import only_process
from tracker.wiring.kafka import kafka_connection, topic_names


def restore(
    from_kafka: Annotated[
        bool, typer.Option("--from-kafka", help="Fill an empty event store from the topic.")
    ] = False,
    accept_old_backup: Annotated[
        bool,
        typer.Option(
            "--accept-old-backup",
            help="Go on with the older backup that was put back; what came after it is lost.",
        ),
    ] = False,
    decision: Annotated[
        str, typer.Option(help="Why the loss is accepted; it is recorded as it is.")
    ] = "",
    by: Annotated[str, typer.Option(help="Who decided it; by default who runs this.")] = "",
    after_epoch: Annotated[
        int,
        typer.Option(
            min=0, help="The epoch that the last restore said, where nothing else knows it."
        ),
    ] = 0,
) -> None:
    """Fill an EMPTY event store with all that the events' topic holds, bit for bit.

    Or record, with --accept-old-backup, that an older backup is the store from now on. Both begin
    a new epoch: no code that was ever handed out is handed out again. Keys of dossiers are not on
    Kafka: what is sealed stays sealed until their table is put back from its own backup.
    """
    if from_kafka == accept_old_backup:
        message = (
            "Say --from-kafka, to fill an empty event store from the topic, or --accept-old-backup,"
            " to go on with the backup that was put back."
        )
        raise UsageError(message)
    if accept_old_backup:
        if not decision.strip():
            message = "--decision must say why the loss is accepted."
            raise UsageError(message)
        record_old_backup(decision.strip(), by.strip(), after_epoch)
        return
    chosen = settings_with_kafka()
    ends = KafkaFeed(kafka_connection(chosen), topic_names(chosen))
    total = sum(ends.heads().values()) if ends.partitions() else 0
    ends.close()
    with (
        only_process(chosen, ["serve"]),
        opened(chosen, makes_key=False) as it,
        progress("Events", total) as step,
    ):
        done = 0

        def told(count: int) -> None:
            nonlocal done
            step(count - done)
            done = count

        restored = fill(kafka_connection(chosen), topic_names(chosen), it.tracker.store, told)
        say(f"{restored} events were restored.")
        begin_epoch(
            it,
            source="kafka",
            decision=decision.strip() or "restored from Kafka",
            by=by.strip(),
            after_epoch=after_epoch,
        )


def dead_letters() -> typer.Typer:
    """Return the commands of this group."""
    app = typer.Typer(help="List what partners posted and could not be accepted; try it again.")
    app.command("list")(list_letters)
    app.command("retry")(retry)
    return app


def list_letters() -> None:
    """List the dead letters that are still kept, oldest first, without what they hold."""
    letters = DeadLetters(
        kafka_connection(chosen := settings_with_kafka()), topic_names(chosen)
    ).all()
    show_table(
        ["number", "laid aside at", "from", "reason", "retried"],
        [
            (
                str(one.number),
                one.laid_aside_at.isoformat(timespec="seconds"),
                one.sender or "-",
                one.reason,
                "yes" if one.retried else "-",
            )
            for one in letters
        ],
    )


def retry(
    numbers: Annotated[list[int], typer.Argument(metavar="NUMBER…", help="As 'list' has them.")],
) -> None:
    """Hand dead letters in again, all of those named or none."""
    chosen = settings_with_kafka()
    DeadLetters(kafka_connection(chosen), topic_names(chosen)).retry(numbers)
    say(f"{len(numbers)} letters were handed in again.")
