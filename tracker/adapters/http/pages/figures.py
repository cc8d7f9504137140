"""The public page of the total figures."""

from collections.abc import Callable
from datetime import datetime, timedelta

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse

from tracker.adapters.http.auth.authentication import open_to_all
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.pages.rendering import Pages
from tracker.application.queries.figures import FiguresQuery
from tracker.projections.figures.figures import Counts

_CACHE_TIME = timedelta(seconds=5)


def add_figures_page(app: FastAPI, parts: Dependencies, pages: Pages) -> None:
    """Add the page."""
    totals = _CachedFigures(parts.figures, parts.now)

    @app.get("/figures", dependencies=[Depends(open_to_all)], include_in_schema=False)
    def show_total_figures(request: Request) -> HTMLResponse:
        """Show the total figures."""
        return pages.show(request, "figures.html", total=totals.get(), as_of=parts.now())


class _CachedFigures:
    """The total figures, computed at most once every five seconds because the page is public."""

    def __init__(self, figures: FiguresQuery, now: Callable[[], datetime]) -> None:
        self._figures = figures
        self._now = now
        self._cached: tuple[datetime, Counts] | None = None

    def get(self) -> Counts:
        now = self._now()
        if self._cached is None or not now - _CACHE_TIME < self._cached[0] <= now:
            self._cached = (now, self._figures.public_total())
        return self._cached[1]
