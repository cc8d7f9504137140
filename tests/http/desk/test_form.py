from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import pytest
from fastapi import Request
from pydantic import BaseModel, Field, ValidationError

from tests.http.site import Site
from tracker.adapters.http.desk.form import Form, fields_for
from tracker.adapters.http.desk.form_errors import (
    BOXES,
    KINDS,
    MOMENT,
    NONE_TICKED,
    OTHERWISE,
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


def test_the_boxes_of_a_message_nobody_has_seen_before_are_read_off_it() -> None:
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


def test_what_was_typed_becomes_the_message() -> None:
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
    ("typed", "read"),
    [("7", 7), ("150.000", 150_000), ("1 500 000", 1_500_000), ("1.5", "1.5"), ("x", "x")],
)
def test_a_number_is_read_as_people_write_it(typed: str, read: object) -> None:
    assert parsed_form(
        [FormField("amount", FieldKind.NUMBER, required=True)], {"amount": typed}, HANOI
    ) == {"amount": read}


def test_rows_left_empty_or_of_which_there_is_none_do_not_count() -> None:
    boxes = fields_of(Whole, "step")
    rows = [("a", "1"), ("", "1"), ("b", "0"), (" ", ""), ("c", "3")]
    typed = {"title": "t"}
    for number, (name, count) in enumerate(rows):
        typed |= {f"parts.{number}.name": name, f"parts.{number}.count": count}
    assert joined_rows(boxes, typed) == {
        "title": "t",
        "parts.0.name": "a",
        "parts.0.count": "1",
        "parts.1.name": "c",
        "parts.1.count": "3",
    }


def test_a_form_has_rows_to_spare_up_to_the_limit() -> None:
    (parts,) = (box for box in fields_of(Whole) if box.name == "parts")
    assert len(Form("f", [parts]).rows_of(parts)) == 3
    typed = {"parts.0.name": "a", "parts.1.name": "b", "parts.2.name": "c"}
    rows = Form("f", [parts], typed).rows_of(parts)
    assert [row[0].name for row in rows] == [f"parts.{number}.name" for number in range(4)]


@pytest.mark.parametrize(
    ("place", "box"),
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
def test_a_fault_finds_its_box(place: tuple[str | int, ...], box: str) -> None:
    assert field_at(place, fields_of(Whole)) == box


def test_a_time_is_read_as_people_write_it() -> None:
    assert nested("20/11/2026 09:10", HANOI) == "2026-11-20T09:10:00+07:00"
    assert nested("2026-11-20T09:10:00+07:00", HANOI) == "2026-11-20T09:10:00+07:00"


WHERE_RULES_ARE = ("tracker.domain", "tracker.application")
MODELS = [Intake, *COMMANDS.values()]


def faults_of(model: type[BaseModel], typed: dict[str, str]) -> dict[str, FormError]:
    boxes = fields_for(model)
    raw = parsed_form(boxes, typed, HANOI)
    if "step" in model.model_fields and model is not Intake:
        raw["step"] = next(step for step, one in COMMANDS.items() if one is model)
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"event_id": "e", "occurred_at": "2026-11-20T09:10:00Z", **raw})
    return dict(errors_in(caught.value, boxes))


def spoilt(box: FormField) -> str:
    if box.kind is FieldKind.CHOICE:
        return "planted"
    if box.kind is FieldKind.NUMBER:
        return "planted"
    if box.kind is FieldKind.MOMENT:
        return "planted"
    return "planted" + "\x01" * 3000


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_whatever_is_spoilt_is_told_beside_its_box_and_never_repeated(
    model: type[BaseModel],
) -> None:
    for box in fields_for(model):
        for one in box.of_row(0) or (box,):
            is_several = one.kind is FieldKind.SEVERAL
            typed = {one.of_choice("planted") if is_several else one.name: spoilt(one)}
            if one.name != (first := (box.of_row(0) or (box,))[0].name):
                typed[first] = "x"
            faults = faults_of(model, typed)
            assert one.name in faults, (one.name, faults)
            assert faults[one.name].name != OTHERWISE, one.name
            assert "planted" not in repr(faults)


def test_what_is_missing_is_told_beside_its_box() -> None:
    assert set(faults_of(Intake, {})) == {"procedure", "applicant.name"}
    assert faults_of(COMMANDS[Step.FEE_PAID], {"amount": "-1"}) == {
        "amount": FormError("int_type"),
        "reference": FormError("missing"),
    }
    assert faults_of(COMMANDS[Step.RATED], {"score": "6"}) == {
        "score": FormError("less_than_equal", {"le": 5})
    }


def test_where_none_of_several_is_ticked_it_is_told_so() -> None:
    assert faults_of(COMMANDS[Step.NOTICES_AGREED], {}) == {"channels": FormError(NONE_TICKED)}


def test_a_wrong_correction_is_told_of_the_whole_form() -> None:
    typed = {"corrects": "1", "what": "helped_at"}
    assert faults_of(COMMANDS[Step.CORRECTED], typed) == {"": FormError("value")}


def every_kind_of(kind: type[TrackerError]) -> set[type[TrackerError]]:
    return {kind}.union(*(every_kind_of(one) for one in kind.__subclasses__()))


def test_every_refusal_has_words() -> None:
    for kind in every_kind_of(TrackerError) - {TrackerError}:
        error = kind.__new__(kind)
        (saying,) = errors_from(error).values()
        if kind.__module__.startswith(WHERE_RULES_ARE) and kind.__mro__[1] is not TrackerError:
            assert saying.name != OTHERWISE, kind


def test_a_refusal_stands_beside_the_box_it_is_about() -> None:
    for kind, places in REFUSALS.items():
        for place in places:
            box = FormField(place, FieldKind.LINE, required=True)
            assert errors_from(kind.__new__(kind), [box]) == {place: FormError(kind.__name__)}
        assert errors_from(kind.__new__(kind)) == {"": FormError(kind.__name__)}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_everything_there_is_to_say_can_be_said(site: Site, language: str) -> None:
    names = [*KINDS, *BOXES, MOMENT, NONE_TICKED, OTHERWISE, *(kind.__name__ for kind in REFUSALS)]
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
def test_every_box_step_and_choice_has_a_name(language: str) -> None:
    words: Any = (
        Pages(HANOI)
        ._environments["vi" if language == "vi" else "en"]
        .get_template("desk/words.html")
        .module
    )
    for step, message in COMMANDS.items():
        assert words.TO_DO[step]
        for box in fields_for(message):
            assert box.name in words.BOXES
            assert all(choice in words.CHOICES for choice in box.choices)
            assert all(f"{box.name}.{one.name}" in words.BOXES for one in box.row)
    for step in Step:
        assert words.HAPPENED[step]
