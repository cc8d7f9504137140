"""Permissions, compared with a table written by hand."""

import pytest

from tracker.domain.dossier.actors import (
    MAY,
    Actor,
    Manage,
    Read,
    Role,
    citizen_of,
    require,
    require_own,
    require_reading,
    require_step_on,
)
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.errors import NotAllowedError

INTAKE = {"submitted", "received"}
NOTICES = {"notices_agreed", "notices_stopped"}
AT_THE_DESK = INTAKE | NOTICES | {"supplement_received", "fee_paid", "collected", "complained"}
PARCEL = {"carrier_scanned", "delivered", "delivery_failed", "returned_to_office"}
ONLY_THE_DECIDING_OFFICE = {
    "forwarded",
    "processing_started",
    "internal_step_taken",
    "supplement_asked",
    "fee_asked",
    "stopped",
    "resumed",
    "promise_extended",
    "decided",
}
MAY_STEP: dict[Role, set[str]] = {
    Role.STAFF: {step.value for step in Step} - {"personal_data_erased"},
    Role.AGENT: AT_THE_DESK,
    Role.COLLABORATOR: AT_THE_DESK,
    Role.KIOSK: INTAKE | NOTICES | {"fee_paid"},
    Role.CARRIER: PARCEL,
    Role.PORTAL: INTAKE
    | NOTICES
    | {
        "supplement_received",
        "fee_paid",
        "delivered_electronically",
        "withdrawn",
        "rated",
        "complained",
    },
    Role.AUDITOR: set(),
    Role.MANAGER: set(),
    Role.ADMINISTRATOR: {step.value for step in Step},
    Role.CITIZEN: {"notices_stopped", "rated"},
}
MAY_READ: dict[Role, set[str]] = {
    Role.STAFF: {"dossier", "history", "personal_data", "figures", "register", "proof"},
    Role.AGENT: {"dossier"},
    Role.COLLABORATOR: {"dossier"},
    Role.KIOSK: set(),
    Role.CARRIER: set(),
    Role.PORTAL: {"dossier"},
    Role.AUDITOR: {
        "dossier",
        "history",
        "personal_data",
        "figures",
        "register",
        "readers",
        "proof",
        "explanation",
        "export",
    },
    Role.MANAGER: {"figures", "register", "explanation"},
    Role.ADMINISTRATOR: {
        "dossier",
        "history",
        "personal_data",
        "figures",
        "register",
        "readers",
        "proof",
        "explanation",
        "export",
    },
    Role.CITIZEN: set(),
}
MAY_LEASE = {
    Role.STAFF,
    Role.AGENT,
    Role.COLLABORATOR,
    Role.KIOSK,
    Role.PORTAL,
    Role.ADMINISTRATOR,
}

OFFICES = ("DL-VNPOST-001", "CN05", "SO-TUPHAP")


def may_step(actor: Actor, step: Step, carrier: str = "VNPOST") -> bool:
    try:
        require_step_on(actor, step, offices=OFFICES, decided_by="SO-TUPHAP", carrier=carrier)
    except NotAllowedError:
        return False
    return True


def may_read(actor: Actor, what: Read) -> bool:
    try:
        require_reading(actor, what, offices=OFFICES)
    except NotAllowedError:
        return False
    return True


def test_the_tables_written_here_speak_of_every_role() -> None:
    assert set(MAY) == set(MAY_STEP) == set(MAY_READ) == set(Role)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("step", Step)
def test_a_role_takes_a_step_only_if_the_table_allows_it(role: Role, step: Step) -> None:
    right_place = Actor(role, "a", office="SO-TUPHAP", partner="VNPOST")
    assert may_step(right_place, step) is (step.value in MAY_STEP[role])


@pytest.mark.parametrize("role", Role)
def test_a_role_reads_and_manages_only_what_the_table_allows(role: Role) -> None:
    assert {what.value for what in Read if what in MAY[role]} == MAY_READ[role]
    assert (Manage.CODE_BLOCKS in MAY[role]) is (role in MAY_LEASE)


@pytest.mark.parametrize("step", sorted(ONLY_THE_DECIDING_OFFICE))
def test_only_the_office_that_decides_takes_the_steps_of_deciding(step: str) -> None:
    places = [*OFFICES, "CN01", ""]
    allowed = [place for place in places if may_step(Actor(Role.STAFF, "a", place), Step(step))]
    assert allowed == ["SO-TUPHAP"]


@pytest.mark.parametrize("step", [step for step in Step if step not in ONLY_THE_DECIDING_OFFICE])
def test_staff_elsewhere_take_every_step_but_those_of_the_dossiers_own_offices(step: Step) -> None:
    elsewhere = may_step(Actor(Role.STAFF, "a", "CN01"), step)
    assert elsewhere is (step not in {Step.REFUSED, Step.NOTICES_AGREED, Step.PERSONAL_DATA_ERASED})


@pytest.mark.parametrize("place", OFFICES)
@pytest.mark.parametrize("step", [Step.REFUSED, Step.NOTICES_AGREED])
def test_any_office_of_the_dossier_may_refuse_it_or_record_its_notification_address(
    place: str, step: Step
) -> None:
    assert may_step(Actor(Role.STAFF, "a", place), step)


@pytest.mark.parametrize("role", [Role.AGENT, Role.COLLABORATOR, Role.KIOSK])
def test_an_agent_of_another_office_cannot_change_the_notification_address(role: Role) -> None:
    assert not may_step(Actor(role, "a", "DL-VNPOST-002"), Step.NOTICES_AGREED)
    assert may_step(Actor(role, "a", "DL-VNPOST-001"), Step.NOTICES_AGREED)
    assert may_step(Actor(Role.PORTAL, "a", "PORTAL"), Step.NOTICES_AGREED)


@pytest.mark.parametrize("step", sorted(PARCEL))
@pytest.mark.parametrize(
    ("partner", "carrier", "allowed"),
    [
        ("VNPOST", "VNPOST", True),
        ("VIETTELPOST", "VNPOST", False),
        ("VNPOST", "", False),
        ("", "VNPOST", False),
        ("", "", False),
    ],
)
def test_a_carrier_acts_only_on_parcels_it_was_handed(
    step: str, partner: str, carrier: str, allowed: bool
) -> None:
    actor = Actor(Role.CARRIER, "a", partner=partner)
    assert may_step(actor, Step(step), carrier) is allowed


@pytest.mark.parametrize("step", Step)
def test_an_administrator_acts_at_any_office(step: Step) -> None:
    assert may_step(Actor(Role.ADMINISTRATOR, "a"), step, carrier="")


@pytest.mark.parametrize("role", [Role.AGENT, Role.COLLABORATOR, Role.PORTAL])
def test_helpers_read_only_dossiers_of_their_own_place(role: Role) -> None:
    assert may_read(Actor(role, "a", "DL-VNPOST-001"), Read.DOSSIER)
    assert not may_read(Actor(role, "a", "DL-VNPOST-002"), Read.DOSSIER)
    assert not may_read(Actor(role, "a"), Read.DOSSIER)


def test_staff_open_any_dossier_but_personal_data_only_of_their_own() -> None:
    elsewhere, here = Actor(Role.STAFF, "a", "CN01"), Actor(Role.STAFF, "a", "CN05")
    assert may_read(elsewhere, Read.DOSSIER)
    assert may_read(elsewhere, Read.HISTORY)
    assert not may_read(elsewhere, Read.PERSONAL_DATA)
    assert may_read(here, Read.PERSONAL_DATA)


@pytest.mark.parametrize("what", Read)
def test_an_auditor_reads_everything_but_personal_data_only_for_a_stated_reason(what: Read) -> None:
    auditor = Actor(Role.AUDITOR, "a")
    require_reading(auditor, what, offices=OFFICES, for_a_reason=True)
    assert may_read(auditor, what) is (what is not Read.PERSONAL_DATA)


def test_a_reason_opens_personal_data_only_to_auditors() -> None:
    with pytest.raises(NotAllowedError):
        require_reading(
            Actor(Role.STAFF, "a", "CN01"), Read.PERSONAL_DATA, offices=OFFICES, for_a_reason=True
        )


def test_a_citizen_acts_on_their_own_dossier_and_the_actor_has_no_personal_name() -> None:
    own, other = dossier_id("H26.01-261120-0001"), dossier_id("H26.01-261120-0002")
    require_own(citizen_of(own), own)
    with pytest.raises(NotAllowedError):
        require_own(citizen_of(other), own)
    require_own(Actor(Role.STAFF, "a", "CN01"), own)
    assert citizen_of(own).id == f"citizen:{own.hex}"


def test_a_refusal_names_the_role_and_the_action() -> None:
    with pytest.raises(NotAllowedError, match="The role kiosk may not do this: decided"):
        require(Actor(Role.KIOSK, "a"), Step.DECIDED)
