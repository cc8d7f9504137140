"""A form as shown on a page: its fields, their values and their errors."""

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
    """One choice of a list, with its name in each language."""

    value: str
    names: Mapping[Language, str]


@dataclass(frozen=True)
class Form:
    """A form. `name` is unique on the page; `event_id` is unique for each time the form is shown.

    `starts_at` names the field that gets the focus if there is no error.
    """

    name: str
    fields: Sequence[FormField]
    typed: Mapping[str, str] = field(default_factory=dict)
    faults: Faults = field(default_factory=dict)
    offers: Mapping[str, Sequence[Offer]] = field(default_factory=dict)
    starts_at: str = ""
    event_id: str = field(default_factory=lambda: f"desk-{secrets.token_urlsafe(12)}")

    def id_of(self, field_name: str) -> str:
        """Return the HTML id of this field."""
        return f"{self.name}-{field_name}".replace(".", "-")

    def plain(self, field_name: str) -> str:
        """Return the name of a field without its row number."""
        return ".".join(part for part in field_name.split(".") if not part.isdecimal())

    def text_in(self, field: FormField) -> str:
        """Return the value of this field."""
        return self.typed.get(field.name, field.default)

    def is_ticked(self, field: FormField, choice: str) -> bool:
        """Return whether this choice is ticked."""
        return field.of_choice(choice) in self.typed

    def begins_at(self) -> str:
        """Return the name of the field that gets the focus: the first with an error, if any."""
        return next(filter(None, self.faults), self.starts_at)

    def rows_of(self, field: FormField) -> list[tuple[FormField, ...]]:
        """Return the rows of this field, with a few empty rows at the end."""
        rows = rows_in(field, self.typed) + _SPARE_ROWS
        return [field.of_row(number) for number in range(min(rows, field.most or rows))]


@cache
def fields_for(command: type[BaseModel], *without: str) -> tuple[FormField, ...]:
    """Return the fields of this command for a clerk; `occurred_at` is last and optional."""
    fields = fields_of(command, *_NEVER_TYPED, *without)
    when = [replace(field, required=False) for field in fields if field.name == "occurred_at"]
    return (*(field for field in fields if field.name != "occurred_at"), *when)


def offers_of(choices: Iterable[tuple[str, str, str]]) -> list[Offer]:
    """Return choices from tuples of value, Vietnamese name and English name."""
    return [Offer(value, {"vi": vi, "en": en}) for value, vi, en in choices]
