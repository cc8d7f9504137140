"""Describes invalid input without repeating it, for HTTP and for Kafka."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from pydantic import BaseModel, Field, TypeAdapter

from tracker.application.commands.registry import INTAKE, STEP
from tracker.application.commands.text_types import UNFIT
from tracker.domain.dossier.lifecycle import Step

_MOST = 20
_ELSEWHERE = frozenset({"query", "path", "header"})
_OURS = frozenset({"day", "size", "agency", "numbers", "digits", "proof"})
"""The fields of request bodies that are not commands."""

_A_DAY = "must be a day such as 2026-11-22"
_A_NUMBER = "must be a whole number"
_A_TIME = "must be a time with its zone, such as 2026-11-22T09:10:00+07:00"
_AN_OBJECT = "must be an object"
_ONE_OF = "must be one of {expected}"
_DETAILS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "string_type": "must be text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must fit the pattern {pattern}",
    "enum": _ONE_OF,
    "literal_error": _ONE_OF,
    "union_tag_not_found": "is missing",
    "union_tag_invalid": "must be one of {expected_tags}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "too_short": "must hold at least {min_length}",
    "too_long": "must hold at most {max_length}",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": _AN_OBJECT,
    "model_type": _AN_OBJECT,
    "model_attributes_type": _AN_OBJECT,
    "int_type": _A_NUMBER,
    "int_parsing": _A_NUMBER,
    "int_parsing_size": _A_NUMBER,
    "int_from_float": _A_NUMBER,
    "finite_number": _A_NUMBER,
}
_LIMITS = ("min_length", "max_length", "pattern", "ge", "le", "expected", "expected_tags")
"""The values that a detail may contain: limits of our own schema, never the input."""


class Fault(BaseModel):
    """One fault of an input, as in RFC 9457."""

    pointer: str = Field(
        description="A JSON pointer into the body, or #/query, #/path or #/header and a name."
        " A field that is not known is shown as *."
    )
    detail: str = Field(description="What is wrong.")


def faults_of(errors: Iterable[Mapping[str, Any]]) -> list[Fault]:
    """Return the first 20 of pydantic's `errors` as faults that do not repeat the input."""
    return [
        Fault(pointer=_pointer(error), detail=_detail(error)) for error in islice(errors, _MOST)
    ]


def _detail(error: Mapping[str, Any]) -> str:
    kind = str(error["type"])
    if kind == UNFIT:
        return str(error["msg"])
    if kind.startswith("datetime_") or kind == "timezone_aware":
        return _A_TIME
    if kind.startswith("date_"):
        return _A_DAY
    context = error.get("ctx") or {}
    limits = {name: context.get(name, "") for name in _LIMITS}
    return _DETAILS.get(kind, "does not fit").format(**limits)


def _pointer(error: Mapping[str, Any]) -> str:
    place: list[str | int] = list(error["loc"])
    if place and place[0] in _ELSEWHERE:
        return "#/" + "/".join(str(part) for part in place[:2])
    kind = error["type"]
    if place and place[0] in _TAGS and (len(place) > 1 or kind != "extra_forbidden"):
        place = place[1:]
    if kind in {"union_tag_not_found", "union_tag_invalid"}:
        place.append("step")
    return "#" + "".join(
        f"/{part}" if isinstance(part, int) or part in _NAMES else "/*" for part in place
    )


def _names(schema: object) -> set[str]:
    names: set[str] = set()
    if isinstance(schema, dict):
        names |= set(schema.get("properties", ()))
        names = names.union(*(_names(part) for part in schema.values()))
    elif isinstance(schema, list):
        names = names.union(*(_names(part) for part in schema))
    return names


_TAGS = frozenset(step.value for step in Step)
_ADAPTERS: tuple[TypeAdapter[Any], ...] = (INTAKE, STEP)
_NAMES = _OURS.union(*(_names(adapter.json_schema()) for adapter in _ADAPTERS))
