"""`tracker topics`: makes the topics, and writes the events' topic anew."""

from typing import Annotated

import typer

from tracker.adapters.kafka.audit.scan import KafkaScan
from tracker.adapters.kafka.relay.topic_rewrite import Rewriting
from tracker.adapters.kafka.relay_position import names_in_use
from tracker.adapters.kafka.topics import create_topics, wanted_topics
from tracker.application.audit.verify_both import BothVerifier
from tracker.cli.terminal.console import progress, say
from tracker.cli.terminal.context import opened, settings_with_kafka
from tracker.cli.terminal.errors import CheckFailedError
from tracker.cli.verify.store import check_events, check_log
from tracker.container import Container
from tracker.wiring.kafka import kafka_connection, topic_names


def topics() -> typer.Typer:
    """Return the commands of this group."""
    app = typer.Typer(invoke_without_command=True)
    app.callback()(make)
    app.command()(rewrite)
    return app


def make(context: typer.Context) -> None:
    """Make the topics that are missing.

    One that is there with other settings is named and left as it is; the exit code is then 1.
    """
    if context.invoked_subcommand is not None:
        return
    chosen = settings_with_kafka()
    connection = kafka_connection(chosen)
    wanted = wanted_topics(
        names_in_use(connection, topic_names(chosen)),
        partitions=chosen.kafka_partitions,
        replication=chosen.kafka_replication,
        min_insync=chosen.kafka_min_insync,
    )
    made = create_topics(connection, wanted)
    for topic in wanted:
        say(f"{topic.name}: {'made' if topic.name in made else 'there'}")


def rewrite(
    store_is_right: Annotated[
        bool,
        typer.Option(
            "--store-is-right",
            help="Go on though the last event on Kafka is not the store's: you know that Kafka's is"
            " damaged.",
        ),
    ] = False,
) -> None:
    """Write the events' topic anew from the store, into a new generation, and switch to it.

    Use it when 'verify' finds repeats or damage on Kafka. The service may run meanwhile. The store
    and its log are checked first, and the new topic is compared with the store before the switch.
    If the command is interrupted, run it again: it continues, and the old topic stays in use until
    the switch. The old topic is kept; delete it when no consumer reads it any more.
    """
    chosen = settings_with_kafka()
    with opened(chosen) as it:
        check_events(it)
        check_log(it)
        rewriting = Rewriting(it.tracker.store, kafka_connection(chosen), topic_names(chosen))
        if not store_is_right:
            rewriting.check_store()
        new = wanted_topics(
            rewriting.new,
            partitions=chosen.kafka_partitions,
            replication=chosen.kafka_replication,
            min_insync=chosen.kafka_min_insync,
        )
        create_topics(kafka_connection(chosen), new[:1])
        with progress("Events", it.scan.head()) as step:
            position = rewriting.copy(step)
        _check(it, rewriting, position)
        rewriting.switch()
    say(f"The events are in {rewriting.new.events} now, which ends {rewriting.old.events}.")


def _check(it: Container, rewriting: Rewriting, position: int) -> None:
    """Compare the new topic with the store. Raise `CheckFailedError`."""
    generation = rewriting.new.generation
    connection = kafka_connection(it.settings)
    with KafkaScan(connection, rewriting.old, generation=generation) as scan:
        scan.least = scan.most = position
        verifier = BothVerifier(it.scan, scan)
        with progress("Comparing", it.scan.head()) as step:
            damage = verifier.first_damage(step)
    if damage or verifier.repeats.count:
        message = (
            f"{rewriting.new.events} is not what the store says: {damage or verifier.repeats}"
            " Nothing was switched; delete this topic and run the command again."
        )
        raise CheckFailedError(message)
