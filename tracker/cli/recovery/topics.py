"""`tracker topics`: make the Kafka topics, and rewrite the events' topic."""

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
    """Make the missing Kafka topics.

    If a topic exists with other settings, the command names it, does not change it, and exits with
    1.
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
            help="Continue although the last event on Kafka differs from the store's. Only if you"
            " know that the one on Kafka is damaged.",
        ),
    ] = False,
) -> None:
    """Write all events from the store to a new topic, and switch to it.

    Use it when 'verify' finds repeats or damage on Kafka. The service may keep running. The command
    first checks the store and its log, and compares the new topic with the store before the switch.
    If it is interrupted, run it again: it continues, and the old topic stays in use until the
    switch. The old topic is not deleted; delete it when no consumer reads it any more.
    """
    chosen = settings_with_kafka()
    with opened(chosen) as container:
        check_events(container)
        check_log(container)
        rewriting = Rewriting(
            container.tracker.store, kafka_connection(chosen), topic_names(chosen)
        )
        if not store_is_right:
            rewriting.check_store()
        new = wanted_topics(
            rewriting.new,
            partitions=chosen.kafka_partitions,
            replication=chosen.kafka_replication,
            min_insync=chosen.kafka_min_insync,
        )
        create_topics(kafka_connection(chosen), new[:1])
        with progress("Events", container.scan.head()) as step:
            position = rewriting.copy(step)
        _check(container, rewriting, position)
        rewriting.switch()
    say(f"The events are in {rewriting.new.events} now, which ends {rewriting.old.events}.")


def _check(container: Container, rewriting: Rewriting, position: int) -> None:
    """Compare the new topic with the store. Raise `CheckFailedError`."""
    generation = rewriting.new.generation
    connection = kafka_connection(container.settings)
    with KafkaScan(connection, rewriting.old, generation=generation) as scan:
        scan.least = scan.most = position
        verifier = BothVerifier(container.scan, scan)
        with progress("Comparing", container.scan.head()) as step:
            damage = verifier.first_damage(step)
    if damage or verifier.repeats.count:
        message = (
            f"{rewriting.new.events} differs from the store: {damage or verifier.repeats}"
            " Nothing was switched. Delete this topic and run the command again."
        )
        raise CheckFailedError(message)
