"""Renders HTML pages in the language of the reader. They work without JavaScript.

The templates hold the Vietnamese texts, inside `_()` or `ngettext()`. `tracker/translations` holds
the English ones. A template extends `layout.html`.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tracker.domain.deadlines.wording import Language
from tracker.translations.catalogues import LANGUAGES, read_catalogue

ASSETS = {path.name: path for path in (Path(__file__).parent / "assets").iterdir()}
"""The files that pages load, by name."""

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_COOKIE = "lang"
_A_YEAR_S = 365 * 24 * 60 * 60
_DAYS: Mapping[Language, str] = {"vi": "EEEE, 'ngày' dd/MM/yyyy", "en": "EEEE d MMMM yyyy"}
_MOMENTS: Mapping[Language, str] = {"vi": "HH:mm 'ngày' dd/MM/yyyy", "en": "HH:mm, d MMMM yyyy"}
_SECONDS: Mapping[Language, str] = {"vi": "HH:mm:ss, dd/MM/yyyy", "en": "HH:mm:ss, d MMM yyyy"}


class Pages:
    """Renders templates. Every page has a content security policy that blocks other sites."""

    def __init__(self, zone: ZoneInfo) -> None:
        """Show times in this zone."""
        self._environments = {language: _environment(language, zone) for language in LANGUAGES}

    def show(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        here: str | None = None,
        **values: object,
    ) -> HTMLResponse:
        """Return the rendered page; `values` are the variables of its template.

        `here` is the address for the language links if it is not the requested address, for
        example after a form was posted.
        """
        language = language_of(request)
        html = (
            self._environments[language]
            .get_template(template)
            .render(language=language, elsewhere=_language_addresses(request, here), **values)
        )
        answer = HTMLResponse(html, status, {"Content-Security-Policy": _POLICY, **(headers or {})})
        if request.query_params.get(_COOKIE) == language:
            answer.set_cookie(
                _COOKIE, language, max_age=_A_YEAR_S, httponly=True, samesite="lax", path="/"
            )
        return answer


def language_of(request: Request) -> Language:
    """Return the language from `?lang=`, else from the cookie, else Vietnamese."""
    for asked in (request.query_params.get(_COOKIE), request.cookies.get(_COOKIE)):
        for language in LANGUAGES:
            if asked == language:
                return language
    return next(iter(LANGUAGES))


def _language_addresses(request: Request, here: str | None) -> dict[str, str]:
    """Return the addresses of this page by language."""
    url = request.url if here is None else request.url.replace(path=here, query="")
    urls = {language: url.include_query_params(**{_COOKIE: language}) for language in LANGUAGES}
    return {language: f"{url.path}?{url.query}" for language, url in urls.items()}


def _environment(language: Language, zone: ZoneInfo) -> Environment:
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    install = pages.install_gettext_translations  # type: ignore[attr-defined]  # added by the extension
    install(read_catalogue(language), newstyle=True)

    def formatted(moment: datetime, pattern: str) -> str:
        return format_datetime(moment, pattern, tzinfo=zone, locale=language)

    pages.globals |= {"languages": LANGUAGES, "asset": _address_of_asset}
    pages.filters |= {
        "day": lambda moment: formatted(moment, _DAYS[language]),
        "deadline": lambda moment: formatted(moment, f"HH:mm, {_DAYS[language]}"),
        "moment": lambda moment: formatted(moment, _MOMENTS[language]),
        "second": lambda moment: formatted(moment, _SECONDS[language]),
        "machine_time": lambda moment: moment.astimezone(zone).isoformat(timespec="minutes"),
        "time": lambda moment: formatted(moment, "HH:mm"),
        "number": lambda number: format_decimal(number, locale=language),
        "percent": _percent,
        "first_upper": lambda text: text[:1].upper() + text[1:],
    }
    return pages


def _percent(rate: float | None) -> str:
    """Return a rate as per cent with one decimal, rounded down, or a dash for `None`."""
    return "\N{EN DASH}" if rate is None else f"{int(rate * 1000) / 10:.1f} %"


def _address_of_asset(name: str) -> str:
    """Return the address of an asset. It contains a hash of the content."""
    return f"/assets/{name}?{hashlib.sha256(ASSETS[name].read_bytes()).hexdigest()[:8]}"
