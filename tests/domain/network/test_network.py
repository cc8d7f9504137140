"""The network: offices, their parents, partners and dates."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.errors import InvalidInputError, RefusedError, UnknownError
from tracker.domain.network.network import (
    Channel,
    Collaborator,
    Network,
    NotAReceptionPlaceError,
    Office,
    OfficeKind,
    Partner,
    Stop,
    UnknownCollaboratorError,
    UnknownOfficeError,
    UnknownPartnerError,
    channel_of,
)

FIRST, LAST = date(2025, 3, 3), date(2025, 9, 30)
THURSDAY = date(2025, 5, 8)


def office(
    kind: OfficeKind = OfficeKind.POINT,
    partner: str | None = None,
    valid_to: date | None = LAST,
) -> Office:
    return Office(
        id="HERE",
        kind=kind,
        name="Nơi này",
        name_en="This place",
        parent="CN01",
        partner=partner,
        agency="H26.01",
        phone="024 0000 0000",
        address=None,
        valid_from=FIRST,
        valid_to=valid_to,
    )


def network(place: Office, *stops: Stop, partner_until: date | None = None) -> Network:
    return Network(
        offices=[place],
        partners=[Partner("POST", "Bưu điện", True, date(2025, 4, 1), partner_until)],
        collaborators=[Collaborator("C-01", "TEAM", FIRST, LAST, None)],
        timetable=stops,
        version="abc",
    )


def test_every_kind_but_a_department_has_a_channel() -> None:
    assert {kind: channel_of(kind) for kind in OfficeKind if kind != OfficeKind.DEPARTMENT} == {
        OfficeKind.BRANCH: Channel.COUNTER,
        OfficeKind.POINT: Channel.COUNTER,
        OfficeKind.AGENT_POINT: Channel.AGENT,
        OfficeKind.TEAM: Channel.COLLABORATOR,
        OfficeKind.KIOSK: Channel.KIOSK,
        OfficeKind.MOBILE: Channel.MOBILE,
        OfficeKind.PORTAL: Channel.ONLINE,
    }
    with pytest.raises(NotAReceptionPlaceError, match="does not receive them") as refused:
        channel_of(OfficeKind.DEPARTMENT)
    assert isinstance(refused.value, RefusedError)


def test_an_entry_is_found_by_its_id() -> None:
    place = office()
    the_network = network(place)
    assert the_network.office("HERE") is place
    assert the_network.partner("POST").name == "Bưu điện"
    assert the_network.collaborator("C-01").team == "TEAM"
    assert the_network.version == "abc"


def test_a_failed_look_up_names_the_unknown_item() -> None:
    the_network = network(office())
    with pytest.raises(UnknownOfficeError, match="no such office"):
        the_network.office("CN99")
    with pytest.raises(UnknownPartnerError, match="no such partner"):
        the_network.partner("CN99")
    with pytest.raises(UnknownCollaboratorError, match="no such collaborator"):
        the_network.collaborator("CN99")
    with pytest.raises(UnknownError):
        the_network.is_open("CN99", FIRST)


def test_the_parts_of_a_network_cannot_be_exchanged() -> None:
    with pytest.raises(TypeError):
        network(office()).offices["HERE"] = office()  # type: ignore[index]


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (FIRST - timedelta(days=1), False),
        (FIRST, True),
        (LAST, True),
        (LAST + timedelta(days=1), False),
    ],
)
def test_an_office_is_open_on_its_first_day_and_on_its_last(day: date, *, is_open: bool) -> None:
    assert network(office()).is_open("HERE", day) is is_open


@given(st.dates(min_value=FIRST))
def test_an_office_without_a_last_day_never_closes(day: date) -> None:
    assert network(office(valid_to=None)).is_open("HERE", day)


@given(st.dates(date(2025, 1, 1), date(2025, 12, 31)))
def test_an_agent_point_is_open_only_while_its_partner_is(day: date) -> None:
    point = network(
        office(OfficeKind.AGENT_POINT, partner="POST"),
        partner_until=date(2025, 8, 31),
    )
    assert point.is_open("HERE", day) is (date(2025, 4, 1) <= day <= date(2025, 8, 31))


def test_a_term_includes_both_its_ends() -> None:
    someone = Collaborator("C-01", "TEAM", FIRST, LAST, None)
    assert someone.serves_on(FIRST)
    assert someone.serves_on(LAST)
    assert not someone.serves_on(FIRST - timedelta(days=1))
    assert not someone.serves_on(LAST + timedelta(days=1))


def test_a_collaborator_is_trained_from_the_day_of_the_training() -> None:
    someone = Collaborator("C-01", "TEAM", FIRST, LAST, trained_on=FIRST)
    assert someone.is_trained_on(FIRST)
    assert not someone.is_trained_on(FIRST - timedelta(days=1))
    assert not Collaborator("C-02", "TEAM", FIRST, LAST, trained_on=None).is_trained_on(LAST)


def stop(hour: int, weekday: int | None = None, on: date | None = None) -> Stop:
    return Stop("HERE", weekday, on, time(hour), time(hour + 1), "Chợ")


def test_a_mobile_office_halts_on_its_weekdays_earliest_first() -> None:
    late, early, friday = stop(14, weekday=4), stop(8, weekday=4), stop(9, weekday=5)
    bus = network(office(OfficeKind.MOBILE), late, friday, early)
    assert bus.stops("HERE", THURSDAY) == (early, late)
    assert bus.stops("HERE", THURSDAY + timedelta(days=2)) == ()


def test_stops_given_for_a_date_replace_those_of_the_weekday() -> None:
    weekly, dated = stop(8, weekday=4), stop(10, on=THURSDAY)
    bus = network(office(OfficeKind.MOBILE), weekly, dated)
    assert bus.stops("HERE", THURSDAY) == (dated,)
    assert bus.stops("HERE", THURSDAY + timedelta(days=7)) == (weekly,)


def test_the_stops_of_another_bus_are_not_listed() -> None:
    other = Stop("ELSEWHERE", 4, None, time(8), time(9), "Chợ")
    assert network(office(OfficeKind.MOBILE), other).stops("HERE", THURSDAY) == ()


@pytest.mark.parametrize(("weekday", "on"), [(None, None), (4, THURSDAY)])
def test_a_stop_needs_either_a_weekday_or_a_date(weekday: int | None, on: date | None) -> None:
    with pytest.raises(InvalidInputError, match="either a weekday or a date"):
        stop(8, weekday, on)


def test_a_stop_cannot_end_before_it_starts() -> None:
    with pytest.raises(InvalidInputError, match="ends_at 08:00 is not after starts_at 08:00"):
        Stop("HERE", 4, None, time(8), time(8), "Chợ")
