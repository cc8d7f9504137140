from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.application.service_desk import (
    ADMINISTRATOR,
    CLERK,
    DECIDER,
    NAME,
    PHONE,
    TABLET,
    ZONE,
    ServiceDesk,
    service_desk,
)
from tracker.application.forms.apology import Apology
from tracker.application.forms.case import Gap, Head, NoSuchFormError, Person
from tracker.application.forms.control import ControlSlip, Holding, Verdict
from tracker.application.forms.receipt import Receipt
from tracker.application.forms.refusal import Refusal
from tracker.application.forms.stopping import StopNotice
from tracker.application.forms.supplement import SupplementRequest
from tracker.application.forms.way_back import Leg
from tracker.application.queries.fill_form import FillForm, Form, FormNumber
from tracker.domain.deadlines.time_rules import ProcessingTime, TimeUnit
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.values import Paper, WayOfReturn
from tracker.domain.errors import NotAllowedError
from tracker.domain.network.procedures import PaperForm

AUDITOR = Actor(Role.AUDITOR, "auditor")
FRIDAY_9 = datetime(2026, 11, 20, 9, tzinfo=ZONE)
NOTHING = timedelta()


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServiceDesk]:
    with service_desk(tmp_path) as opened:
        yield opened


def fill(
    desk: ServiceDesk,
    code: str,
    number: str,
    actor: Actor = ADMINISTRATOR,
    which: int | None = None,
) -> Form:
    filling = FillForm(desk.at.reader, desk.at.receipts)
    return filling.fill(actor, code, FormNumber(number), which)


def receipt(desk: ServiceDesk, code: str, who: Actor = ADMINISTRATOR) -> Receipt:
    filled = fill(desk, code, "01", who)
    assert isinstance(filled, Receipt)
    return filled


def head(desk: ServiceDesk, code: str, office: str, issued_at: datetime) -> Head:
    return Head(
        code=code,
        issuer=desk.at.service.network.office(office),
        above=None,
        issued_at=issued_at,
        applicant=Person(name=NAME, phone=PHONE),
        procedure="1.000894",
        procedure_name="Đăng ký kết hôn",
    )


def headed(form: Form) -> Head:
    assert isinstance(form, SupplementRequest | Refusal)
    return form.head


def do(desk: ServiceDesk, when: datetime, actor: Actor, code: str, step: str, **more: Any) -> None:  # noqa: ANN401
    desk.hands.now = when
    desk.post(actor, code=code, step=step, **more)


def test_the_receipt_says_what_was_taken_in_and_promised(desk: ServiceDesk) -> None:
    code = desk.take_in(papers=[{"name": "Tờ khai", "form": "original", "quantity": 2}]).code
    assert fill(desk, code, "01") == Receipt(
        head=head(desk, code, "CN05", FRIDAY_9),
        link=desk.at.receipts.link(code),
        decided_by=desk.at.service.network.office("UBND-LONGBIEN"),
        papers=(Paper("Tờ khai", PaperForm.ORIGINAL, 2),),
        time=ProcessingTime(3, TimeUnit.WORKING_DAYS),
        received_at=FRIDAY_9,
        # 21-22 November are a weekend, 24 November is a holiday: Monday, Wednesday, Thursday
        promised_at=at(26, 17),
        way_of_return=WayOfReturn.POST,
        tariff=0,
    )


def test_a_masked_receipt_keeps_the_name_and_hides_the_rest(desk: ServiceDesk) -> None:
    sent = {
        "name": NAME,
        "phone": PHONE,
        "address": "12 Hàng Bông",
        "id_number": "001099000001",
        "email": "an@example.vn",
    }
    form = fill(desk, desk.take_in(applicant=sent).code, "01")
    assert isinstance(form, Receipt)
    assert form.masked().head.applicant == Person(
        name=NAME, phone="•••78", address="•••", id_number="•••01", email="•••"
    )


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), ("7", "•••"), ("78", "•••"), ("678", "•••8"), ("5678", "•••78")]
)
def test_no_text_is_so_short_that_its_mask_shows_it_whole(text: str, shown: str) -> None:
    masked = Person(name=NAME, id_number=text, phone=text).masked()
    assert (masked.id_number, masked.phone) == (shown, shown)


def test_a_corrected_applicant_is_on_the_receipt(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    desk.post(
        CLERK, code=code, step="corrected", corrects=1, what="applicant", applicant={"name": "Bình"}
    )
    assert receipt(desk, code).head.applicant == Person(name="Bình")


def test_an_actor_who_may_not_see_the_applicant_gets_the_receipt_without(desk: ServiceDesk) -> None:
    code = desk.take_in(TABLET).code
    assert receipt(desk, code, TABLET).head.applicant is Gap.WITHHELD
    with pytest.raises(NotAllowedError):
        fill(desk, code, "04", TABLET)


def test_after_erasure_forms_say_that_the_data_were_erased(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    do(desk, at(20, 10), DECIDER, code, "stopped", reason="bí mật", basis="Luật")
    desk.at.tracker.erase_personal_data(ADMINISTRATOR, code, event_id="x", basis="Luật")
    assert receipt(desk, code).head.applicant is Gap.ERASED
    stopped = fill(desk, code, "05")
    assert isinstance(stopped, StopNotice)
    assert stopped.reason is Gap.ERASED
    assert stopped.basis == "Luật"


def test_what_was_printed_is_recorded_with_who_got_it(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    fill(desk, code, "01", DECIDER)
    (look,) = desk.at.reader.readers(ADMINISTRATOR, code)
    assert (look.actor, look.what, look.reason) == ("decider", "personal_data", "mẫu số 01")


def test_a_form_of_what_has_not_happened_is_not_made(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    for number in ("02", "03", "04", "05"):
        with pytest.raises(NoSuchFormError):
            fill(desk, code, number)


def test_papers_asked_a_refusal_and_a_stop_tell_their_reason_and_basis(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    do(
        desk, at(20, 10), DECIDER, code, "supplement_asked",
        reason="thiếu giấy", basis="NĐ 123", papers=[{"name": "Giấy xác nhận"}],
        papers_due_at=at(30, 17).isoformat(),
    )  # fmt: skip
    do(desk, at(20, 11), DECIDER, code, "stopped", reason="chờ tòa", basis="Luật")
    assert fill(desk, code, "02") == SupplementRequest(
        head=head(desk, code, "UBND-LONGBIEN", at(20, 10)),
        number=1,
        papers=(Paper("Giấy xác nhận"),),
        reason="thiếu giấy",
        basis="NĐ 123",
        papers_due_at=at(30, 17),
    )
    assert fill(desk, code, "05") == StopNotice(
        head=head(desk, code, "UBND-LONGBIEN", at(20, 11)),
        number=1,
        received_at=FRIDAY_9,
        reason="chờ tòa",
        basis="Luật",
    )
    other = desk.take_in().code
    do(desk, at(20, 14), CLERK, other, "refused", reason="sai thẩm quyền", basis="Điều 5")
    assert fill(desk, other, "03") == Refusal(
        head=head(desk, other, "CN05", at(20, 14)), reason="sai thẩm quyền", basis="Điều 5"
    )


def test_what_an_administrator_asks_is_on_paper_of_the_office_whose_turn_it_was(
    desk: ServiceDesk,
) -> None:
    code = desk.take_in().code
    do(desk, at(20, 10), ADMINISTRATOR, code, "supplement_asked", reason="thiếu giấy")
    do(desk, at(20, 11), ADMINISTRATOR, code, "resumed")
    do(desk, at(20, 12), ADMINISTRATOR, code, "forwarded", to_office="SO-TUPHAP")
    do(desk, at(20, 13), ADMINISTRATOR, code, "supplement_asked", reason="thiếu giấy")
    assert headed(fill(desk, code, "02", which=1)) == head(desk, code, "UBND-LONGBIEN", at(20, 10))
    assert headed(fill(desk, code, "02")) == head(desk, code, "SO-TUPHAP", at(20, 13))
    other = desk.take_in().code
    do(desk, at(20, 14), ADMINISTRATOR, other, "refused", reason="sai thẩm quyền")
    assert headed(fill(desk, other, "03")) == head(desk, other, "CN05", at(20, 14))


def test_each_apology_has_the_date_before_it_and_its_own(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    for day, due in ((25, at(30, 17)), (30, at(4, 17, month=12))):
        do(
            desk, at(day, 8), DECIDER, code, "promise_extended",
            due_at=due.isoformat(), reason=f"lý do {day}", basis="NĐ 61", signer="Trần Văn Được",
        )  # fmt: skip
    first = Apology(
        head=head(desk, code, "UBND-LONGBIEN", at(25, 8)),
        number=1,
        of=2,
        received_at=FRIDAY_9,
        previous_due_at=at(26, 17),
        due_at=at(30, 17),
        reason="lý do 25",
        basis="NĐ 61",
        signer="Trần Văn Được",
    )
    second = replace(
        first,
        head=head(desk, code, "UBND-LONGBIEN", at(30, 8)),
        number=2,
        previous_due_at=at(30, 17),
        due_at=at(4, 17, month=12),
        reason="lý do 30",
    )
    assert fill(desk, code, "04", which=1) == first
    assert fill(desk, code, "04", which=2) == second
    assert fill(desk, code, "04") == second
    with pytest.raises(NoSuchFormError):
        fill(desk, code, "04", which=3)


def test_the_control_slip_counts_what_each_had_it_without_pauses_and_across_forwarding(
    desk: ServiceDesk,
) -> None:
    code = desk.take_in().code
    other = Actor(Role.STAFF, "other", office="SO-TAICHINH")
    do(desk, at(20, 10, 30), DECIDER, code, "processing_started")
    do(
        desk, at(20, 15), DECIDER, code, "internal_step_taken",
        name="Thẩm định", clerk="le-c", unit="Tư pháp",
    )  # fmt: skip
    do(desk, at(23, 8), DECIDER, code, "supplement_asked", reason="thiếu")
    do(desk, at(26, 8), CLERK, code, "supplement_received")
    do(desk, at(27, 9), DECIDER, code, "forwarded", to_office="SO-TAICHINH")
    do(desk, at(2, 9, month=12), other, code, "decided", outcome="granted")
    long_bien = desk.at.service.network.office("UBND-LONGBIEN")
    branch = desk.at.service.network.office("CN05")
    finance = desk.at.service.network.office("SO-TAICHINH")
    # The holiday of 24 November and two worked days moved the date from Thursday to Monday.
    moved = at(30, 17)
    assert fill(desk, code, "06", AUDITOR) == ControlSlip(
        head=replace(
            head(desk, code, "SO-TAICHINH", at(2, 9, month=12)), applicant=Gap.WITHHELD
        ),
        received_at=FRIDAY_9,
        first_due_at=at(26, 17),
        due_at=moved,
        finished_at=at(2, 9, month=12),
        returned_at=None,
        day=timedelta(hours=8),
        holdings=(
            Holding(
                office_id="CN05", office=branch, unit="", clerk="", task="",
                from_at=FRIDAY_9, to_at=at(20, 10, 30),
                worked=timedelta(minutes=90), waited=NOTHING,
                due_at=at(26, 17), verdict=Verdict.EARLY,
            ),
            Holding(
                # 10:30-11:30 and 13:30-15:00
                office_id="UBND-LONGBIEN", office=long_bien,
                unit="Tư pháp", clerk="le-c", task="Thẩm định",
                from_at=at(20, 10, 30), to_at=at(20, 15),
                worked=timedelta(minutes=150), waited=NOTHING,
                due_at=at(26, 17), verdict=Verdict.EARLY,
            ),
            Holding(
                # Fri 2 h, Mon 1 h, then paused (Mon 7 h, Wed 8 h, Thu 1 h), Thu 7 h, Fri 2 h
                office_id="UBND-LONGBIEN", office=long_bien, unit="", clerk="", task="",
                from_at=at(20, 15), to_at=at(27, 9),
                worked=timedelta(hours=12), waited=timedelta(hours=16),
                due_at=moved, verdict=Verdict.EARLY,
            ),
            Holding(
                # Fri 6 h, Mon 8 h, Tue 8 h, Wed 2 h; Monday evening was the date
                office_id="SO-TAICHINH", office=finance, unit="", clerk="", task="",
                from_at=at(27, 9), to_at=at(2, 9, month=12),
                worked=timedelta(hours=24), waited=NOTHING,
                due_at=moved, verdict=Verdict.LATE,
            ),
        ),
        way_back=(Leg(holder="Sở Tài chính", from_at=at(2, 9, month=12)),),
    )  # fmt: skip


def test_the_last_day_is_on_time_and_the_current_holder_is_listed(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    do(desk, at(26, 8), DECIDER, code, "processing_started")
    desk.hands.now = at(26, 17)
    slip = fill(desk, code, "06", AUDITOR)
    assert isinstance(slip, ControlSlip)
    assert [(holding.to_at, holding.verdict) for holding in slip.holdings] == [
        (at(26, 8), Verdict.ON_TIME),
        (None, Verdict.ON_TIME),
    ]
    desk.hands.now = at(26, 17, 1)
    slip = fill(desk, code, "06", AUDITOR)
    assert isinstance(slip, ControlSlip)
    assert slip.holdings[-1].verdict is Verdict.LATE


def test_an_office_that_waits_for_papers_does_not_become_late(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    do(desk, at(26, 8), DECIDER, code, "processing_started")
    do(desk, at(26, 9), DECIDER, code, "supplement_asked", reason="thiếu")
    # The fee is asked during the pause: the same hours count only once.
    do(desk, at(26, 10), DECIDER, code, "fee_asked", reason="phí", amount=50_000)
    desk.hands.now = at(27, 8)
    slip = fill(desk, code, "06", AUDITOR)
    assert isinstance(slip, ControlSlip)
    last = slip.holdings[-1]
    assert (last.verdict, last.worked, last.waited) == (
        Verdict.ON_TIME,
        timedelta(hours=1),
        timedelta(hours=7),  # Thursday 9:00 to 17:00 is 6 h, and one on Friday
    )
