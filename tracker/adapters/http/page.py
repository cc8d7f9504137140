"""The first page: a look-up by code, and how the service does. It works without JavaScript."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, FastAPI, Query
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tracker.adapters.http.doors import open_to_all
from tracker.adapters.http.figures import FiguresNow
from tracker.adapters.http.parts import Parts
from tracker.adapters.http.plain_words import in_plain_words, percent
from tracker.adapters.http.public import PublicLookUp
from tracker.application.posts import UnknownDossierError
from tracker.projections.figures import Counts

_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_KEEP = timedelta(seconds=5)


def add_page(app: FastAPI, parts: Parts, look_up: PublicLookUp, figures: FiguresNow) -> None:
    """Add the page."""
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    pages.filters["percent"] = percent
    page = pages.get_template("page.html")
    totals = _Remembered(figures, parts.now)
    zone = parts.service.calendar.zone

    @app.get("/", dependencies=[Depends(open_to_all)], include_in_schema=False)
    def show_page(code: Annotated[str, Query()] = "") -> HTMLResponse:
        """Show the form, the answer to a code, and the total figures."""
        html = page.render(
            code=code[:60],
            told=_told(look_up, code, zone) if code.strip() else None,
            total=totals.get(),
            as_of=parts.now().astimezone(zone),
            samples=list(parts.sample_codes()),
        )
        return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})


class _Remembered:
    """The total figures, counted at most every few seconds: anybody may ask for the page."""

    def __init__(self, figures: FiguresNow, now: Callable[[], datetime]) -> None:
        self._figures = figures
        self._now = now
        self._known: tuple[datetime, Counts] | None = None

    def get(self) -> Counts:
        now = self._now()
        if self._known is None or not now - _KEEP < self._known[0] <= now:
            self._known = (now, self._figures.answer().total)
        return self._known[1]


def _told(look_up: PublicLookUp, code: str, zone: ZoneInfo) -> dict[str, str]:
    try:
        answer = look_up.answer(code)
    except UnknownDossierError:
        return {
            "vi": "Không có hồ sơ nào mang mã này. Xin xem lại mã trên giấy tiếp nhận.",
            "en": "There is no dossier with this code. Please look at your receipt again.",
        }
    return in_plain_words(answer, zone)
