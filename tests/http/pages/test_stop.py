"""The link that stops notifications: only the button stops them."""

import pytest

from tests.http.site import Site
from tracker.domain.dossier.actors import Actor, Role, citizen_of
from tracker.domain.dossier.codes import dossier_id
from tracker.serialization import decode


def link(site: Site, code: str) -> str:
    return f"/stop/{code}/{site.installation.stop_tokens.token(code)}"


def steps(site: Site, code: str) -> list[str]:
    stored = site.installation.tracker.store.select_events(dossier_id(code))
    return [decode(record.topic, record.state).step.value for record in stored]


@pytest.fixture
def code(site: Site) -> str:
    return site.received(notices={"channels": ["sms"]})


def test_opening_the_page_stops_nothing_and_the_button_does(site: Site, code: str) -> None:
    page = site.get(link(site, code))
    assert page.status_code == 200
    assert '<form method="post">' in page.text
    assert f"không muốn nhận tin về hồ sơ {code} nữa?" in page.text
    assert steps(site, code) == ["received", "notices_agreed"]
    answer = site.client.post(link(site, code))
    assert answer.status_code == 200
    assert f"không gửi tin nào nữa về hồ sơ {code}" in answer.text
    assert steps(site, code) == ["received", "notices_agreed", "notices_stopped"]


def test_the_button_works_again_and_from_a_mail_program(site: Site, code: str) -> None:
    for body in ({}, {"List-Unsubscribe": "One-Click"}):
        answer = site.client.post(link(site, code), data=body)
        assert answer.status_code == 200
        assert "Đã ngừng nhận tin" in answer.text
    assert steps(site, code).count("notices_stopped") == 1


def test_the_page_is_available_in_english_and_accepts_lower_case_codes(
    site: Site, code: str
) -> None:
    page = site.get(link(site, code).replace(code, code.lower()), lang="en")
    assert page.status_code == 200
    assert "Do you want to stop notifications about dossier" in page.text
    assert "Notifications stopped" in site.client.post(link(site, code)).text


def test_a_wrong_secret_and_an_unknown_dossier_get_the_same_answer(site: Site, code: str) -> None:
    unknown, other = "H26.01-261120-0099", site.received(notices={"channels": ["sms"]})
    right = link(site, code).rpartition("/")[2]
    for path in (
        f"/stop/{other}/{right}",
        f"/stop/{code}/{right[:-1]}",
        f"/stop/{code}/x",
        f"/stop/{code}/%C3%A9",
        f"/stop/{unknown}/{right}",
    ):
        page, answer = site.get(path), site.client.post(path)
        assert (page.status_code, answer.status_code) == (404, 404)
        assert "Liên kết này không dùng được" in page.text
        assert page.text.replace(path, "") == answer.text.replace(path, "")
        assert "<button" not in page.text
    assert site.client.post(link(site, unknown)).status_code == 404
    assert "notices_stopped" not in steps(site, code) + steps(site, other)


def test_the_address_is_escaped_in_the_page(site: Site) -> None:
    page = site.get("/stop/<script>alert(1)</script>/x".replace("</", "<%2F"))
    assert "<script" not in page.text


def test_the_actor_of_the_event_is_the_citizen(site: Site, code: str) -> None:
    site.client.post(link(site, code))
    stored = site.installation.tracker.store.select_events(dossier_id(code))[-1]
    by = decode(stored.topic, stored.state).by
    assert by == citizen_of(dossier_id(code))


def test_the_dossier_page_shows_consent_and_its_end_until_erasure(site: Site, code: str) -> None:
    site.client.post(link(site, code))
    own = site.installation.receipts.path(code)
    page = site.get(own, lang="en")
    assert page.status_code == 200
    assert "You agreed to notifications about the dossier" in page.text
    assert "You stopped notifications about the dossier" in page.text
    administrator = Actor(Role.ADMINISTRATOR, "admin-1")
    site.installation.erasure.erase(administrator, code, event_id="erase", basis="law")
    assert site.get(own).status_code == 403
