"""The export of dossiers: selection, permissions, sealed texts and the access log."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.application.service_desk import (
    ADMINISTRATOR,
    CLERK,
    DECIDER,
    NAME,
    PHONE,
    REASON,
    TABLET,
    TODAY,
    ServiceDesk,
    service_desk,
)
from tracker.application.commands.envelope import UnknownDossierError
from tracker.application.queries.export import ExportedDossier, NoReasonError, Selection
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.errors import NotAllowedError

AUDITOR = Actor(Role.AUDITOR, "auditor")
MANAGER = Actor(Role.MANAGER, "manager")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServiceDesk]:
    with service_desk(tmp_path / "var") as opened:
        yield opened


def take(
    desk: ServiceDesk,
    selection: Selection | None = None,
    *,
    actor: Actor = AUDITOR,
    reason: str | None = None,
    up_to: int | None = None,
) -> dict[str, ExportedDossier]:
    taken = desk.at.taking_away.take(
        actor,
        selection or Selection(),
        up_to=desk.at.scan.head() if up_to is None else up_to,
        progress=lambda _: None,
        reason=reason,
    )
    return {exported.dossier.code: exported for exported in taken}


def looks(desk: ServiceDesk, code: str) -> list[tuple[str, str, str]]:
    return [
        (access.what, access.actor, access.reason)
        for access in desk.at.reader.readers(ADMINISTRATOR, code)
    ]


def test_all_is_every_dossier_whole_in_the_order_of_ids(desk: ServiceDesk) -> None:
    codes = [desk.take_in().code for _ in range(5)]
    desk.post(DECIDER, code=codes[3], step="processing_started")
    taken = take(desk)
    assert list(taken) == sorted(codes, key=dossier_id)
    for code, exported in taken.items():
        assert list(exported.events) == desk.history(code)
        versions = [row.version for row in exported.rows]
        assert versions == list(range(1, len(versions) + 1))
        assert exported.texts is None


def test_events_stored_later_are_not_in_it(desk: ServiceDesk) -> None:
    first = desk.take_in()
    desk.take_in()
    desk.post(DECIDER, code=first.code, step="processing_started")
    (exported,) = take(desk, up_to=first.position).values()
    assert [event.step.value for event in exported.events] == ["received"]


def test_a_dossier_is_selected_by_code_office_and_the_time_it_came_in(desk: ServiceDesk) -> None:
    here = desk.take_in(CLERK).code
    desk.later(days=1)
    there = desk.take_in(TABLET).code
    day = timedelta(days=1)
    assert set(take(desk, Selection(code=here))) == {here}
    assert set(take(desk, Selection(office="CN05"))) == {here}
    assert set(take(desk, Selection(office="DL-VNPOST-002"))) == {there}
    assert set(take(desk, Selection(office="UBND-LONGBIEN"))) == {here, there}
    assert set(take(desk, Selection(office="nowhere"))) == set()
    assert set(take(desk, Selection(since=TODAY + day))) == {there}
    assert set(take(desk, Selection(since=TODAY, until=TODAY))) == {here}
    assert set(take(desk, Selection(code=here, since=TODAY + day))) == set()


def test_a_corrected_time_of_intake_counts(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    earlier = TODAY - timedelta(days=2)
    desk.post(
        CLERK,
        code=code,
        step="corrected",
        corrects=1,
        what="occurred_at",
        value=earlier.isoformat(),
    )
    assert set(take(desk, Selection(until=earlier))) == {code}


def test_an_unused_code_is_unknown(desk: ServiceDesk) -> None:
    desk.take_in()
    with pytest.raises(UnknownDossierError):
        take(desk, Selection(code="H26.01-200101-0001"))


def test_each_access_is_recorded_for_the_exported_dossiers_only(desk: ServiceDesk) -> None:
    here, there = desk.take_in(CLERK).code, desk.take_in(TABLET).code
    take(desk, Selection(office="CN05"))
    take(desk, Selection(code=there), actor=ADMINISTRATOR, reason=" complaint 7 ")
    assert looks(desk, here) == [("history", "auditor", "")]
    assert looks(desk, there) == [("personal_data", "admin", "complaint 7")]


def test_an_access_is_recorded_before_the_first_dossier_is_returned(desk: ServiceDesk) -> None:
    codes = [desk.take_in().code for _ in range(3)]
    given = desk.at.taking_away.take(
        AUDITOR, Selection(), up_to=desk.at.scan.head(), progress=lambda _: None
    )
    next(given)
    assert [looks(desk, code) for code in codes] == [[("history", "auditor", "")]] * 3


def test_personal_data_open_only_for_a_reason_and_to_whom_the_right_is_given(
    desk: ServiceDesk,
) -> None:
    code = desk.take_in().code
    desk.post(
        DECIDER, code=code, step="supplement_asked", papers=[{"name": "Tờ khai"}], reason=REASON
    )
    (exported,) = take(desk, actor=ADMINISTRATOR, reason="complaint 7").values()
    assert exported.texts
    assert NAME in exported.texts[1]["applicant"]
    assert PHONE.replace(" ", "") in exported.texts[1]["applicant"].replace(" ", "")
    assert exported.texts[2]["reason"] == REASON
    for reason in ("", "  "):
        with pytest.raises(NoReasonError):
            take(desk, actor=ADMINISTRATOR, reason=reason)
    for actor in (MANAGER, TABLET):
        with pytest.raises(NotAllowedError):
            take(desk, actor=actor, reason="complaint 7")
    assert looks(desk, code) == [("personal_data", "admin", "complaint 7")]


def test_an_auditor_opens_exported_data_with_a_reason(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    assert NAME in (take(desk, reason="complaint 7")[code].texts or {})[1]["applicant"]
    assert looks(desk, code) == [("personal_data", "auditor", "complaint 7")]
    with pytest.raises(NoReasonError):
        take(desk, reason=" ")


def test_who_has_no_right_learns_not_even_that_there_is_nothing(desk: ServiceDesk) -> None:
    for actor, reason in ((TABLET, None), (MANAGER, "complaint 7")):
        with pytest.raises(NotAllowedError):
            take(desk, actor=actor, reason=reason)


def test_erased_personal_data_stays_closed_while_other_data_is_opened(desk: ServiceDesk) -> None:
    erased, kept = desk.take_in().code, desk.take_in().code
    desk.at.erasure.erase(ADMINISTRATOR, erased, event_id="x", basis="law")
    taken = take(desk, actor=ADMINISTRATOR, reason="complaint 7")
    assert taken[erased].texts == {}
    assert NAME in (taken[kept].texts or {})[1]["applicant"]


def test_more_dossiers_than_are_read_at_once_come_each_once(desk: ServiceDesk) -> None:
    codes = [desk.take_in().code for _ in range(450)]
    for code in codes[::3]:
        desk.post(DECIDER, code=code, step="processing_started")
    for code in codes[::2]:
        for number in range(2):
            desk.post(DECIDER, code=code, step="internal_step_taken", name=f"{number}", clerk="c")
    counted: list[int] = []
    given = desk.at.taking_away.take(
        AUDITOR, Selection(), up_to=desk.at.scan.head(), progress=counted.append
    )
    histories = {exported.dossier.code: list(exported.events) for exported in given}
    assert list(histories) == sorted(codes, key=dossier_id)
    assert all(events == desk.history(code) for code, events in histories.items())
    assert sum(counted) == 450 + 150 + 450
