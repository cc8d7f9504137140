"""Exports over HTTP: the archive has the files of `tracker export`; one is made at a time."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest
from httpx2 import Response

from tests.http.clerk import clerk_at
from tests.http.site import NOON, Site
from tracker.adapters.exports.directory import find_faults
from tracker.application.queries.export import DossierExport, ExportedDossier, Form
from tracker.domain.dossier.codes import dossier_id

REASON = "complaint 7"
NAME = b"Planted-Name-4711"


def get(site: Site, form: str = "ndjson", who: str | None = "auditor", **asked: str) -> Response:
    return site.get(f"/v1/exports/{form}", who, **asked)


def unpacked(answer: Response, directory: Path) -> dict[str, bytes]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/zip"
    with ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(directory)
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def codes_in(answer: Response, directory: Path) -> set[str]:
    lines = unpacked(answer, directory)["events.ndjson"].splitlines()
    ids = {UUID(json.loads(line)["event"]["originator_id"]) for line in lines}
    return {str(identifier) for identifier in ids}


def ids(*codes: str) -> set[str]:
    return {str(dossier_id(code)) for code in codes}


def looks(site: Site, code: str) -> list[tuple[str, str, str]]:
    accesses = site.get(f"/v1/dossiers/{code}/readers", "administrator").json()["readers"]
    return [(access["what"], access["actor"], access["reason"]) for access in accesses]


@pytest.fixture
def code(site: Site) -> str:
    return site.received(applicant={"name": NAME.decode()})


@pytest.mark.parametrize("form", Form)
def test_every_form_unpacks_to_an_export_that_is_as_its_manifest_says(
    site: Site, code: str, tmp_path: Path, form: Form
) -> None:
    site.caught_up()
    site.installation.log.maker.prepare()
    site.installation.log.maker.make()
    files = unpacked(get(site, form), tmp_path / "out")
    assert files.keys() == {form.file_name, "manifest.json"}
    assert find_faults(tmp_path / "out") == []
    (tmp_path / "out" / form.file_name).write_bytes(files[form.file_name] + b" ")
    assert find_faults(tmp_path / "out") == [f"{form.file_name} is not what was exported"]
    manifest = json.loads(files["manifest.json"])
    assert (manifest["dossiers"], manifest["events"], manifest["up_to"]) == (1, 1, 1)
    assert manifest["checkpoint"].split("\n")[1] == "1"
    assert manifest["asked"]["personal_data"] == "sealed"
    assert NAME not in b"".join(files.values())
    assert ("history", "auditor-1", "") in looks(site, code)


def test_personal_data_are_opened_for_a_reason_that_is_recorded(
    site: Site, code: str, tmp_path: Path
) -> None:
    files = unpacked(get(site, reason=REASON), tmp_path)
    assert NAME in files["events.ndjson"]
    assert json.loads(files["manifest.json"])["asked"]["reason"] == REASON
    assert looks(site, code) == [("personal_data", "auditor-1", REASON)]
    assert get(site, reason=" ").status_code == 422


def test_a_code_an_office_and_a_period_choose_dossiers(
    site: Site, code: str, tmp_path: Path
) -> None:
    site.now[0] = NOON + timedelta(days=2)
    later = site.received("other desk")
    day = (NOON + timedelta(days=1)).isoformat()
    assert codes_in(get(site), tmp_path / "all") == ids(code, later)
    assert codes_in(get(site, code=code.lower()), tmp_path / "code") == ids(code)
    assert codes_in(get(site, office="CN02"), tmp_path / "office") == ids(later)
    assert codes_in(get(site, since=day), tmp_path / "since") == ids(later)
    assert codes_in(get(site, until=day), tmp_path / "until") == ids(code)
    assert codes_in(get(site, office="CN09"), tmp_path / "none") == set()


def test_what_cannot_be_is_refused_before_anything_is_sent(site: Site, code: str) -> None:
    tomorrow, yesterday = ((NOON + timedelta(days=days)).isoformat() for days in (1, -1))
    assert get(site, code="H26.01-261120-9999").json()["type"] == "/problems/unknown-dossier"
    assert get(site, since=tomorrow).status_code == 422
    assert get(site, since=site.at(), until=yesterday).status_code == 422
    assert get(site, form="xlsx").status_code == 422
    assert looks(site, code) == []


@pytest.mark.parametrize("who", ["desk", "agent", "portal", "carrier", "manager"])
def test_no_other_role_exports_anything(site: Site, code: str, who: str) -> None:
    for reason in ({}, {"reason": REASON}):
        assert get(site, who=who, **reason).status_code == 403
    assert get(site, who=None).status_code == 401
    assert looks(site, code) == []
    clerk = clerk_at(site)
    clerk.signs_in(who)
    assert clerk.opens("/desk/export").status_code == 403
    assert clerk.opens("/desk/export/archive", form="csv").status_code == 403
    clerk.opens("/desk")
    assert "/desk/export" not in clerk.shown


def test_an_auditor_at_the_desk_takes_away_what_the_form_says(
    site: Site, code: str, tmp_path: Path
) -> None:
    auditor = clerk_at(site)
    auditor.signs_in("auditor")
    auditor.opens("/desk")
    assert 'href="/desk/export"' in auditor.shown
    auditor.opens("/desk/export")
    path = "/desk/export/archive"
    boxes = auditor.form(path).boxes
    assert boxes.keys() == {"form", "since", "until", "office", "code", "opened", "reason"}
    typed = dict.fromkeys(boxes, "") | {"form": "ndjson", "opened": "", "code": f" {code} "}
    del typed["opened"]
    assert codes_in(auditor.browser.get(path, params=typed), tmp_path / "sealed") == ids(code)
    ticked = typed | {"opened": "true"}
    refused = auditor.browser.get(path, params=ticked)
    assert refused.status_code == 422
    assert "Xin ghi lý do mở dữ liệu cá nhân." in refused.text
    opened = auditor.browser.get(path, params=ticked | {"reason": REASON, "until": "2026-11-20"})
    assert NAME in unpacked(opened, tmp_path / "opened")["events.ndjson"]
    assert looks(site, code)[-1] == ("personal_data", "auditor-1", REASON)
    assert auditor.browser.get(path, params=typed | {"since": "2026-12-31"}).status_code == 422


class Asking:
    """An export that calls `ask` when it begins."""

    def __init__(self, taking_away: DossierExport, ask: Callable[[], object]) -> None:
        self._taking_away = taking_away
        self._ask = ask

    def take(self, *what: Any, **how: Any) -> Iterator[ExportedDossier]:  # noqa: ANN401  any arguments
        self._ask()
        return self._taking_away.take(*what, **how)


def test_one_export_is_made_at_a_time(site: Site, code: str) -> None:
    del code
    refused: list[Response] = []

    def ask() -> None:
        if not refused:
            refused.append(get(busy))

    with site.rebuilt(taking_away=Asking(site.installation.taking_away, ask)) as busy:
        assert get(busy).status_code == 200
        assert refused[0].status_code == 503
        assert refused[0].json()["type"] == "/problems/busy"
        assert int(refused[0].headers["Retry-After"]) > 1
        assert get(busy).status_code == 200
