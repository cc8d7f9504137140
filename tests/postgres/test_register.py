"""The register of the real application on PostgreSQL."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.http.pages.test_register import ask
from tests.http.site import ACTORS, NOON, Site
from tracker.bootstrap import open_container
from tracker.settings import Settings
from tracker.wiring.http import http_app

pytestmark = pytest.mark.system


def test_the_page_and_the_pdf_hold_the_office_s_dossiers_in_order(
    database: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, store_url=database)
    with (
        open_container(settings, lambda: NOON) as container,
        TestClient(http_app(container)) as client,
    ):
        keys = {name: container.keys.make(actor, NOON) for name, actor in ACTORS.items()}
        site = Site(container, client, [NOON], keys)
        first, elsewhere, second = site.received(), site.received("other desk"), site.received()
        page = ask(site, "desk").text
        assert -1 < page.index(first) < page.index(second)
        assert elsewhere not in page
        assert ask(site, "desk", ending=".pdf").content.startswith(b"%PDF-")
        assert elsewhere in ask(site, "decider", office="SO-TAICHINH").text
