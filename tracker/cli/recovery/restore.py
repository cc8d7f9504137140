"""`tracker restore` and `tracker dead-letters`: restore from Kafka, handle its dead letters."""

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
            help="Continue with the older backup that you put back. Later events are lost.",
        ),
    ] = False,
    decision: Annotated[
        str, typer.Option(help="Why the loss is accepted. This text is recorded.")
    ] = "",
    by: Annotated[
        str, typer.Option(help="Who decided it. Default: the user who runs this command.")
    ] = "",
    after_epoch: Annotated[
        int,
        typer.Option(
            min=0, help="The epoch that the last restore printed, if no file or topic has it."
        ),
    ] = 0,
) -> None:
    """Fill an EMPTY event store with all events of the topic, byte for byte.

    With --accept-old-backup, record instead that an older backup is the store from now on. Both
    begin a new epoch: no dossier code is given out twice. Kafka does not hold the dossiers' keys:
    personal data stay sealed until you put back the backup of the keys.
    """
    if from_kafka == accept_old_backup:
        message = (
            "Give --from-kafka to fill an empty event store from the topic, or --accept-old-backup"
            " to continue with the backup that you put back."
        )
        raise UsageError(message)
    if accept_old_backup:
        if not decision.strip():
            message = "--decision is empty. Say why the loss is accepted."
            raise UsageError(message)
        record_old_backup(decision.strip(), by.strip(), after_epoch)
        return
    chosen = settings_with_kafka()
    feed = KafkaFeed(kafka_connection(chosen), topic_names(chosen))
    total = sum(feed.heads().values()) if feed.partitions() else 0
    feed.close()
    with (
        only_process(chosen, ["serve"]),
        opened(chosen, makes_key=False) as container,
        progress("Events", total) as step,
    ):
        done = 0

        def show_progress(count: int) -> None:
            nonlocal done
            step(count - done)
            done = count

        restored = fill(
            kafka_connection(chosen), topic_names(chosen), container.tracker.store, show_progress
        )
        say(f"{restored} events were restored.")
        begin_epoch(
            container,
            source="kafka",
            decision=decision.strip() or "restored from Kafka",
            by=by.strip(),
            after_epoch=after_epoch,
        )


def dead_letters() -> typer.Typer:
    """Return the commands of this group."""
    app = typer.Typer(help="List rejected commands of partners; try them again.")
    app.command("list")(list_letters)
    app.command("retry")(retry)
    return app


def list_letters() -> None:
    """List the dead letters that are still stored, oldest first, without their content."""
    letters = DeadLetters(
        kafka_connection(chosen := settings_with_kafka()), topic_names(chosen)
    ).all()
    show_table(
        ["number", "rejected at", "from", "reason", "retried"],
        [
            (
                str(letter.number),
                letter.laid_aside_at.isoformat(timespec="seconds"),
                letter.sender or "-",
                letter.reason,
                "yes" if letter.retried else "-",
            )
            for letter in letters
        ],
    )


def retry(
    numbers: Annotated[
        list[int], typer.Argument(metavar="NUMBER…", help="Numbers, as 'list' shows them.")
    ],
) -> None:
    """Send dead letters to the inbox again: all that you name, or none."""
    chosen = settings_with_kafka()
    DeadLetters(kafka_connection(chosen), topic_names(chosen)).retry(numbers)
    say(f"{len(numbers)} letters were sent again.")
