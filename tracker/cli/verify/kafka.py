"""`tracker verify --of kafka` and `--of both`: check Kafka alone or against the store."""

from tracker.adapters.kafka.audit.scan import KafkaScan
from tracker.adapters.notary.ed25519 import Notary
from tracker.application.audit.repeats import Repeats
from tracker.application.audit.verify_both import BothVerifier
from tracker.application.audit.verify_kafka import KafkaVerifier
from tracker.cli.terminal.console import progress, say
from tracker.cli.terminal.context import settings_with_kafka
from tracker.cli.terminal.errors import CheckFailedError
from tracker.container import Container
from tracker.wiring.kafka import kafka_connection, topic_names


def verify_kafka() -> None:
    """Check Kafka alone, without any database. Raise `CheckFailedError`."""
    chosen = settings_with_kafka()
    notary = Notary(chosen.log_key_path(), chosen.log_origin)
    with KafkaScan(kafka_connection(chosen), topic_names(chosen)) as scan:
        verifier = KafkaVerifier(scan, scan.checkpoints(), notary.check)
        with progress("Kafka", scan.most_rows) as step:
            damage = verifier.first_damage(step)
    if damage:
        message = f"Kafka is damaged: {scan.topic}: {damage}"
        raise CheckFailedError(message)
    say(
        f"Kafka: {verifier.events} events of {verifier.dossiers} dossiers,"
        f" {verifier.checkpoints} signed checkpoints, all in order"
        f" (root {verifier.root.hex()[:16]})"
    )
    _say_repeats(verifier.repeats)
    if verifier.repeated_checkpoints:
        say(f"{verifier.repeated_checkpoints} checkpoints are repeated, byte for byte.")
    if verifier.unsigned:
        say(f"No checkpoint covers the last {verifier.unsigned} events yet.")


def check_against_store(container: Container, *, after: int) -> None:
    """Check that Kafka has the store's events after a position, up to the relay's position.

    Raise `CheckFailedError`.
    """
    with KafkaScan(kafka_connection(container.settings), topic_names(container.settings)) as scan:
        verifier = BothVerifier(container.scan, scan, after=after)
        with progress("Store and Kafka", container.scan.head() - after) as step:
            damage = verifier.first_damage(step)
        behind = container.scan.head() - scan.least
    if damage:
        message = f"Kafka differs from the store: {scan.topic}: {damage}"
        raise CheckFailedError(message)
    say(f"store and Kafka: {verifier.events} events, equal byte for byte")
    _say_repeats(verifier.repeats)
    if behind > 0:
        say(f"The relay is {behind} positions behind the store.")


def _say_repeats(repeats: Repeats) -> None:
    if repeats.count:
        say(str(repeats))
