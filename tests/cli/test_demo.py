"""`tracker demo`: the same lawful quarter of a year for the same seed, and never twice."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tracker.application.commands.envelope import Envelope
from tracker.application.commands.registry import read_command
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.demo.actors import one_a_role
from tracker.demo.filling import SPAN, DemoClock, fill
from tracker.domain.deadlines.calendar import WorkCalendar
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.events.delivery import CarrierScanned, HandedToCarrier
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received, Submitted
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.network.network import Channel
from tracker.projections.figures.figures import Figures, Question
from tracker.serialization import decode
from tracker.settings import Settings

UNTIL = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

AUDITOR = Actor(Role.AUDITOR, "auditor")


def events(container: Container) -> list[Event]:
    rows = container.scan.events(after=0, up_to=container.scan.head(), limit=100_000)
    return [decode(row.topic, row.state) for row in rows]


def events_in(data_dir: Path, seed: int) -> list[tuple[str, Step, datetime, datetime, str]]:
    clock = DemoClock(UNTIL - SPAN)
    with open_container(Settings(data_dir=data_dir), clock) as container:
        fill(container.tracker, container.service, clock, until=UNTIL, dossiers=15, seed=seed)
        return [
            (one.event_id, one.step, one.occurred_at, one.recorded_at, one.by.id)
            for one in events(container)
        ]


@dataclass(frozen=True)
class Whole:
    """A demo of the usual size."""

    events: list[Event]
    figures: Figures
    calendar: WorkCalendar


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    clock = DemoClock(UNTIL - SPAN)
    data_dir = tmp_path_factory.mktemp("whole")
    with open_container(Settings(data_dir=data_dir), clock) as container:
        fill(container.tracker, container.service, clock, until=UNTIL, dossiers=320, seed=1)
        container.catch_up()
        figures = container.figures.answer(AUDITOR, Question(as_of=UNTIL))
        return Whole(events(container), figures, container.service.calendar)


def test_it_fills_an_empty_installation_and_gives_keys_and_codes(run: Run, data_dir: Path) -> None:
    result = run("demo", "--dossiers", "20")
    assert result.code == 0
    assert result.out.startswith("20 dossiers were taken through ")
    codes = re.search(r"Codes to try: (.+)", result.out)
    keys = re.findall(r"^(\w+) .*(trk_\S+)$", result.out, re.MULTILINE)
    assert {role for role, _ in keys} == set(Role) - {Role.CITIZEN}
    with open_container(Settings(data_dir=data_dir)) as container:
        assert [container.keys.actor_of(key).role for _, key in keys] == [role for role, _ in keys]
        assert codes
        assert all(container.look_up.rows([code]) for code in codes[1].split(", "))
    assert run("verify").code == 0


def test_a_second_run_adds_nothing_and_says_so(run: Run, demo: Path) -> None:
    keys = run("keys", "list").out
    before = run("verify").out
    result = run("demo")
    assert result.code == 0
    assert re.fullmatch(r"There are \d+ events already, so nothing was added.\n", result.out)
    assert (run("keys", "list").out, run("verify").out) == (keys, before)


def test_a_store_with_real_dossiers_is_left_alone(run: Run, data_dir: Path) -> None:
    with open_container(Settings(data_dir=data_dir)) as container:
        clerk = container.keys.actor_of(run("keys", *_CLERK).out.strip())
        message = read_command(
            {
                "event_id": "real-1",
                "occurred_at": container.now(),
                "procedure": "2.001610",
                "applicant": {"name": "An"},
            }
        )
        container.tracker.post(Envelope(clerk, message))
        container.catch_up()
        assert container.sample_codes(5) == ()
    assert run("demo").out == "There are 1 events already, so nothing was added.\n"


_CLERK = ("make", "--role", "staff", "--actor", "real", "--office", "CN05")


def test_the_same_seed_makes_the_same_dossiers(tmp_path: Path) -> None:
    first = events_in(tmp_path / "a", seed=3)
    assert events_in(tmp_path / "b", seed=3) == first
    assert events_in(tmp_path / "c", seed=4) != first


@pytest.mark.parametrize(
    "until",
    [
        datetime(2027, 5, 31, 17, 1, tzinfo=UTC),  # the first minute of new terms in Hanoi
        datetime(2028, 2, 29, 5, tzinfo=UTC),
        datetime(2031, 1, 22, 5, tzinfo=UTC),  # Tết
        datetime(2034, 12, 31, 16, 50, tzinfo=UTC),
    ],
)
def test_a_demo_of_a_later_year_has_every_channel_and_an_actor_of_every_role(
    tmp_path: Path, until: datetime
) -> None:
    clock = DemoClock(until - SPAN)
    with open_container(Settings(data_dir=tmp_path), clock) as container:
        fill(container.tracker, container.service, clock, until=until, dossiers=70, seed=1)
        intakes = [one for one in events(container) if isinstance(one, Submitted | Received)]
        assert {one.channel for one in intakes} == set(Channel)
        assert {one.role for one in one_a_role(container.service, until)} == set(Role) - {
            Role.CITIZEN
        }


def test_on_every_day_of_the_calendar_every_role_has_an_actor(tmp_path: Path) -> None:
    with open_container(Settings(data_dir=tmp_path)) as container:
        noon = datetime.combine(date(2026, 1, 1), time(12), container.service.calendar.zone)
        while noon.date() <= container.service.calendar.last:
            roles = {one.role for one in one_a_role(container.service, noon)}
            assert roles == set(Role) - {Role.CITIZEN}, noon
            noon += timedelta(days=1)


def test_all_six_channels_and_the_whole_life_cycle_are_there(whole: Whole) -> None:
    intakes = [one for one in whole.events if isinstance(one, Submitted | Received)]
    assert {one.channel for one in intakes} == set(Channel)
    assert {one.step for one in whole.events} == set(Step) - {Step.PERSONAL_DATA_ERASED}
    assert len({one.originator_id for one in whole.events}) == 320


def test_desks_take_in_only_while_they_are_open(whole: Whole) -> None:
    at_desks = [
        one.occurred_at.astimezone(whole.calendar.zone)
        for one in whole.events
        if isinstance(one, Received) and one.channel in {Channel.COUNTER, Channel.AGENT}
    ]
    assert at_desks
    assert all(whole.calendar.is_working(one.date()) and 7 <= one.hour < 17 for one in at_desks)


def test_time_never_runs_backwards_and_ends_at_the_end(whole: Whole) -> None:
    recorded = [one.recorded_at for one in whole.events]
    assert recorded == sorted(recorded)
    assert UNTIL - SPAN < recorded[0] < recorded[-1] <= UNTIL
    assert all(one.occurred_at <= one.recorded_at for one in whole.events)


def test_most_parcels_have_valid_numbers_and_are_scanned(whole: Whole) -> None:
    handed = [one for one in whole.events if isinstance(one, HandedToCarrier)]
    valid = Counter(one.number_is_s10 for one in handed)
    assert valid[True] > 4 * valid[False] > 0
    meanings = {one.meaning for one in whole.events if isinstance(one, CarrierScanned)}
    assert meanings >= {"posted", "out_for_delivery", "attempt_failed", "delivered", "returned"}


def test_some_are_late_some_overdue_some_open_and_most_in_time(whole: Whole) -> None:
    total = whole.figures.total
    assert total.received + total.submitted <= 320
    assert total.latest.finished_on_time > 6 * total.latest.finished_late > 0
    assert total.open > total.latest.open_overdue > 0
    assert total.open_paused > 0


def test_the_samples_stand_at_different_stages(demo_installation: Container) -> None:
    codes = demo_installation.sample_codes(5)
    found = demo_installation.look_up.rows(codes)
    rows = [found.get(code) for code in codes]
    assert len({row.stage for row in rows if row}) == 5
