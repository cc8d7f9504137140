"""`tracker verify --of store`: the events, the Merkle log and the read models."""

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
from tracker.cli.verify.since import begun_at, say_what_was_left
from tracker.container import Container, Follow
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.projections.model.bounded_feed import FeedUpTo
from tracker.projections.model.projector import Projector
from tracker.projections.transparency_log import TransparencyLogProjection


def check_all(it: Container, list_to: Path | None = None) -> str:
    """Check everything; give the last checkpoint that was found right, empty where there is none.

    Lost keys are listed, in full in the file `list_to`, and all else is checked before they fail
    the check. Raise `CheckFailedError`.
    """
    for epoch in it.epochs.all():
        say(f"restores: {epoch}")
    verifier = check_events(it)
    say(f"events: {verifier.events} of {verifier.dossiers} dossiers, all in order")
    lost = check_keys(it, verifier.wrong_keys(), list_to)
    signed = check_log(it)
    wrong = [
        name
        for name in it.follows
        if name != TransparencyLogProjection.NAME and not _is_equal(it, name)
    ]
    if wrong:
        message = (
            f"{', '.join(wrong)}: the read model is not what the events say."
            " 'tracker rebuild --replace' makes it anew."
        )
        raise CheckFailedError(message)
    if lost:
        raise CheckFailedError(lost)
    return signed


def check_since(it: Container, file: Path, list_to: Path | None = None) -> tuple[int, str]:
    """Check what came after the checkpoint in the file, and say what was not looked at.

    Return the position of the last event before, and the last checkpoint that was found right.
    Raise what `begun_at` does.
    """
    kept, begun = begun_at(it, file)
    after = begun.position
    verifier = check_events(it, after=after)
    say(
        f"events: {verifier.events} since then, of {verifier.dossiers} dossiers, all in order,"
        f" and so are the {verifier.before} before of the same dossiers"
    )
    lost = check_keys(it, verifier.wrong_keys(), list_to)
    signed = check_log(it, begun) or str(kept)
    say_what_was_left(begun.size - verifier.before)
    if lost:
        raise CheckFailedError(lost)
    return after, signed


def check_events(it: Container, *, after: int = 0) -> StoreVerifier:
    """Check the events of the store. Raise `CheckFailedError`."""
    verifier = StoreVerifier(it.scan, after=after)
    with progress("Events", verifier.head - after) as step:
        damage = verifier.first_damage(step)
    if damage:
        message = f"The event store is damaged at {damage}"
        raise CheckFailedError(message)
    return verifier


def log_verifier(it: Container, begun: Begun | None = None) -> LogVerifier:
    """Return what checks the log against the store, and against all that was signed or published."""
    size = begun.size if begun else -1
    lost = it.lost_checkpoints.texts()
    published = sorted(one for one in _published(it) if one[0] > size and one[1] not in lost)
    signed = (one for one, _ in groupby(merge(it.log.checkpoints.after(size), published)))
    return LogVerifier(it.log.leaves, it.scan, signed, it.log.notary.check, begun)


def check_log(it: Container, begun: Begun | None = None) -> str:
    """Check the log; return the last checkpoint that was found right. Raise `CheckFailedError`."""
    before = begun.size if begun else 0
    verifier = log_verifier(it, begun)
    with progress("Log", verifier.size - before) as step:
        damage = verifier.first_damage(step)
    if damage:
        message = f"The log tells of damage at {damage}"
        raise CheckFailedError(message)
    say(
        f"log: {verifier.size - before} leaves, {verifier.checkpoints} signed checkpoints,"
        f" all in order (root {verifier.root.hex()[:16]})"
    )
    return verifier.last_signed


def _published(it: Container) -> Iterator[tuple[int, str]]:
    """Return the last checkpoint of each place outside the database that answers."""
    for place in it.log.publishers:
        try:
            last = place.last()
        except SilentPublisherError as error:
            note(f"The published checkpoints were not looked at: {error}")
        else:
            if last:
                yield Checkpoint.parse(last.text).size, str(last)


def _is_equal(it: Container, name: str) -> bool:
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
    it: Container, follow: Follow, positions: Mapping[str, int], step: Step
) -> tuple[dict[str, int], str]:
    feed = FeedUpTo(follow.feed, positions)
    with it.scratch(follow) as scratch:
        projector = Projector(follow.projection, feed, scratch)
        for partition in positions:
            while taken := projector.run_once(partition):
                step(taken)
        return scratch.standing(positions)
