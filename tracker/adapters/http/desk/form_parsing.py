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
    boxes: Iterable[FormField], typed: Mapping[str, str], zone: ZoneInfo
) -> dict[str, Any]:
    """Return the form input as the JSON of the command, without empty fields.

    Times are in this zone. Input that cannot be parsed is kept as text, so that the validation
    of the command rejects it.
    """
    raw: dict[str, Any] = {}
    for box in boxes:
        value: object = None
        if box.kind is FieldKind.ROWS:
            value = [_row(box, number, typed, zone) for number in range(rows_in(box, typed))]
        elif box.kind is FieldKind.SEVERAL:
            value = _ticked(box, typed)
        elif text := typed.get(box.name, "").strip():
            value = _read(box, text, zone)
        if value not in (None, []):
            _put(raw, box.name.split("."), value)
    return raw


def rows_in(box: FormField, typed: Mapping[str, str]) -> int:
    """Return the number of rows that were sent."""
    first = box.row[0].name
    return sum(1 for _ in takewhile(lambda n: f"{box.name}.{n}.{first}" in typed, count()))


def joined_rows(boxes: Iterable[FormField], typed: Mapping[str, str]) -> dict[str, str]:
    """Return the form input without the rows that are empty or have quantity 0."""
    joined = dict(typed)
    for box in boxes:
        if box.kind is not FieldKind.ROWS:
            continue
        rows = [
            {cell.name: joined.pop(f"{box.name}.{number}.{cell.name}", "") for cell in box.row}
            for number in range(rows_in(box, typed))
        ]
        needed = [cell.name for cell in box.row if cell.required]
        counted = [cell.name for cell in box.row if cell.kind is FieldKind.NUMBER and cell.low]
        kept = [
            row
            for row in rows
            if any(row[name].strip() for name in needed)
            and all(row[name].strip() != "0" for name in counted)
        ]
        for number, row in enumerate(kept):
            joined |= {f"{box.name}.{number}.{name}": text for name, text in row.items()}
    return joined


def field_at(place: Iterable[str | int], boxes: Iterable[FormField]) -> str:
    """Return the name of the field for this path of the command, or an empty text."""
    name, boxes = ".".join(str(part) for part in place), tuple(boxes)
    for box in boxes:
        if f"{name}.".startswith(f"{box.name}."):
            return name if box.kind is FieldKind.ROWS else box.name
    return next((box.name for box in boxes if name and box.name.startswith(f"{name}.")), "")


def _ticked(box: FormField, typed: Mapping[str, str]) -> list[str]:
    place = box.of_choice("")
    return [name.removeprefix(place) for name in typed if name.startswith(place)]


def _row(box: FormField, number: int, typed: Mapping[str, str], zone: ZoneInfo) -> dict[str, Any]:
    place = f"{box.name}.{number}."
    row = {cell.name: typed.get(place + cell.name, "") for cell in box.row}
    return parsed_form(box.row, row, zone)


def _read(box: FormField, text: str, zone: ZoneInfo) -> object:
    if box.kind is FieldKind.NUMBER:
        digits = re.sub(r"[ .,]", "", text) if _GROUPED.fullmatch(text) else text
        return int(digits) if _NUMBER.fullmatch(digits) else text
    if box.kind is FieldKind.MOMENT:
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
