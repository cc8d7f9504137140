from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import pytest
from fastapi import Request
from pydantic import BaseModel, Field, ValidationError

from tests.http.site import Site
from tracker.adapters.http.desk.form import Form, fields_for
from tracker.adapters.http.desk.form_errors import (
    KINDS,
    MOMENT,
    NONE_TICKED,
    OTHERWISE,
    OWN_FORMAT_FIELDS,
    REFUSALS,
    FormError,
    errors_from,
    errors_in,
)
from tracker.adapters.http.desk.form_fields import FieldKind, FormField, fields_of
from tracker.adapters.http.desk.form_parsing import field_at, joined_rows, nested, parsed_form
from tracker.adapters.http.pages.rendering import Pages
from tracker.application.commands.intake import Intake
from tracker.application.commands.registry import COMMANDS
from tracker.application.commands.text_types import Line, Moment, Text
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.errors import TrackerError

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


class Part(BaseModel):
    name: Line
    count: Annotated[int, Field(ge=1, le=9, strict=True)] = 1


class Taste(StrEnum):
    SWEET = "sweet"
    SOUR = "sour"


class Whole(BaseModel):
    step: Literal["never_seen_before"]
    title: Line
    story: Text | None = None
    amount: Annotated[int, Field(ge=0, strict=True)]
    at: Moment
    colour: Literal["red", "green"] = "green"
    part: Part | None = None
    tastes: frozenset[Taste] = frozenset()
    parts: Annotated[tuple[Part, ...], Field(max_length=4)] = ()


def test_the_fields_of_a_new_command_are_derived_from_its_model() -> None:
    name = FormField("name", FieldKind.LINE, required=True, most=200)
    count = FormField("count", FieldKind.NUMBER, required=False, low=1, high=9, default="1")
    assert fields_of(Whole, "step") == (
        FormField("title", FieldKind.LINE, required=True, most=200),
        FormField("story", FieldKind.TEXT, required=False, most=2000),
        FormField("amount", FieldKind.NUMBER, required=True, low=0),
        FormField("at", FieldKind.MOMENT, required=True),
        FormField(
            "colour", FieldKind.CHOICE, required=False, choices=("red", "green"), default="green"
        ),
        FormField("part.name", FieldKind.LINE, required=False, most=200),
        FormField("part.count", FieldKind.NUMBER, required=False, low=1, high=9, default="1"),
        FormField("tastes", FieldKind.SEVERAL, required=False, choices=("sweet", "sour")),
        FormField("parts", FieldKind.ROWS, required=False, most=4, row=(name, count)),
    )


def test_form_input_becomes_the_command() -> None:
    typed = {
        "title": " a ",
        "story": "\n",
        "amount": "1.500.000",
        "at": "2026-11-20T09:10",
        "tastes.sour": "on",
        "parts.0.name": "x",
        "parts.0.count": "2",
    }
    raw = parsed_form(fields_of(Whole, "step"), typed, HANOI)
    assert raw == {
        "title": "a",
        "amount": 1_500_000,
        "at": "2026-11-20T09:10:00+07:00",
        "tastes": ["sour"],
        "parts": [{"name": "x", "count": 2}],
    }


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [("7", 7), ("150.000", 150_000), ("1 500 000", 1_500_000), ("1.5", "1.5"), ("x", "x")],
)
def test_a_number_may_have_separators(typed: str, parsed: object) -> None:
    assert parsed_form(
        [FormField("amount", FieldKind.NUMBER, required=True)], {"amount": typed}, HANOI
    ) == {"amount": parsed}


def test_rows_that_are_empty_or_have_quantity_0_are_left_out() -> None:
    fields = fields_of(Whole, "step")
    rows = [("a", "1"), ("", "1"), ("b", "0"), (" ", ""), ("c", "3")]
    typed = {"title": "t"}
    for number, (name, count) in enumerate(rows):
        typed |= {f"parts.{number}.name": name, f"parts.{number}.count": count}
    assert joined_rows(fields, typed) == {
        "title": "t",
        "parts.0.name": "a",
        "parts.0.count": "1",
        "parts.1.name": "c",
        "parts.1.count": "3",
    }


def test_a_form_has_empty_rows_up_to_the_limit() -> None:
    (parts,) = (field for field in fields_of(Whole) if field.name == "parts")
    assert len(Form("f", [parts]).rows_of(parts)) == 3
    typed = {"parts.0.name": "a", "parts.1.name": "b", "parts.2.name": "c"}
    rows = Form("f", [parts], typed).rows_of(parts)
    assert [row[0].name for row in rows] == [f"parts.{number}.name" for number in range(4)]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (("title",), "title"),
        (("part", "name"), "part.name"),
        (("part",), "part.name"),
        (("tastes", 0), "tastes"),
        (("parts", 1, "name"), "parts.1.name"),
        (("parts",), "parts"),
        ((), ""),
        (("nothing",), ""),
    ],
)
def test_an_error_is_assigned_to_its_field(path: tuple[str | int, ...], field: str) -> None:
    assert field_at(path, fields_of(Whole)) == field


def test_a_time_may_be_in_vietnamese_notation() -> None:
    assert nested("20/11/2026 09:10", HANOI) == "2026-11-20T09:10:00+07:00"
    assert nested("2026-11-20T09:10:00+07:00", HANOI) == "2026-11-20T09:10:00+07:00"


RULE_PACKAGES = ("tracker.domain", "tracker.application")
MODELS = [Intake, *COMMANDS.values()]


def faults_of(model: type[BaseModel], typed: dict[str, str]) -> dict[str, FormError]:
    fields = fields_for(model)
    raw = parsed_form(fields, typed, HANOI)
    if "step" in model.model_fields and model is not Intake:
        raw["step"] = next(step for step, command in COMMANDS.items() if command is model)
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"event_id": "e", "occurred_at": "2026-11-20T09:10:00Z", **raw})
    return dict(errors_in(caught.value, fields))


def invalid_value_of(field: FormField) -> str:
    if field.kind is FieldKind.CHOICE:
        return "planted"
    if field.kind is FieldKind.NUMBER:
        return "planted"
    if field.kind is FieldKind.MOMENT:
        return "planted"
    return "planted" + "\x01" * 3000


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_invalid_value_is_shown_at_its_field_and_never_repeated(
    model: type[BaseModel],
) -> None:
    for field in fields_for(model):
        for cell in field.of_row(0) or (field,):
            is_several = cell.kind is FieldKind.SEVERAL
            typed = {cell.of_choice("planted") if is_several else cell.name: invalid_value_of(cell)}
            if cell.name != (first := (field.of_row(0) or (field,))[0].name):
                typed[first] = "x"
            faults = faults_of(model, typed)
            assert cell.name in faults, (cell.name, faults)
            assert faults[cell.name].name != OTHERWISE, cell.name
            assert "planted" not in repr(faults)


def test_a_missing_value_is_shown_at_its_field() -> None:
    assert set(faults_of(Intake, {})) == {"procedure", "applicant.name"}
    assert faults_of(COMMANDS[Step.FEE_PAID], {"amount": "-1"}) == {
        "amount": FormError("int_type"),
        "reference": FormError("missing"),
    }
    assert faults_of(COMMANDS[Step.RATED], {"score": "6"}) == {
        "score": FormError("less_than_equal", {"le": 5})
    }


def test_a_choice_without_a_tick_is_an_error() -> None:
    assert faults_of(COMMANDS[Step.NOTICES_AGREED], {}) == {"channels": FormError(NONE_TICKED)}


def test_a_wrong_correction_is_an_error_of_the_whole_form() -> None:
    typed = {"corrects": "1", "what": "helped_at"}
    assert faults_of(COMMANDS[Step.CORRECTED], typed) == {"": FormError("value")}


def every_kind_of(kind: type[TrackerError]) -> set[type[TrackerError]]:
    return {kind}.union(*(every_kind_of(subclass) for subclass in kind.__subclasses__()))


def test_every_refusal_has_a_text() -> None:
    for kind in every_kind_of(TrackerError) - {TrackerError}:
        error = kind.__new__(kind)
        (form_error,) = errors_from(error).values()
        if kind.__module__.startswith(RULE_PACKAGES) and kind.__mro__[1] is not TrackerError:
            assert form_error.name != OTHERWISE, kind


def test_a_refusal_is_shown_at_its_field() -> None:
    for kind, paths in REFUSALS.items():
        for path in paths:
            field = FormField(path, FieldKind.LINE, required=True)
            assert errors_from(kind.__new__(kind), [field]) == {path: FormError(kind.__name__)}
        assert errors_from(kind.__new__(kind)) == {"": FormError(kind.__name__)}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_error_has_a_text_in_both_languages(site: Site, language: str) -> None:
    names = [
        *KINDS,
        *OWN_FORMAT_FIELDS,
        MOMENT,
        NONE_TICKED,
        OTHERWISE,
        *(kind.__name__ for kind in REFUSALS),
    ]
    request = Request(
        {
            "type": "http",
            "path": "/",
            "headers": [],
            "query_string": f"lang={language}".encode(),
            "server": ("desk.test", 443),
            "scheme": "https",
        }
    )
    pages = Pages(HANOI)
    for name in (*names, "unknown_key", "too_often", "no_such_procedure"):
        fault: Any = FormError(name, {"max_length": 1, "ge": 1, "le": 1})
        pages.show(request, "desk/error.html", fault=fault)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_field_step_and_choice_has_a_name(language: str) -> None:
    words: Any = (
        Pages(HANOI)
        ._environments["vi" if language == "vi" else "en"]
        .get_template("desk/words.html")
        .module
    )
    for step, command in COMMANDS.items():
        assert words.TO_DO[step]
        for field in fields_for(command):
            assert field.name in words.FIELDS
            assert all(choice in words.CHOICES for choice in field.choices)
            assert all(f"{field.name}.{cell.name}" in words.FIELDS for cell in field.row)
    for step in Step:
        assert words.HAPPENED[step]
