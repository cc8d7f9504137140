"""The fields of a form, derived from its command: a new command needs no new form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

_A_LINE = 200
"""A text that may be longer than this gets a field with several lines."""


class FieldKind(StrEnum):
    """The kind of input that a field takes."""

    LINE = "line"
    TEXT = "text"
    NUMBER = "number"
    MOMENT = "moment"
    CHOICE = "choice"
    SEVERAL = "several"
    ROWS = "rows"


@dataclass(frozen=True)
class FormField:
    """One field. `name` is its path in the command, with dots; `row` has the fields of one row.

    If several choices are possible, each choice is a checkbox with its own name.
    """

    name: str
    kind: FieldKind
    required: bool
    most: int | None = None
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    default: str = ""
    row: tuple["FormField", ...] = ()

    def of_choice(self, choice: str) -> str:
        """Return the name of the checkbox of this choice."""
        return f"{self.name}.{choice}"

    def of_row(self, number: int) -> tuple["FormField", ...]:
        """Return the fields of this row; all of them are optional."""
        return tuple(
            replace(field, name=f"{self.name}.{number}.{field.name}", required=False)
            for field in self.row
        )


def fields_of(model: type[BaseModel], *without: str) -> tuple[FormField, ...]:
    """Return the fields of a command, except those with these names."""
    schema = model.model_json_schema()
    return tuple(_fields(schema, schema.get("$defs", {}), without))


def _fields(
    schema: Mapping[str, Any], defs: Mapping[str, Any], without: tuple[str, ...] = ()
) -> Iterator[FormField]:
    needed = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        if name not in without:
            yield from _fields_at(name, part, defs, required=name in needed)


def _fields_at(
    name: str, schema: Mapping[str, Any], defs: Mapping[str, Any], *, required: bool
) -> Iterator[FormField]:
    default = schema.get("default")
    bare = next((part for part in schema.get("anyOf", ()) if part.get("type") != "null"), schema)
    bare = defs[bare["$ref"].rsplit("/", 1)[-1]] if "$ref" in bare else bare
    if bare.get("type") == "object":
        for field in _fields(bare, defs):
            yield replace(field, name=f"{name}.{field.name}", required=required and field.required)
    elif bare.get("type") == "array":
        item = defs[bare["items"]["$ref"].rsplit("/", 1)[-1]]
        if "enum" in item:
            yield FormField(name, FieldKind.SEVERAL, required, choices=tuple(item["enum"]))
        else:
            row = tuple(_fields(item, defs))
            yield FormField(name, FieldKind.ROWS, required, bare.get("maxItems"), row=row)
    else:
        yield FormField(
            name,
            _kind(bare),
            required,
            bare.get("maxLength"),
            bare.get("minimum"),
            bare.get("maximum"),
            tuple(bare.get("enum", ())),
            "" if default is None else str(default),
        )


def _kind(schema: Mapping[str, Any]) -> FieldKind:
    if "enum" in schema:
        return FieldKind.CHOICE
    if schema.get("type") == "integer":
        return FieldKind.NUMBER
    if schema.get("format") == "date-time":
        return FieldKind.MOMENT
    return FieldKind.TEXT if schema.get("maxLength", 0) > _A_LINE else FieldKind.LINE
