"""The settings files say what they are meant to say, and a wrong one is refused."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from loadtests.profile import PROFILES, Profile, load

CITY_A_DAY, NATION_A_DAY, PEAK_HOUR = 20_000, 400_000, 1 / 4
TAKING_IN = ("branch_clerk", "agent_point", "kiosk")
JOURNEYS = {path.stem for path in (PROFILES.parent / "journeys").glob("*.py")}
NAMES = sorted(path.stem for path in PROFILES.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_is_readable_and_names_journeys_that_exist(name: str) -> None:
    assert load(name).journeys.keys() <= JOURNEYS


def test_every_journey_is_made_by_some_profile() -> None:
    assert {journey for name in NAMES for journey in load(name).journeys} == JOURNEYS


@pytest.mark.parametrize(
    ("name", "a_day"), [("city-day", CITY_A_DAY), ("national-peak", NATION_A_DAY)]
)
def test_as_many_dossiers_come_in_the_busiest_hour_as_planned_for(name: str, a_day: int) -> None:
    journeys = load(name).journeys
    a_second = sum(journeys[one].visits_per_s for one in TAKING_IN)
    assert a_second == pytest.approx(a_day * PEAK_HOUR / 3600, rel=0.02)
    assert journeys["officer"].visits_per_s >= a_second


def test_the_spikes_are_those_that_are_asked_for() -> None:
    profile = load("spikes")
    most = profile.journeys["life_cycle"].visits_per_s
    rates = [round(step.level * most, 1) for step in profile.steps]
    assert rates == [1, 15, 1, 25, 2, 35, 10]
    assert profile.recovery
    assert profile.recovery.within_s == 5
    assert profile.journeys["life_cycle"].p95_ms == 300
    assert profile.journeys["life_cycle"].errors == 0.001


def test_the_attack_is_part_of_no_other_profile() -> None:
    assert [name for name in NAMES if "code_guesser" in load(name).journeys] == ["code-guessing"]


def test_a_file_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text((PROFILES / "spikes.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert load(str(own)) == load("spikes")


def spoilt(name: str, **changes: object) -> dict[str, Any]:
    return tomllib.loads((PROFILES / f"{name}.toml").read_text(encoding="utf-8")) | changes


KIOSK = {"people": 1, "every_s": 1.0}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(spoilt("spikes", steps=[]), id="neither day nor steps"),
        pytest.param(spoilt("city-day", steps=[{"seconds": 1, "level": 1}]), id="both"),
        pytest.param(spoilt("spikes", speed=2), id="an unknown setting"),
        pytest.param(spoilt("spikes", steps=[{"seconds": 1, "level": 2}]), id="above the top"),
        pytest.param(spoilt("spikes", journeys={}), id="nobody comes"),
        pytest.param(spoilt("spikes", journeys={"kiosk": {**KIOSK, "people": 0}}), id="no people"),
        pytest.param(spoilt("spikes", journeys={"kiosk": {**KIOSK, "every_s": 0}}), id="no rest"),
        pytest.param(
            spoilt("spikes", journeys={"kiosk": {**KIOSK, "hours": "night"}}), id="hours, no day"
        ),
        pytest.param(spoilt("city-day", journeys={"kiosk": KIOSK}), id="a day, no hours"),
        pytest.param(
            spoilt("city-day", journeys={"kiosk": {**KIOSK, "hours": "noon"}}), id="no such curve"
        ),
        pytest.param(
            spoilt("spikes", journeys={"kiosk": {**KIOSK, "think_s": [2, 1]}}), id="least over most"
        ),
        pytest.param(
            spoilt("city-day", day={"seconds": 9, "curves": {"office": [1] * 23}}), id="23 hours"
        ),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Profile.model_validate(settings)
