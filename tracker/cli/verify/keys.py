"""`tracker verify`: report lost keys, and which losses a decision accepts."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tracker.application.audit.verify_store import Damage, StoreDamageKind
from tracker.application.recovery.key_loss import LostKey
from tracker.cli.terminal.console import say
from tracker.container import Container

_MOST_SHOWN = 20


def check_keys(container: Container, wrong: Sequence[Damage], list_to: Path | None = None) -> str:
    """Print the keys that are lost or left. Return why the check fails, or an empty text.

    An accepted loss is printed every time, but does not fail the check.
    """
    accepted = {loss.code: loss for loss in container.lost_keys.all()}
    lost = [damage for damage in wrong if damage.kind is StoreDamageKind.KEY_MISSING]
    left = [damage for damage in wrong if damage.kind is not StoreDamageKind.KEY_MISSING]
    known = [damage for damage in lost if damage.code in accepted]
    new = [damage for damage in lost if damage.code not in accepted]
    _say_accepted([accepted[damage.code] for damage in known])
    _say_some("lost, and no decision accepts it", new)
    _say_some("left, though the person was erased", left)
    if list_to:
        lines = [
            f"{damage.code}\t{damage.kind}\t{_decision(accepted.get(damage.code))}"
            for damage in wrong
        ]
        list_to.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        say(f"keys: all {len(lines)} are in {list_to}")
    faults = []
    if new:
        faults.append(
            f"The keys of {len(new)} dossiers are lost. Put back a newer backup of the keys, or"
            " record the decision with 'tracker lost-keys accept'."
        )
    if left:
        faults.append(
            f"The keys of {len(left)} erased dossiers are there again. Destroy them with"
            " 'tracker lost-keys destroy-left'."
        )
    return " ".join(faults)


def _say_accepted(known: Sequence[LostKey]) -> None:
    decisions = Counter(
        (loss.decided_at.isoformat(timespec="seconds"), loss.by, loss.decision) for loss in known
    )
    for (decided_at, by, decision), count in sorted(decisions.items()):
        say(f"keys: {count} lost, accepted by {by} at {decided_at}: {decision}")


def _say_some(what: str, wrong: Sequence[Damage]) -> None:
    for damage in wrong[:_MOST_SHOWN]:
        say(f"keys: {damage.code}: {what}")
    if len(wrong) > _MOST_SHOWN:
        say(f"keys: and {len(wrong) - _MOST_SHOWN} more, {len(wrong)} in all ('--list FILE')")


def _decision(lost: LostKey | None) -> str:
    return f"accepted by {lost.by}: {lost.decision}" if lost else ""
