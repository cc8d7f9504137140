"""`tracker verify --of store`: check the events, the Merkle log and the read models."""

from collections.abc import Iterator, Mapping
from heapq import merge
from itertools import groupby
from pathlib import Path

from tracker.application.audit.checkpoints import SilentPublisherError
from tracker.application.audit.verify_log import Begun, LogVerifier
from tracker.application.audit.verify_store import StoreVerifier
from tracker.cli.terminal.console import Step, note, progress, say
from tracker.cli.terminal.errors import CheckFailedError
from tracker.cli.verify.keys import check_keys
from tracker.cli.verify.since import begun_at, say_what_was_not_checked
from tracker.container import Container, Follow
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.projections.model.bounded_feed import BoundedFeed
from tracker.projections.model.projector import Projector
from tracker.projections.transparency_log import TransparencyLogProjection


def check_all(container: Container, list_to: Path | None = None) -> str:
    """Check everything. Return the last valid checkpoint, or an empty text if there is none.

    Lost keys are listed, all of them in the file `list_to`; everything else is checked before they
    fail the check. Raise `CheckFailedError`.
    """
    for epoch in container.epochs.all():
        say(f"restores: {epoch}")
    verifier = check_events(container)
    say(f"events: {verifier.events} of {verifier.dossiers} dossiers, all in order")
    lost = check_keys(container, verifier.wrong_keys(), list_to)
    signed = check_log(container)
    wrong = [
        name
        for name in container.follows
        if name != TransparencyLogProjection.NAME and not _is_equal(container, name)
    ]
    if wrong:
        message = (
            f"{', '.join(wrong)}: the read model differs from the events."
            " 'tracker rebuild --replace' builds it again."
        )
        raise CheckFailedError(message)
    if lost:
        raise CheckFailedError(lost)
    return signed


def check_since(container: Container, file: Path, list_to: Path | None = None) -> tuple[int, str]:
    """Check the events after the checkpoint in the file, and print what was not checked.

    Return the position of the last event before it, and the last valid checkpoint. Raise the errors
    of `begun_at`, and `CheckFailedError`.
    """
    kept, begun = begun_at(container, file)
    after = begun.position
    verifier = check_events(container, after=after)
    say(
        f"events: {verifier.events} since then, of {verifier.dossiers} dossiers, all in order,"
        f" and so are the {verifier.before} before of the same dossiers"
    )
    lost = check_keys(container, verifier.wrong_keys(), list_to)
    signed = check_log(container, begun) or str(kept)
    say_what_was_not_checked(begun.size - verifier.before)
    if lost:
        raise CheckFailedError(lost)
    return after, signed


def check_events(container: Container, *, after: int = 0) -> StoreVerifier:
    """Check the events of the store. Raise `CheckFailedError`."""
    verifier = StoreVerifier(container.scan, after=after)
    with progress("Events", verifier.head - after) as step:
        damage = verifier.first_damage(step)
    if damage:
        message = f"The event store is damaged at {damage}"
        raise CheckFailedError(message)
    return verifier


def log_verifier(container: Container, begun: Begun | None = None) -> LogVerifier:
    """Return the verifier of the log against the store, the signed and published checkpoints."""
    size = begun.size if begun else -1
    lost = container.lost_checkpoints.texts()
    published = sorted(
        (leaves, text)
        for leaves, text in _published(container)
        if leaves > size and text not in lost
    )
    signed = (
        checkpoint
        for checkpoint, _ in groupby(merge(container.log.checkpoints.after(size), published))
    )
    return LogVerifier(
        container.log.leaves, container.scan, signed, container.log.notary.check, begun
    )


def check_log(container: Container, begun: Begun | None = None) -> str:
    """Check the log. Return the last valid checkpoint. Raise `CheckFailedError`."""
    before = begun.size if begun else 0
    verifier = log_verifier(container, begun)
    with progress("Log", verifier.size - before) as step:
        damage = verifier.first_damage(step)
    if damage:
        message = f"The log is damaged at {damage}"
        raise CheckFailedError(message)
    say(
        f"log: {verifier.size - before} leaves, {verifier.checkpoints} signed checkpoints,"
        f" all in order (root {verifier.root.hex()[:16]})"
    )
    return verifier.last_signed


def _published(container: Container) -> Iterator[tuple[int, str]]:
    """Yield the size and text of the last checkpoint of each place outside the database."""
    for place in container.log.publishers:
        try:
            last = place.last()
        except SilentPublisherError as error:
            note(f"The published checkpoints were not checked: {error}")
        else:
            if last:
                yield Checkpoint.parse(last.text).size, str(last)


def _is_equal(container: Container, name: str) -> bool:
    follow = container.follows[name]
    partitions = follow.feed.partitions()
    with progress(name, sum(map(follow.model.position, partitions))) as step:
        positions, live = follow.model.standing(partitions)
        reached, rebuilt = _rebuilt(container, follow, positions, step)
    if reached != positions:
        say(
            f"{name}: it holds events that the store does not have, up to position"
            f" {max(positions.values())}; the store ends at {container.scan.head()}"
        )
        return False
    say(f"{name}: {'equal' if live == rebuilt else 'DIFFERENT'} ({live[:16]}, {rebuilt[:16]})")
    return live == rebuilt


def _rebuilt(
    container: Container, follow: Follow, positions: Mapping[str, int], step: Step
) -> tuple[dict[str, int], str]:
    feed = BoundedFeed(follow.feed, positions)
    with container.scratch(follow) as scratch:
        projector = Projector(follow.projection, feed, scratch)
        for partition in positions:
            while taken := projector.run_once(partition):
                step(taken)
        return scratch.standing(positions)
