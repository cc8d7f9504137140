"""Admission: the rules decide where, by whom and when a dossier is received."""

from datetime import date

import pytest

from tracker.domain.deadlines.time_rules import ProcessingTime, TimeRule, TimeUnit
from tracker.domain.errors import RefusedError
from tracker.domain.network.admission import (
    CollaboratorMissingError,
    CollaboratorNotAdmittedError,
    NotOpenToAgentsError,
    OfficeClosedError,
    UnknownAtIntakeError,
    check_admission,
)
from tracker.domain.network.network import (
    Collaborator,
    Network,
    NotAReceptionPlaceError,
    Office,
    OfficeKind,
    Partner,
)
from tracker.domain.network.procedures import (
    AgentOpening,
    Catalogue,
    Level,
    ProcedureNotInForceError,
    ProcedureVersion,
)

START, TODAY = date(2024, 10, 24), date(2026, 11, 22)
BIRTH, ADOPTION, OLD_FORM = "1.001193", "2.001263", "1.004194"


def office(
    office_id: str,
    kind: OfficeKind,
    partner: str | None = None,
    valid_from: date = START,
    valid_to: date | None = None,
) -> Office:
    return Office(
        id=office_id,
        kind=kind,
        name=f"Nơi {office_id}",
        name_en=office_id,
        parent=None,
        partner=partner,
        agency="H26",
        phone="024 0000 0000",
        address=None,
        valid_from=valid_from,
        valid_to=valid_to,
    )


def procedure(
    code: str,
    number: int = 1,
    valid_from: date = START,
    valid_to: date | None = None,
) -> ProcedureVersion:
    return ProcedureVersion(
        code=code,
        version=number,
        valid_from=valid_from,
        valid_to=valid_to,
        name=f"Thủ tục {code}",
        name_en=code,
        level=Level.COMMUNE,
        decided_by="UBND-BAVI",
        rule=TimeRule(ProcessingTime(3, TimeUnit.WORKING_DAYS)),
        fee=0,
        papers=(),
        sensitive=False,
        legal_basis="Luật",
    )


TERM = (date(2026, 6, 1), date(2027, 5, 31))
NETWORK = Network(
    offices=[
        office("CN01", OfficeKind.BRANCH),
        office("CN01-D1", OfficeKind.POINT),
        office("CN01-D2", OfficeKind.POINT, valid_to=date(2026, 11, 21)),
        office("CN01-D3", OfficeKind.POINT, valid_from=date(2026, 11, 23)),
        office("DL-POST-001", OfficeKind.AGENT_POINT, "POST"),
        office("DL-GONE-001", OfficeKind.AGENT_POINT, "GONE"),
        office("CTV-BAVI", OfficeKind.TEAM),
        office("CTV-LONGBIEN", OfficeKind.TEAM),
        office("CTV-CLOSED", OfficeKind.TEAM, valid_to=date(2026, 11, 21)),
        office("KIOSK-01", OfficeKind.KIOSK),
        office("LUUDONG-1", OfficeKind.MOBILE),
        office("PORTAL", OfficeKind.PORTAL),
        office("UBND-BAVI", OfficeKind.DEPARTMENT),
    ],
    partners=[
        Partner("POST", "Bưu điện", True, START, None),
        Partner("GONE", "Đã nghỉ", False, START, date(2026, 11, 21)),
    ],
    collaborators=[
        Collaborator("BAVI-01", "CTV-BAVI", *TERM, trained_on=date(2026, 5, 25)),
        Collaborator("BAVI-02", "CTV-BAVI", START, date(2026, 11, 21), trained_on=START),
        Collaborator("BAVI-03", "CTV-BAVI", date(2026, 11, 23), TERM[1], trained_on=START),
        Collaborator("BAVI-04", "CTV-BAVI", *TERM, trained_on=None),
        Collaborator("BAVI-05", "CTV-BAVI", *TERM, trained_on=date(2026, 11, 23)),
        Collaborator("LB-01", "CTV-LONGBIEN", *TERM, trained_on=START),
        Collaborator("CLOSED-01", "CTV-CLOSED", *TERM, trained_on=START),
    ],
    timetable=[],
    version="n",
)
CATALOGUE = Catalogue(
    versions=[
        procedure(BIRTH, 1, START, date(2025, 6, 30)),
        procedure(BIRTH, 2, date(2025, 7, 1)),
        procedure(ADOPTION),
        procedure(OLD_FORM, valid_to=date(2026, 6, 30)),
    ],
    openings=[
        AgentOpening(BIRTH, date(2025, 1, 15), None, "Đợt 1"),
        AgentOpening(OLD_FORM, date(2025, 1, 15), date(2025, 12, 1), "Đợt 1"),
    ],
    digest="c",
)


def admit(
    office_id: str,
    procedure_code: str = BIRTH,
    collaborator_id: str | None = None,
    on: date = TODAY,
) -> ProcedureVersion:
    return check_admission(
        NETWORK,
        CATALOGUE,
        office_id=office_id,
        collaborator_id=collaborator_id,
        procedure_code=procedure_code,
        on=on,
    )


@pytest.mark.parametrize("place", ["CN01", "CN01-D1", "KIOSK-01", "LUUDONG-1", "PORTAL"])
def test_branches_points_kiosks_buses_and_the_portal_receive_every_procedure(place: str) -> None:
    assert admit(place, BIRTH).code == BIRTH
    assert admit(place, ADOPTION).code == ADOPTION


def test_the_version_of_the_day_of_intake_is_pinned() -> None:
    assert admit("CN01", on=date(2025, 6, 30)).version == 1
    assert admit("CN01", on=date(2025, 7, 1)).version == 2


def test_an_agent_point_receives_procedures_open_to_agents() -> None:
    assert admit("DL-POST-001", BIRTH).code == BIRTH


def test_an_agent_point_does_not_receive_a_procedure_never_opened_to_agents() -> None:
    with pytest.raises(NotOpenToAgentsError) as refused:
        admit("DL-POST-001", ADOPTION)
    assert str(refused.value) == (
        "Agent points may not receive 2.001263 (Thủ tục 2.001263) on 2026-11-22;"
        " any branch or reception point can."
    )


def test_an_agent_point_does_not_receive_a_procedure_before_its_opening() -> None:
    with pytest.raises(NotOpenToAgentsError):
        admit("DL-POST-001", BIRTH, on=date(2025, 1, 14))
    admit("DL-POST-001", BIRTH, on=date(2025, 1, 15))


def test_an_agent_point_does_not_receive_a_procedure_closed_to_agents_again() -> None:
    admit("DL-POST-001", OLD_FORM, on=date(2025, 11, 30))
    with pytest.raises(NotOpenToAgentsError):
        admit("DL-POST-001", OLD_FORM, on=date(2025, 12, 1))
    admit("CN01", OLD_FORM, on=date(2025, 12, 1))


def test_a_closed_place_takes_nothing_in() -> None:
    with pytest.raises(OfficeClosedError) as refused:
        admit("CN01-D2")
    assert str(refused.value) == (
        "Nơi CN01-D2 (CN01-D2) was open until 2026-11-21:"
        " nothing can be received there on 2026-11-22."
    )


def test_a_place_not_yet_open_takes_nothing_in() -> None:
    with pytest.raises(OfficeClosedError, match="opens only on 2026-11-23"):
        admit("CN01-D3")


def test_an_agent_point_of_a_partner_that_has_left_takes_nothing_in() -> None:
    with pytest.raises(OfficeClosedError, match="partner Đã nghỉ of DL-GONE-001 was open until"):
        admit("DL-GONE-001")
    admit("DL-GONE-001", on=date(2026, 11, 21))


def test_a_department_takes_nothing_in() -> None:
    with pytest.raises(NotAReceptionPlaceError, match=r"Nơi UBND-BAVI \(UBND-BAVI\) decides"):
        admit("UBND-BAVI")


def test_a_trained_collaborator_in_term_takes_in_for_the_team() -> None:
    assert admit("CTV-BAVI", ADOPTION, "BAVI-01").code == ADOPTION


def test_a_team_takes_nothing_in_without_a_named_collaborator() -> None:
    with pytest.raises(CollaboratorMissingError, match="CTV-BAVI"):
        admit("CTV-BAVI")


@pytest.mark.parametrize(
    ("collaborator", "reason"),
    [
        ("BAVI-02", "the term runs from 2024-10-24 to 2026-11-21"),
        ("BAVI-03", "the term runs from 2026-11-23 to 2027-05-31"),
        ("BAVI-04", "has not been trained"),
        ("BAVI-05", "is trained only on 2026-11-23"),
    ],
)
@pytest.mark.parametrize("place", ["CTV-BAVI", "KIOSK-01"])
def test_a_collaborator_out_of_term_or_untrained_takes_nothing_in_anywhere(
    place: str,
    collaborator: str,
    reason: str,
) -> None:
    with pytest.raises(CollaboratorNotAdmittedError) as refused:
        admit(place, BIRTH, collaborator)
    assert str(refused.value) == (
        f"Collaborator {collaborator} may not receive dossiers on 2026-11-22: {reason}."
    )


def test_a_collaborator_does_not_receive_for_another_team_but_may_at_a_kiosk() -> None:
    with pytest.raises(CollaboratorNotAdmittedError, match="belongs to CTV-LONGBIEN"):
        admit("CTV-BAVI", BIRTH, "LB-01")
    admit("KIOSK-01", BIRTH, "LB-01")


def test_a_collaborator_of_a_closed_team_takes_nothing_in_anywhere() -> None:
    with pytest.raises(OfficeClosedError, match="CTV-CLOSED"):
        admit("KIOSK-01", BIRTH, "CLOSED-01")


def test_a_procedure_no_longer_in_force_is_refused() -> None:
    with pytest.raises(ProcedureNotInForceError, match="not in force on 2026-07-01"):
        admit("CN01", OLD_FORM, on=date(2026, 7, 1))


@pytest.mark.parametrize(
    ("place", "code", "collaborator", "named"),
    [
        ("CN99", BIRTH, None, "no such office"),
        ("CTV-BAVI", BIRTH, "NOBODY", "no such collaborator"),
        ("CN01", "9.999999", None, "no such procedure"),
    ],
)
def test_an_unknown_id_is_a_refusal_that_names_it(
    place: str,
    code: str,
    collaborator: str | None,
    named: str,
) -> None:
    with pytest.raises(UnknownAtIntakeError, match=named) as refused:
        admit(place, code, collaborator)
    assert isinstance(refused.value, RefusedError)
