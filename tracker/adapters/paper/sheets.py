"""Renders the official forms in Vietnamese, with one template for each form.

A sheet is well-formed XML with few elements. The HTML page embeds it, and the PDF is made from it.
Texts are in Unicode NFC.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tracker.application.forms.apology import Apology
from tracker.application.forms.control import ControlSlip
from tracker.application.forms.receipt import Receipt
from tracker.application.forms.refusal import Refusal
from tracker.application.forms.register import Register
from tracker.application.forms.stopping import StopNotice
from tracker.application.forms.supplement import SupplementRequest
from tracker.application.queries.fill_form import Form

SHEETS = Path(__file__).parent / "sheets"
_TEMPLATES: Mapping[type[Form], str] = {
    Receipt: "01-receipt.xml",
    SupplementRequest: "02-supplement.xml",
    Refusal: "03-refusal.xml",
    Apology: "04-apology.xml",
    StopNotice: "05-stopping.xml",
    ControlSlip: "06-control.xml",
    Register: "07-register.xml",
}


class Sheets:
    """Renders sheets."""

    def __init__(self, zone: ZoneInfo) -> None:
        """Format times in this zone."""
        self._zone = zone
        self._templates = Environment(
            loader=FileSystemLoader(SHEETS),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "day": self._day,
            "moment": self._moment,
            "money": money,
            "office_time": office_time,
            "qr": qr,
            "short": lambda moment: f"{moment.astimezone(zone):%H:%M %d/%m/%Y}",
        }

    def write(self, form: Form) -> str:
        """Return the form as XML with one `article` element."""
        return self._templates.get_template(_TEMPLATES[type(form)]).render(form=form)

    def _day(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):ngày %d tháng %m năm %Y}"

    def _moment(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%H giờ %M phút}, {self._day(moment)}"


def money(amount: int) -> str:
    """Return an amount in Vietnamese notation, such as 50.000 đồng."""
    return f"{amount:,} đồng".replace(",", ".")


def office_time(worked: timedelta, day: timedelta) -> str:
    """Return office time in working days, hours and minutes, rounded down to minutes."""
    days, rest = divmod(worked, day)
    hours, rest = divmod(rest, timedelta(hours=1))
    minutes = rest // timedelta(minutes=1)
    parts = ((days, "ngày"), (hours, "giờ"), (minutes, "phút"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 phút"


def qr(link: str) -> str:
    """Return the QR code of a link as SVG."""
    return segno.make(link, error="m", micro=False).svg_inline(omitsize=True, border=2)
