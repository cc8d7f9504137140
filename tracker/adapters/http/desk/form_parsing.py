"""Converts form input to the JSON of a command, and finds the field of a validation error."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import count, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from tracker.adapters.http.desk.form_fields import FieldKind, FormField

_GROUPED = re.compile(r"\d{1,3}([ .,]\d{3})+", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


def parsed_form(
    fields: Iterable[FormField], typed: Mapping[str, str], zone: ZoneInfo
) -> dict[str, Any]:
    """Return the form input as the JSON of the command, without empty fields.

    Times are in this zone. Input that cannot be parsed is kept as text, so that the validation
    of the command rejects it.
    """
    raw: dict[str, Any] = {}
    for field in fields:
        value: object = None
        if field.kind is FieldKind.ROWS:
            value = [_row(field, number, typed, zone) for number in range(rows_in(field, typed))]
        elif field.kind is FieldKind.SEVERAL:
            value = _ticked(field, typed)
        elif text := typed.get(field.name, "").strip():
            value = _read(field, text, zone)
        if value not in (None, []):
            _put(raw, field.name.split("."), value)
    return raw


def rows_in(field: FormField, typed: Mapping[str, str]) -> int:
    """Return the number of rows that were sent."""
    first = field.row[0].name
    return sum(1 for _ in takewhile(lambda n: f"{field.name}.{n}.{first}" in typed, count()))


def joined_rows(fields: Iterable[FormField], typed: Mapping[str, str]) -> dict[str, str]:
    """Return the form input without the rows that are empty or have quantity 0."""
    joined = dict(typed)
    for field in fields:
        if field.kind is not FieldKind.ROWS:
            continue
        rows = [
            {cell.name: joined.pop(f"{field.name}.{number}.{cell.name}", "") for cell in field.row}
            for number in range(rows_in(field, typed))
        ]
        needed = [cell.name for cell in field.row if cell.required]
        counted = [cell.name for cell in field.row if cell.kind is FieldKind.NUMBER and cell.low]
        kept = [
            row
            for row in rows
            if any(row[name].strip() for name in needed)
            and all(row[name].strip() != "0" for name in counted)
        ]
        for number, row in enumerate(kept):
            joined |= {f"{field.name}.{number}.{name}": text for name, text in row.items()}
    return joined


def field_at(place: Iterable[str | int], fields: Iterable[FormField]) -> str:
    """Return the name of the field for this path of the command, or an empty text."""
    name, fields = ".".join(str(part) for part in place), tuple(fields)
    for field in fields:
        if f"{name}.".startswith(f"{field.name}."):
            return name if field.kind is FieldKind.ROWS else field.name
    return next((field.name for field in fields if name and field.name.startswith(f"{name}.")), "")


def _ticked(field: FormField, typed: Mapping[str, str]) -> list[str]:
    place = field.of_choice("")
    return [name.removeprefix(place) for name in typed if name.startswith(place)]


def _row(field: FormField, number: int, typed: Mapping[str, str], zone: ZoneInfo) -> dict[str, Any]:
    place = f"{field.name}.{number}."
    row = {cell.name: typed.get(place + cell.name, "") for cell in field.row}
    return parsed_form(field.row, row, zone)


def _read(field: FormField, text: str, zone: ZoneInfo) -> object:
    if field.kind is FieldKind.NUMBER:
        digits = re.sub(r"[ .,]", "", text) if _GROUPED.fullmatch(text) else text
        return int(digits) if _NUMBER.fullmatch(digits) else text
    if field.kind is FieldKind.MOMENT:
        with suppress(ValueError):
            return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
    return text


def nested(text: str, zone: ZoneInfo) -> str:
    """Return a local time such as `20/11/2026 09:10` in ISO 8601; return other text unchanged."""
    try:
        return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=zone).isoformat()
    except ValueError:
        return text


def _put(raw: dict[str, Any], place: list[str], value: object) -> None:
    *above, last = place
    for part in above:
        raw = raw.setdefault(part, {})
    raw[last] = value
