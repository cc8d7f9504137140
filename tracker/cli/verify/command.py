"""`tracker verify`: check the store, the log, the read models, and Kafka."""

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
    """What to check."""

    STORE = "store"
    KAFKA = "kafka"
    BOTH = "both"


def verify(
    of: Annotated[
        Of,
        typer.Option(
            help="'store': the store, its log and the read models. 'kafka': Kafka alone. 'both':"
            " the store, then Kafka against it, event by event.",
        ),
    ] = Of.STORE,
    since: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Check only events after the signed checkpoint in this file: for a daily run.",
        ),
    ] = None,
    list_to: Annotated[
        Path | None,
        typer.Option(
            "--list",
            metavar="FILE",
            dir_okay=False,
            help="Write every dossier whose key is lost, or left after erasure, to this file.",
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="If the check passes, write the last signed checkpoint to this file.",
        ),
    ] = None,
) -> None:
    """Check the store, its log and the read models; or the events on Kafka.

    The command checks every event, then every leaf of the Merkle log against the events and the
    signed checkpoints, then every read model. With --of kafka it needs no store: it checks the
    records, the life cycles and the signed roots. Records on Kafka that repeat earlier ones byte
    for byte are counted; they are not damage.

    If something is wrong, the command names the first wrong event and the fault, and exits with 1.
    It changes nothing, and the service may keep running. If a dossier's key is lost, the command
    names the dossier and checks everything else; 'tracker lost-keys accept' records a decision.

    With --since, this log must have signed the checkpoint and must continue it. The command then
    checks the events after it, with the earlier events of the same dossiers, and prints at the end
    what it did not check. --of kafka always checks from the first record, so it has no --since.
    """
    if of is Of.KAFKA and (since or keep):
        message = (
            "--of kafka always checks from the first record, so it allows no --since and no --keep."
            " Use --of both to check the store and Kafka since a checkpoint."
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
    with opened(settings_with_kafka() if with_kafka else settings()) as container:
        after, signed = (
            check_since(container, since, list_to) if since else (0, check_all(container, list_to))
        )
        if with_kafka:
            check_against_store(container, after=after)
    if keep:
        keep_last(keep, signed)
