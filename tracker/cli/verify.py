"""`tracker verify`: proves that what is stored is whole, lawful and what the read models show."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from heapq import merge
from itertools import groupby
from typing import Annotated

import typer

from tracker.application.checkpointing import SilentPublisherError
from tracker.application.verifying import StoreVerifier
from tracker.application.verifying_log import LogVerifier
from tracker.cli.collecting import collecting_seldom
from tracker.cli.console import Step, note, progress, say
from tracker.cli.errors import CheckFailedError
from tracker.cli.opening import opened
from tracker.cli.verify_kafka import verify_both, verify_kafka
from tracker.domain.checkpoint import Checkpoint
from tracker.installation import Follow, Installation
from tracker.projections.checking import FeedUpTo
from tracker.projections.log import LogProjection
from tracker.projections.projector import Projector


class Of(StrEnum):
    """What is checked."""

    STORE = "store"
    KAFKA = "kafka"
    BOTH = "both"


def verify(
    of: Annotated[
        Of,
        typer.Option(
            help="The store with its log and read models; Kafka by itself; or Kafka against the"
            " store, event by event.",
        ),
    ] = Of.STORE,
) -> None:
    """Check all that is stored, and the read models; or what stands in Kafka.

    Every event is checked; then the Merkle log, leaf by leaf, against the events and against every
    signed checkpoint; then every read model. Kafka by itself needs no store: records, life cycles,
    and the roots that were signed. Names the first wrong event and what is wrong with it;
    the exit code is then 1. Nothing is changed, and the service may run
    meanwhile.
    """
    with collecting_seldom():
        match of:
            case Of.STORE:
                _verify_store()
            case Of.KAFKA:
                verify_kafka()
            case Of.BOTH:
                verify_both()


def _verify_store() -> None:
    with opened() as it:
        verifier = StoreVerifier(it.scan)
        with progress("Events", verifier.head) as step:
            damage = verifier.first_damage(step)
        if damage:
            message = f"The event store is damaged at {damage}"
            raise CheckFailedError(message)
        say(f"events: {verifier.events} of {verifier.dossiers} dossiers, all in order")
        _check_log(it)
        wrong = [
            name for name in it.follows if name != LogProjection.NAME and not _is_equal(it, name)
        ]
    if wrong:
        message = (
            f"{', '.join(wrong)}: the read model is not what the events say."
            " 'tracker rebuild --replace' makes it anew."
        )
        raise CheckFailedError(message)


def log_verifier(it: Installation) -> LogVerifier:
    """Give what checks the log against the store, and against all that was signed or published."""
    known = merge(it.log.checkpoints.after(-1), sorted(_published(it)))
    signed = (one for one, _ in groupby(known))
    return LogVerifier(it.log.leaves, it.scan, signed, it.log.notary.check)


def _check_log(it: Installation) -> None:
    verifier = log_verifier(it)
    with progress("Log", verifier.size) as step:
        damage = verifier.first_damage(step)
    if damage:
        message = f"The log tells of damage at {damage}"
        raise CheckFailedError(message)
    say(
        f"log: {verifier.size} leaves, {verifier.checkpoints} signed checkpoints, all in order"
        f" (root {verifier.root.hex()[:16]})"
    )


def _published(it: Installation) -> Iterator[tuple[int, str]]:
    """Give the last checkpoint of each place outside the database that answers."""
    for place in it.log.publishers:
        try:
            last = place.last()
        except SilentPublisherError as error:
            note(f"The published checkpoints were not looked at: {error}")
        else:
            if last:
                yield Checkpoint.parse(last.text).size, str(last)


def _is_equal(it: Installation, name: str) -> bool:
    follow = it.follows[name]
    partitions = follow.feed.partitions()
    with progress(name, sum(map(follow.model.position, partitions))) as step:
        positions, live = follow.model.standing(partitions)
        reached, rebuilt = _rebuilt(it, follow, positions, step)
    if reached != positions:
        say(
            f"{name}: it holds events that the store does not have, of positions up to"
            f" {max(positions.values())}; the store ends at {it.scan.head()}"
        )
        return False
    say(f"{name}: {'equal' if live == rebuilt else 'DIFFERENT'} ({live[:16]}, {rebuilt[:16]})")
    return live == rebuilt


def _rebuilt(
    it: Installation, follow: Follow, positions: Mapping[str, int], step: Step
) -> tuple[dict[str, int], str]:
    feed = FeedUpTo(follow.feed, positions)
    with it.scratch(follow) as scratch:
        projector = Projector(follow.projection, feed, scratch)
        for partition in positions:
            while taken := projector.run_once(partition):
                step(taken)
        return scratch.standing(positions)
