"""Every step is known in every place. A new step turns one test red for each place it misses.

`CONTRIBUTING.md` has the recipe for a new event. Each place below is named as the file to change.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from tracker.application.commands.registry import COMMANDS
from tracker.application.queries.citizen_view import HIDDEN, SHOWN
from tracker.domain.dossier.actors import MAY
from tracker.domain.dossier.events.registry import EVENTS
from tracker.domain.dossier.lifecycle import STEPS, Progress, Stage, Step
from tracker.domain.notifications.notifications import KINDS, NOT_NOTIFIED

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "tracker" / "adapters" / "http" / "pages" / "templates"
GOLDEN = json.loads(
    (ROOT / "tests" / "domain" / "dossier" / "stored_events.json").read_text("utf-8")
)
NOT_SENT = frozenset({Step.SUBMITTED, Step.RECEIVED, Step.PERSONAL_DATA_ERASED})
"""Steps without a command of their own: intake has one for both, erasing is a use case."""


def words(template: str, table: str) -> frozenset[str]:
    """The steps that a table of words in a template names."""
    text = (TEMPLATES / template).read_text("utf-8")
    start = text.index(table)
    return frozenset(re.findall(r'"(\w+)": _\(', text[start : text.index("}", start)]))


CITIZEN_WORDS = words("timeline.html", "{{ {\n") | frozenset(
    re.findall(r'event\.step == "(\w+)"', (TEMPLATES / "timeline.html").read_text("utf-8"))
)
DESK_DONE = words("desk/words.html", "HAPPENED")
DESK_TO_DO = words("desk/words.html", "TO_DO")
STORED = {EVENTS[topic].step for topic in GOLDEN["events"]}

PLACES: dict[str, Callable[[Step], bool]] = {
    "domain/dossier/lifecycle.py: STEPS": lambda step: step in STEPS,
    "domain/dossier/events/registry.py: EVENTS": lambda step: (
        step in {event.step for event in EVENTS.values()}
    ),
    "domain/dossier/actors.py: MAY": lambda step: any(step in may for may in MAY.values()),
    "domain/notifications/notifications.py: KINDS or NOT_NOTIFIED": lambda step: (
        (step in KINDS) != (step in NOT_NOTIFIED)
    ),
    "application/commands/registry.py: COMMANDS": lambda step: (
        (step in COMMANDS) != (step in NOT_SENT)
    ),
    "application/queries/citizen_view.py: SHOWN or HIDDEN": lambda step: (
        (step in SHOWN) != (step in HIDDEN)
    ),
    "pages/templates/timeline.html": lambda step: step in HIDDEN or step.value in CITIZEN_WORDS,
    "pages/templates/desk/words.html: HAPPENED": lambda step: step.value in DESK_DONE,
    "pages/templates/desk/words.html: TO_DO": lambda step: (
        step in NOT_SENT or step.value in DESK_TO_DO
    ),
    "tests/domain/dossier/stored_events.json": lambda step: step in STORED,
}


@pytest.mark.parametrize("place", PLACES)
def test_every_step_is_known_there(place: str) -> None:
    missing = [step.value for step in Step if not PLACES[place](step)]
    assert missing == [], f"not in {place}"


def test_a_step_without_a_row_follows_nothing_and_changes_nothing() -> None:
    later = cast("Step", "inspected")
    standing = Progress(Stage.RECEIVED)
    assert not standing.allows(later)
    assert standing.after(later).stage is Stage.RECEIVED
