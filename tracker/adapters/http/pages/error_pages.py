"""What people are told when something is refused; programs are told problems."""

from collections.abc import Mapping

from fastapi import Request, Response
from starlette.status import HTTP_500_INTERNAL_SERVER_ERROR

from tracker.adapters.http.pages.rendering import Pages
from tracker.adapters.http.schema.problems import answer_error

_API = "/v1/"
_KEPT = {"retry-after", "allow"}


class ErrorPages:
    """Answers an error with a page where a page was asked for."""

    def __init__(self, pages: Pages) -> None:
        """Make these pages."""
        self._pages = pages

    def __call__(self, request: Request, error: Exception) -> Response:
        """Answer the error."""
        problem = answer_error(error)
        wants_page = "text/html" in request.headers.get("accept", "")
        if request.url.path.startswith(_API) or not wants_page:
            return problem
        return self._pages.show(
            request,
            "refused.html",
            status=problem.status_code,
            headers=_kept(problem.headers),
            told=problem.status_code,
            is_our_fault=problem.status_code >= HTTP_500_INTERNAL_SERVER_ERROR,
        )


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name in _KEPT}
