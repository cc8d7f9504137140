"""Hanoi's data files: what they say, and what makes a new version of them."""

from collections import Counter
from datetime import date, time
from pathlib import Path

import pytest

from tests.adapters.files.hanoi_files import HANOI, copy_of_hanoi, edit
from tracker.adapters.files.catalogue import load_catalogue
from tracker.adapters.files.network import load_network
from tracker.adapters.files.service_data import ServiceData, load_service_data
from tracker.domain.deadlines.time_rules import (
    OfficeHours,
    PausePolicy,
    ProcessingTime,
    TimeRule,
    TimeUnit,
)
from tracker.domain.network.admission import check_admission
from tracker.domain.network.network import Collaborator, Office, OfficeKind, Partner, Stop
from tracker.domain.network.procedures import Level, PaperForm, PaperRequired, ProcedureVersion

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def hanoi() -> ServiceData:
    return load_service_data(HANOI)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return copy_of_hanoi(tmp_path)


def test_the_network_has_the_size_it_has_in_public() -> None:
    kinds = Counter(office.kind for office in load_network(HANOI).offices.values())
    assert (kinds[OfficeKind.BRANCH], kinds[OfficeKind.POINT]) == (12, 30)
    assert set(load_network(HANOI).partners) == {
        "VNPOST",
        "VIETTELPOST",
        "FPTRETAIL",
        "VNPT",
        "MOBIFONE",
        "VIETTELSTORE",
        "BIDV",
    }
    assert set(kinds) == set(OfficeKind)


def test_an_office_is_read_whole(hanoi: ServiceData) -> None:
    assert hanoi.network.office("DL-FPTRETAIL-005") == Office(
        id="DL-FPTRETAIL-005",
        kind=OfficeKind.AGENT_POINT,
        name="Cửa hàng FPT Từ Liêm",
        name_en="Tu Liem FPT shop",
        parent="CN06",
        partner="FPTRETAIL",
        agency="H26.06",
        phone="024 0000 0058",
        address="phường Từ Liêm, Hà Nội",
        valid_from=date(2024, 10, 24),
        valid_to=date(2026, 3, 31),
    )


def test_partners_collaborators_and_stops_are_read_whole(hanoi: ServiceData) -> None:
    network = hanoi.network
    assert network.partner("VNPOST") == Partner(
        "VNPOST",
        "Tổng công ty Bưu điện Việt Nam (Vietnam Post)",
        carrier=True,
        valid_from=date(2024, 10, 24),
        valid_to=None,
    )
    assert network.collaborator("CTV-LONGBIEN-04") == Collaborator(
        "CTV-LONGBIEN-04",
        "CTV-LONGBIEN",
        date(2026, 6, 1),
        date(2027, 5, 31),
        None,
    )
    assert network.stops("LUUDONG-1", date(2026, 11, 19)) == (
        Stop("LUUDONG-1", 4, None, time(8), time(11, 30), "Nhà văn hóa xã Ba Vì"),
    )
    assert [stop.on for stop in network.stops("LUUDONG-1", date(2026, 11, 26))] == [
        date(2026, 11, 26),
    ]


def test_a_procedure_version_is_read_whole(hanoi: ServiceData) -> None:
    assert hanoi.catalogue.version("2.000488", 2) == ProcedureVersion(
        code="2.000488",
        version=2,
        valid_from=date(2025, 3, 1),
        valid_to=None,
        name="Cấp Phiếu lý lịch tư pháp",
        name_en="Criminal record certificate",
        level=Level.CITY,
        decided_by="CA-HANOI",
        rule=TimeRule(
            ProcessingTime(7, TimeUnit.WORKING_DAYS),
            OfficeHours(((time(7), time(11, 30)), (time(13, 30), time(17)))),
            None,
            PausePolicy.EXTEND,
        ),
        fee=200_000,
        papers=(
            PaperRequired("Tờ khai yêu cầu cấp Phiếu lý lịch tư pháp", PaperForm.ORIGINAL, 1),
            PaperRequired("Căn cước công dân hoặc hộ chiếu", PaperForm.COPY, 1),
        ),
        sensitive=True,
        legal_basis="Luật Lý lịch tư pháp 2009; chuyển giao cho Công an từ 01-3-2025",
    )


def test_a_same_day_procedure_has_its_cut_off_and_a_promise_may_be_missing(
    hanoi: ServiceData,
) -> None:
    birth = hanoi.catalogue.version_on("1.001193", TODAY).rule
    assert (birth.time, birth.cut_off) == (ProcessingTime(0, TimeUnit.WORKING_DAYS), time(15))
    assert hanoi.catalogue.version_on("2.002480", TODAY).rule.time is None


def test_every_sort_of_time_and_pause_is_among_the_procedures(hanoi: ServiceData) -> None:
    versions = [one for each in hanoi.catalogue.procedures.values() for one in each]
    times = {one.rule.time for one in versions}
    assert {one.amount for one in times if one and one.unit is TimeUnit.WORKING_DAYS} == {
        *(0, 1, 2, 3, 5, 7, 10, 15, 20, 30),
    }
    assert {one.unit for one in times if one} == set(TimeUnit)
    assert {one.rule.pause_policy for one in versions} == set(PausePolicy)


def test_the_real_agents_take_in_what_is_opened_to_them_and_nothing_else(
    hanoi: ServiceData,
) -> None:
    taken = {
        one.code
        for one in hanoi.catalogue.in_force_on(TODAY)
        if hanoi.catalogue.open_to_agents(one.code, TODAY)
    }
    assert len(taken) == 11
    for one in taken:
        admitted = check_admission(
            hanoi.network,
            hanoi.catalogue,
            office_id="DL-VNPOST-002",
            collaborator_id=None,
            procedure_code=one,
            on=TODAY,
        )
        assert admitted.code == one


def test_the_network_alone_and_the_catalogue_alone_are_the_same_as_together(
    hanoi: ServiceData,
) -> None:
    assert load_network(HANOI).version == hanoi.network.version
    assert load_network(HANOI).offices == hanoi.network.offices
    assert load_catalogue(HANOI).digest == hanoi.catalogue.digest
    assert load_catalogue(HANOI).procedures == hanoi.catalogue.procedures


def test_a_change_in_a_file_changes_the_version_of_its_part_alone(files: Path) -> None:
    before = load_service_data(files)
    edit(files / "papers.csv", "1.001193,1", ",1", ",1 ")
    after = load_service_data(files)
    assert after.network.version == before.network.version
    assert after.catalogue.digest != before.catalogue.digest


def test_neither_a_byte_order_mark_nor_line_ends_of_windows_change_the_version(
    files: Path,
    hanoi: ServiceData,
) -> None:
    path = files / "offices.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8-sig", newline="\r\n")
    assert load_network(files).version == hanoi.network.version
    assert load_network(files).offices == hanoi.network.offices
