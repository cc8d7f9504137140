"""Every form filled in, to be written and set."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from tests.adapters.files.hanoi_files import HANOI
from tracker.adapters.files.service_data import load_service_data
from tracker.application.forms.apology import Apology
from tracker.application.forms.case import Head, Person
from tracker.application.forms.control import ControlSlip, Holding, Verdict
from tracker.application.forms.receipt import Receipt
from tracker.application.forms.refusal import Refusal
from tracker.application.forms.register import Line, Register
from tracker.application.forms.stopping import StopNotice
from tracker.application.forms.supplement import SupplementRequest
from tracker.application.forms.way_back import Leg
from tracker.application.queries.fill_form import Form
from tracker.domain.deadlines.time_rules import ProcessingTime, TimeUnit
from tracker.domain.dossier.lifecycle import PublicStatus, Step
from tracker.domain.dossier.values import Paper, WayOfReturn
from tracker.domain.network.network import Office
from tracker.domain.network.procedures import PaperForm

CODE = "H26.01-261120-0001"
NAME = "Công Tằng Tôn Nữ Thị Ngọc Huyền Ễ Ữ Ỵ"
PAPER = Paper("Giấy đề nghị đăng ký doanh nghiệp", PaperForm.CERTIFIED_COPY, 2)
NUMBERS = ("01", "02", "03", "04", "05", "06", "07")
LINK = f"https://hoso.example.vn/h/{CODE}/abcdefghijklmnopqrstuvwxyz"

_DAY = datetime(2026, 11, 20, 2, tzinfo=UTC)
_WHO = Person(name=NAME, id_number="001099000001", address="12 Hàng Bông", phone="0900 000 001")
_LINE = Line(
    code=CODE,
    procedure="Đăng ký thành lập doanh nghiệp tư nhân",
    applicant=_WHO,
    decided_by="Sở Tài chính",
    received_at=_DAY,
    promised_at=_DAY,
    finished_at=_DAY,
    returned_at=None,
    status=PublicStatus.DECIDED,
)


@cache
def _branch() -> Office:
    return load_service_data(HANOI).network.office("CN01")


@cache
def _head() -> Head:
    return Head(
        code=CODE,
        issuer=_branch(),
        above=None,
        issued_at=_DAY,
        applicant=_WHO,
        procedure="2.001610",
        procedure_name="Đăng ký thành lập doanh nghiệp tư nhân",
    )


def receipt(papers: Sequence[Paper] = (PAPER,), who: Person = _WHO) -> Receipt:
    return Receipt(
        head=replace(_head(), applicant=who),
        link=LINK,
        decided_by=_branch(),
        papers=tuple(papers),
        time=ProcessingTime(5, TimeUnit.WORKING_DAYS),
        received_at=_DAY,
        promised_at=_DAY,
        way_of_return=WayOfReturn.POST,
        tariff=50_000,
    )


def register(lines: int) -> Register:
    return Register(
        issuer=_branch(),
        above=None,
        issued_at=_DAY,
        first=date(2026, 11, 20),
        last=date(2026, 11, 20),
        lines=(_LINE,) * lines,
        is_cut=False,
    )


@cache
def forms() -> Mapping[str, Form]:
    """Return one filled form for each number in `NUMBERS`."""
    return {
        "01": receipt(),
        "02": SupplementRequest(
            head=_head(), number=1, papers=(PAPER,), reason="thiếu", basis="b", papers_due_at=_DAY
        ),
        "03": Refusal(head=_head(), reason="sai thẩm quyền", basis=""),
        "04": Apology(
            head=_head(), number=1, of=1, received_at=_DAY, previous_due_at=_DAY, due_at=_DAY,
            reason="bão lũ", basis="", signer="Trần Văn Được",
        ),
        "05": StopNotice(head=_head(), number=1, received_at=_DAY, reason="chờ tòa án", basis="b"),
        "06": ControlSlip(
            head=_head(), received_at=_DAY, first_due_at=_DAY, due_at=_DAY, finished_at=_DAY,
            returned_at=_DAY, day=timedelta(hours=8),
            holdings=(
                Holding(
                    office_id="CN01", office=_branch(), unit="", clerk="", task="", from_at=_DAY,
                    to_at=_DAY, worked=timedelta(), waited=timedelta(), due_at=_DAY,
                    verdict=Verdict.EARLY,
                ),
            ),
            way_back=(
                Leg(
                    holder="VNPost", number="RR473124829VN", failed=2, from_at=_DAY, to_at=_DAY,
                    ended_by=Step.COLLECTED, ended_at=_branch(),
                ),
            ),
        ),
        "07": register(1),
    }  # fmt: skip
