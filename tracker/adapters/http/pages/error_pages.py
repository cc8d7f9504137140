"""Error pages for people; programs get problem documents (RFC 9457)."""

from collections.abc import Mapping

from fastapi import Request, Response
from starlette.status import HTTP_500_INTERNAL_SERVER_ERROR

from tracker.adapters.http.pages.rendering import Pages
from tracker.adapters.http.schema.problems import answer_error

_API = "/v1/"
_KEPT_HEADERS = {"retry-after", "allow"}


class ErrorPages:
    """Answers an error with a page if the client accepts HTML."""

    def __init__(self, pages: Pages) -> None:
        """Render with these pages."""
        self._pages = pages

    def __call__(self, request: Request, error: Exception) -> Response:
        """Return the error page, or the problem document."""
        problem = answer_error(error)
        wants_page = "text/html" in request.headers.get("accept", "")
        if request.url.path.startswith(_API) or not wants_page:
            return problem
        return self._pages.show(
            request,
            "refused.html",
            status=problem.status_code,
            headers=_kept_headers(problem.headers),
            http_status=problem.status_code,
            is_our_fault=problem.status_code >= HTTP_500_INTERNAL_SERVER_ERROR,
        )


def _kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name in _KEPT_HEADERS}
