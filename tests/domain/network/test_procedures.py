"""The catalogue: which version is in force, and which procedures agents may receive."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.deadlines.time_rules import ProcessingTime, TimeRule, TimeUnit
from tracker.domain.errors import RefusedError, UnknownError
from tracker.domain.network.procedures import (
    AgentOpening,
    Catalogue,
    Level,
    ProcedureNotInForceError,
    ProcedureVersion,
    UnknownProcedureError,
)

CHANGE = date(2025, 7, 1)
END = date(2025, 12, 31)
OPENED, CLOSED = date(2025, 4, 30), date(2025, 8, 1)


def version(number: int, valid_from: date, valid_to: date | None, code: str) -> ProcedureVersion:
    return ProcedureVersion(
        code=code,
        version=number,
        valid_from=valid_from,
        valid_to=valid_to,
        name="Đăng ký kết hôn",
        name_en="Registration of marriage",
        level=Level.COMMUNE,
        decided_by="UBND-LONGBIEN",
        rule=TimeRule(ProcessingTime(5 - number, TimeUnit.WORKING_DAYS)),
        fee=0,
        papers=(),
        sensitive=False,
        legal_basis="Luật Hộ tịch 2014",
    )


OLD = version(1, date(2025, 1, 1), CHANGE - timedelta(days=1), "1.000894")
NEW = version(2, CHANGE, END, "1.000894")
LATER = version(3, date(2026, 7, 1), None, "1.000894")
OTHER = version(1, date(2025, 1, 1), None, "1.000656")
CATALOGUE = Catalogue(
    versions=[LATER, OTHER, NEW, OLD],
    openings=[
        AgentOpening("1.000894", OPENED, CLOSED, "Đợt 2"),
        AgentOpening("1.000894", date(2026, 1, 1), None, "Đợt 3"),
    ],
    digest="abc",
)


def test_the_version_of_a_day_changes_on_the_very_day_of_the_change() -> None:
    assert CATALOGUE.version_on("1.000894", CHANGE - timedelta(days=1)) is OLD
    assert CATALOGUE.version_on("1.000894", CHANGE) is NEW
    assert CATALOGUE.version_on("1.000894", END) is NEW


@given(st.dates(LATER.valid_from))
def test_a_version_without_a_last_day_holds_for_ever(day: date) -> None:
    assert CATALOGUE.version_on("1.000894", day) is LATER


@pytest.mark.parametrize("day", [date(2024, 12, 31), END + timedelta(days=1), date(2026, 6, 30)])
def test_a_procedure_is_not_in_force_before_after_and_between_its_versions(day: date) -> None:
    with pytest.raises(ProcedureNotInForceError) as refused:
        CATALOGUE.version_on("1.000894", day)
    assert str(refused.value) == f"Procedure 1.000894 (Đăng ký kết hôn) is not in force on {day}."
    assert isinstance(refused.value, RefusedError)


def test_a_version_is_found_by_its_number_long_after_it_ended() -> None:
    assert CATALOGUE.version("1.000894", 1) is OLD
    assert CATALOGUE.versions_of("1.000894") == (OLD, NEW, LATER)


def test_a_version_that_never_was_is_unknown() -> None:
    with pytest.raises(UnknownProcedureError, match="no such version"):
        CATALOGUE.version("1.000894", 4)


def test_an_unknown_procedure_is_named() -> None:
    for ask in (
        lambda: CATALOGUE.version("9.9", 1),
        lambda: CATALOGUE.versions_of("9.9"),
        lambda: CATALOGUE.version_on("9.9", CHANGE),
        lambda: CATALOGUE.open_to_agents("9.9", CHANGE),
    ):
        with pytest.raises(UnknownProcedureError, match="no such procedure") as unknown:
            ask()
        assert isinstance(unknown.value, UnknownError)


def test_the_procedures_in_force_on_a_day_are_listed_by_code() -> None:
    assert CATALOGUE.in_force_on(CHANGE) == (OTHER, NEW)
    assert CATALOGUE.in_force_on(date(2026, 3, 1)) == (OTHER,)


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (OPENED - timedelta(days=1), False),
        (OPENED, True),
        (CLOSED - timedelta(days=1), True),
        (CLOSED, False),
        (date(2026, 1, 1), True),
    ],
)
def test_agents_may_take_a_procedure_in_from_its_opening_to_before_its_closing(
    day: date,
    *,
    is_open: bool,
) -> None:
    assert CATALOGUE.open_to_agents("1.000894", day) is is_open


@given(st.dates())
def test_a_procedure_without_an_opening_is_never_open_to_agents(day: date) -> None:
    assert not CATALOGUE.open_to_agents("1.000656", day)


def test_the_parts_of_a_catalogue_cannot_be_exchanged() -> None:
    with pytest.raises(TypeError):
        CATALOGUE.procedures["1.000894"] = ()  # type: ignore[index]
