"""`tracker verify`: proves that what is stored is whole, lawful and what the read models show."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tracker.cli.run.gc_tuning import less_frequent_gc
from tracker.cli.terminal.context import opened, settings, settings_with_kafka
from tracker.cli.terminal.errors import UsageError
from tracker.cli.verify.kafka import check_against_store, verify_kafka
from tracker.cli.verify.since import keep_last
from tracker.cli.verify.store import check_all, check_since


class Of(StrEnum):
    """What is checked."""

    STORE = "store"
    KAFKA = "kafka"
    BOTH = "both"


def verify(
    of: Annotated[
        Of,
        typer.Option(
            help="The store with its log and read models; Kafka by itself; or the store, and then"
            " Kafka against it, event by event.",
        ),
    ] = Of.STORE,
    since: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Check only what came after the signed checkpoint in this file: for a daily run.",
        ),
    ] = None,
    list_to: Annotated[
        Path | None,
        typer.Option(
            "--list",
            metavar="FILE",
            dir_okay=False,
            help="Write every dossier whose key is lost or left to this file, one a line.",
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where all is well, put the last signed checkpoint there, for the next --since.",
        ),
    ] = None,
) -> None:
    """Check all that is stored, and the read models; or what stands in Kafka.

    Every event is checked; then the Merkle log, leaf by leaf, against the events and against every
    signed checkpoint; then every read model. Kafka by itself needs no store: records, life cycles,
    and the roots that were signed. Records on Kafka that repeat earlier ones byte for byte are
    counted; they are no damage. Names the first wrong event and what is wrong with it;
    the exit code is then 1. Nothing is changed, and the service may run
    meanwhile. A dossier whose key is lost is named, and all else is checked: 'tracker lost-keys
    accept' records a decision about it.

    With --since: the checkpoint must be signed by this log and the log continue it; then the events
    after it are checked, with the earlier ones of the same dossiers. What was not looked at is said
    at the end. With --of kafka it cannot be: what Kafka holds is checked from its first record.
    """
    if of is Of.KAFKA and (since or keep):
        message = (
            "Kafka by itself is checked from its first record, so there is no --since and no --keep"
            " with --of kafka. --of both checks the store and Kafka since a checkpoint."
        )
        raise UsageError(message)
    with less_frequent_gc():
        if of is Of.KAFKA:
            verify_kafka()
        else:
            _verify_store(since, keep, list_to, with_kafka=of is Of.BOTH)


def _verify_store(
    since: Path | None, keep: Path | None, list_to: Path | None, *, with_kafka: bool
) -> None:
    with opened(settings_with_kafka() if with_kafka else settings()) as it:
        after, signed = check_since(it, since, list_to) if since else (0, check_all(it, list_to))
        if with_kafka:
            check_against_store(it, after=after)
    if keep:
        keep_last(keep, signed)
