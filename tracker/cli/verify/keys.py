"""`tracker verify`: which dossiers lost their keys, and which losses a decision accepts."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tracker.application.audit.verify_store import Damage, StoreDamageKind
from tracker.application.recovery.key_loss import LostKey
from tracker.cli.terminal.console import say
from tracker.container import Container

_MOST_SHOWN = 20


def check_keys(it: Container, wrong: Sequence[Damage], list_to: Path | None = None) -> str:
    """Name the keys that are lost or left; return why the check fails, empty where it does not.

    A loss that was accepted is named each time and does not fail the check.
    """
    accepted = {one.code: one for one in it.lost_keys.all()}
    lost = [one for one in wrong if one.kind is StoreDamageKind.KEY_MISSING]
    left = [one for one in wrong if one.kind is not StoreDamageKind.KEY_MISSING]
    known = [one for one in lost if one.code in accepted]
    new = [one for one in lost if one.code not in accepted]
    _say_accepted([accepted[one.code] for one in known])
    _say_some("lost, and no decision accepts it", new)
    _say_some("left, though the person was erased", left)
    if list_to:
        lines = [f"{one.code}\t{one.kind}\t{_decision(accepted.get(one.code))}" for one in wrong]
        list_to.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        say(f"keys: all {len(lines)} are in {list_to}")
    faults = []
    if new:
        faults.append(
            f"The keys of {len(new)} dossiers are lost. Put a newer backup of the keys back, or"
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
        (one.decided_at.isoformat(timespec="seconds"), one.by, one.decision) for one in known
    )
    for (decided_at, by, decision), count in sorted(decisions.items()):
        say(f"keys: {count} lost, accepted by {by} at {decided_at}: {decision}")


def _say_some(what: str, wrong: Sequence[Damage]) -> None:
    for one in wrong[:_MOST_SHOWN]:
        say(f"keys: {one.code}: {what}")
    if len(wrong) > _MOST_SHOWN:
        say(f"keys: and {len(wrong) - _MOST_SHOWN} more, {len(wrong)} in all ('--list FILE')")


def _decision(lost: LostKey | None) -> str:
    return f"accepted by {lost.by}: {lost.decision}" if lost else ""
