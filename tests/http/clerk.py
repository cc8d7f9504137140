"""A clerk at a browser, simulated by a client with cookies and the forms of the pages."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from tests.http.site import Site

OURS = "https://desk.test"
FROM_OUR_PAGE = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Clerk:
    """A browser at the desk."""

    site: Site
    browser: TestClient
    shown: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: FROM_OUR_PAGE)

    def signs_in(self, who: str, **typed: str) -> Response:
        return self.sends("/desk/sign-in", key=self.site.keys[who], **typed)

    def opens(self, path: str, **params: str) -> Response:
        answer = self.browser.get(path, params=params or None)
        self.shown = answer.text
        return answer

    def sends(self, path: str, **typed: str) -> Response:
        """Send the form of the last page with these values; `__` in a name means a dot."""
        named = {name.replace("__", "."): text for name, text in typed.items()}
        hidden = self.form(path).hidden if self.shown else {}
        answer = self.browser.post(
            path,
            data=hidden | named,
            headers=self.headers,
            follow_redirects=False,
        )
        if answer.status_code != 303:
            self.shown = answer.text
        return answer

    def form(self, path: str) -> "Form":
        return next((form for form in forms(self.shown) if form.action == path), Form(path))

    def later(self, **span: float) -> None:
        self.site.now[0] += timedelta(**span)

    def faults(self) -> list[str]:
        """Return the errors next to the fields."""
        return [
            text.strip() for text in re.findall(r'<p class="fault"[^>]*>([^<]*)</p>', self.shown)
        ]


def clerk_at(site: Site, address: str = OURS) -> Clerk:
    app = site.client.app
    assert isinstance(app, FastAPI)
    return Clerk(site, TestClient(app, base_url=address))


@dataclass
class Form:
    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(attributes.get("action", "")))
        elif tag in {"input", "select", "textarea"} and "name" in attributes:
            form = self.found[-1]
            fields = form.hidden if attributes.get("type") == "hidden" else form.boxes
            fields[attributes["name"]] = attributes.get("value", "")


def forms(html: str) -> list[Form]:
    """Return every form of a page, with its values."""
    parser = _Forms()
    parser.feed(html)
    return parser.found
