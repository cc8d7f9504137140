"""A form as it is shown: its boxes, what stands in them, and what does not fit."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from pydantic import BaseModel

from tracker.adapters.http.desk.form_errors import Faults
from tracker.adapters.http.desk.form_fields import FormField, fields_of
from tracker.adapters.http.desk.form_parsing import rows_in
from tracker.domain.deadlines.wording import Language

EVENT_ID = "event_id"
IF_VERSION = "if_version"
_NEVER_TYPED = (EVENT_ID, "step", "code")
_SPARE_ROWS = 3


@dataclass(frozen=True)
class Offer:
    """One thing to choose, and what it is called."""

    value: str
    names: Mapping[Language, str]


@dataclass(frozen=True)
class Form:
    """A form. `name` tells it from others on the page, `event_id` from the same one shown again.

    `starts_at` names the box to begin at, where nothing is at fault.
    """

    name: str
    boxes: Sequence[FormField]
    typed: Mapping[str, str] = field(default_factory=dict)
    faults: Faults = field(default_factory=dict)
    offers: Mapping[str, Sequence[Offer]] = field(default_factory=dict)
    starts_at: str = ""
    event_id: str = field(default_factory=lambda: f"desk-{secrets.token_urlsafe(12)}")

    def id_of(self, box_name: str) -> str:
        """Return the id that this box has on the page."""
        return f"{self.name}-{box_name}".replace(".", "-")

    def plain(self, box_name: str) -> str:
        """Return the name of a box without the number of its row: all rows are called the same."""
        return ".".join(part for part in box_name.split(".") if not part.isdecimal())

    def text_in(self, box: FormField) -> str:
        """Return what stands in this box."""
        return self.typed.get(box.name, box.default)

    def is_ticked(self, box: FormField, choice: str) -> bool:
        """Return whether this choice of several is made."""
        return box.of_choice(choice) in self.typed

    def begins_at(self) -> str:
        """Name the box to begin at: the first at fault, if any."""
        return next(filter(None, self.faults), self.starts_at)

    def rows_of(self, box: FormField) -> list[tuple[FormField, ...]]:
        """Return the rows of this box, some spare ones at the end."""
        rows = rows_in(box, self.typed) + _SPARE_ROWS
        return [box.of_row(number) for number in range(min(rows, box.most or rows))]


@cache
def fields_for(message: type[BaseModel], *without: str) -> tuple[FormField, ...]:
    """Return the boxes a clerk fills for this message; when it happened comes last, and may wait."""
    boxes = fields_of(message, *_NEVER_TYPED, *without)
    when = [replace(box, required=False) for box in boxes if box.name == "occurred_at"]
    return (*(box for box in boxes if box.name != "occurred_at"), *when)


def offers_of(things: Iterable[tuple[str, str, str]]) -> list[Offer]:
    """Offer things by their value, Vietnamese and English name."""
    return [Offer(value, {"vi": vi, "en": en}) for value, vi, en in things]
