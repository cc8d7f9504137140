"""`tracker restore`, `dead-letters`: what an operator does with Kafka."""

from typing import Annotated

import typer

from tracker.adapters.kafka.dead_letters import DeadLetters
from tracker.adapters.kafka.feed import KafkaFeed
from tracker.adapters.kafka.restore import restore as fill
from tracker.bootstrap import kafka_connection, topic_names
from tracker.cli.console import progress, say, show_table
from tracker.cli.errors import UsageError
from tracker.cli.opening import opened, settings_with_kafka


def restore(
    from_kafka: Annotated[
        bool, typer.Option("--from-kafka", help="The only source there is; said for safety.")
    ] = False,
) -> None:
    """Fill an EMPTY event store with all that the events' topic holds, bit for bit.

    Keys of dossiers are not on Kafka: what is sealed stays sealed until their table is put back
    from its own backup.
    """
    if not from_kafka:
        message = "Say --from-kafka: the event store is filled from the topic."
        raise UsageError(message)
    chosen = settings_with_kafka()
    ends = KafkaFeed(kafka_connection(chosen), topic_names(chosen))
    total = sum(ends.heads().values()) if ends.partitions() else 0
    ends.close()
    with opened(chosen) as it, progress("Events", total) as step:
        done = 0

        def told(count: int) -> None:
            nonlocal done
            step(count - done)
            done = count

        restored = fill(kafka_connection(chosen), topic_names(chosen), it.tracker.store, told)
    say(f"{restored} events were restored.")


def dead_letters() -> typer.Typer:
    """Give the commands of this group."""
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
