import base64
import re
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from pydantic import SecretStr

from tests.http.clerk import FROM_OUR_PAGE, OURS, Clerk, clerk_at
from tests.http.site import NOON, Site
from tracker.adapters.http.auth.sessions import IDLE, LONGEST

COOKIE = "__Host-tracker-session"


@pytest.fixture
def clerk(site: Site) -> Clerk:
    return clerk_at(site)


def is_signed_in(clerk: Clerk) -> bool:
    return clerk.browser.get("/desk").status_code == 200


def test_a_good_key_opens_the_desk_and_another_does_not(clerk: Clerk) -> None:
    assert clerk.opens("/desk").status_code == 401
    for wrong in ("", "trk_", "trk_0123456789ab_planted", "x" * 4000, clerk.site.keys["desk"][:-1]):
        answer = clerk.sends("/desk/sign-in", key=wrong)
        assert answer.status_code == 401
        assert clerk.faults() == ["Khóa này không đúng hoặc đã bị thu hồi."]
        assert "planted" not in answer.text
        assert "set-cookie" not in answer.headers
    assert not is_signed_in(clerk)
    assert clerk.signs_in("desk").headers["Location"] == "/desk"
    assert is_signed_in(clerk)


def test_keys_are_not_tried_without_end(clerk: Clerk) -> None:
    clerk.opens("/desk/sign-in")
    tried = [clerk.sends("/desk/sign-in", key="trk_x").status_code for _ in range(61)]
    assert tried == [401] * 60 + [429]
    assert clerk.faults() == ["Đã thử quá nhiều lần. Xin đợi một phút rồi thử lại."]
    assert clerk.signs_in("desk").status_code == 429


def test_the_cookie_stays_with_this_host_and_this_browser(clerk: Clerk) -> None:
    cookie = clerk.signs_in("desk").headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert attributes == {"httponly", "path=/", "samesite=strict", "secure"}
    secret = clerk.site.keys["desk"].split("_", 2)[2]
    assert secret not in cookie


def test_within_one_machine_it_works_without_encryption(site: Site) -> None:
    clerk = clerk_at(site, "http://127.0.0.1:8080")
    cookie = clerk.signs_in("desk").headers["Set-Cookie"]
    assert cookie.startswith("tracker-session=")
    assert "secure" not in cookie.lower()
    assert is_signed_in(clerk)


def test_no_key_is_taken_where_others_could_read_it(site: Site) -> None:
    clerk = clerk_at(site, "http://desk.test")
    assert 'name="key"' not in clerk.opens("/desk").text
    answer = clerk.signs_in("desk")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "https" in answer.text


def test_a_session_that_was_changed_in_the_least_is_none(clerk: Clerk) -> None:
    clerk.signs_in("desk")
    sealed = clerk.browser.cookies[COOKIE]
    for place in (0, len(sealed) // 2, len(sealed) - 3):
        other = "A" if sealed[place] != "A" else "B"
        clerk.browser.cookies.clear()
        forged = sealed[:place] + other + sealed[place + 1 :]
        answer = clerk.browser.get("/desk", headers={"Cookie": f"{COOKIE}={forged}"})
        assert answer.status_code == 401
    answer = clerk.browser.get("/desk", headers={"Cookie": f"{COOKIE}={sealed}"})
    assert answer.status_code == 200


def test_another_installation_does_not_know_the_session(clerk: Clerk, site: Site) -> None:
    clerk.signs_in("desk")
    another_key = SecretStr(base64.b64encode(bytes(32)).decode())
    settings = site.installation.settings.model_copy(update={"master_key": another_key})
    with site.rebuilt(settings=settings) as elsewhere:
        headers = {"Cookie": f"{COOKIE}={clerk.browser.cookies[COOKIE]}"}
        assert clerk_at(elsewhere).browser.get("/desk", headers=headers).status_code == 401


def test_a_session_ends_after_an_hour_without_use(clerk: Clerk) -> None:
    clerk.signs_in("desk")
    for _ in range(3):
        clerk.site.now[0] += IDLE
        assert is_signed_in(clerk)
    clerk.site.now[0] += IDLE + timedelta(seconds=1)
    assert not is_signed_in(clerk)


def test_however_busy_a_session_ends_with_the_day(clerk: Clerk) -> None:
    clerk.signs_in("desk")
    began = clerk.site.now[0]
    while clerk.site.now[0] + IDLE < began + LONGEST:
        clerk.site.now[0] += IDLE / 2
        assert is_signed_in(clerk)
    clerk.site.now[0] = began + LONGEST
    assert not is_signed_in(clerk)


def test_a_revoked_key_ends_its_sessions(clerk: Clerk) -> None:
    clerk.signs_in("desk")
    clerk.site.installation.keys.revoke(clerk.site.keys["desk"].split("_")[1], NOON)
    assert not is_signed_in(clerk)


def test_signing_out_ends_the_session(clerk: Clerk) -> None:
    clerk.signs_in("desk")
    clerk.opens("/desk")
    answer = clerk.sends("/desk/sign-out")
    assert answer.headers["Location"] == "/desk/sign-in"
    assert not is_signed_in(clerk)


READ = (
    "/desk",
    "/desk/intake",
    "/desk/dossiers",
    "/desk/dossiers/{code}",
    "/v1/dossiers/{code}",
    "/v1/dossiers/{code}/forms/01",
    "/v1/dossiers/{code}/forms/01.pdf",
    "/v1/register?office=CN01&from=2026-11-20&to=2026-11-20",
)


def test_a_cookie_kept_from_before_the_sign_out_opens_nothing(clerk: Clerk) -> None:
    code = clerk.site.received()
    clerk.signs_in("desk")
    clerk.opens("/desk")
    kept = {"Cookie": f"{COOKIE}={clerk.browser.cookies[COOKIE]}"}
    token = clerk.form("/desk/sign-out").hidden["token"]
    paths = [path.format(code=code) for path in READ]
    before = [clerk.browser.get(path).status_code for path in paths]
    assert set(before) == {200}
    clerk.sends("/desk/sign-out")
    clerk.browser.cookies.clear()
    after = [clerk.browser.get(path, headers=kept).status_code for path in paths]
    assert set(after) == {401}
    for path in ("/desk/sign-out", "/desk/intake", f"/desk/dossiers/{code}/personal-data"):
        sent = clerk.browser.post(path, data={"token": token}, headers=kept | FROM_OUR_PAGE)
        assert sent.status_code == 401
    with clerk.site.rebuilt() as begun_anew:
        assert clerk_at(begun_anew).browser.get("/desk", headers=kept).status_code == 401


def test_signing_out_ends_the_session_at_every_node_and_no_other_session(clerk: Clerk) -> None:
    with clerk.site.rebuilt() as elsewhere:
        colleague, other_node = clerk_at(clerk.site), clerk_at(elsewhere)
        clerk.signs_in("desk")
        colleague.signs_in("desk")
        kept = {"Cookie": f"{COOKIE}={clerk.browser.cookies[COOKIE]}"}
        assert other_node.browser.get("/desk", headers=kept).status_code == 200
        clerk.opens("/desk")
        clerk.sends("/desk/sign-out")
        assert other_node.browser.get("/desk", headers=kept).status_code == 401
        assert is_signed_in(colleague)


def test_signing_in_again_ends_the_session_before(clerk: Clerk) -> None:
    clerk.signs_in("desk")
    earlier = clerk.browser.cookies[COOKIE]
    clerk.signs_in("other desk")
    assert is_signed_in(clerk)
    clerk.browser.cookies.clear()
    kept = {"Cookie": f"{COOKIE}={earlier}"}
    assert clerk.browser.get("/desk", headers=kept).status_code == 401


def test_a_session_that_the_server_never_began_opens_nothing(clerk: Clerk) -> None:
    clerk.signs_in("desk")
    session = clerk.browser.cookies[COOKIE]
    database = clerk.site.installation.settings.data_dir / "events.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM sessions")
        connection.commit()
    assert clerk.browser.get("/desk", headers={"Cookie": f"{COOKIE}={session}"}).status_code == 401


def test_signing_out_after_the_session_has_ended_succeeds(clerk: Clerk) -> None:
    clerk.signs_in("desk")
    clerk.opens("/desk")
    clerk.later(hours=2)
    assert clerk.sends("/desk/sign-out").status_code == 401
    assert clerk.signs_in("desk").headers["Location"] == "/desk"


def test_a_session_reads_what_its_holder_may_read_and_writes_nothing_there(clerk: Clerk) -> None:
    code = clerk.site.received()
    clerk.signs_in("desk")
    assert clerk.browser.get(f"/v1/dossiers/{code}").status_code == 200
    assert clerk.browser.get(f"/v1/dossiers/{code}/readers").status_code == 403
    written = clerk.browser.post("/v1/dossiers", json=clerk.site.intake(), headers=FROM_OUR_PAGE)
    assert written.status_code == 401


def test_an_api_key_takes_precedence_over_a_session(clerk: Clerk) -> None:
    code = clerk.site.received()
    clerk.signs_in("desk")
    headers = clerk.site.shown("carrier")
    assert clerk.browser.get(f"/v1/dossiers/{code}", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": OURS},
        {"Origin": "https://evil.test"},
        {"Origin": "https://desk.test.evil.test"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_form_sent_from_elsewhere_is_not_taken(clerk: Clerk, headers: dict[str, str]) -> None:
    clerk.signs_in("desk")
    clerk.opens("/desk/intake", procedure="2.001610")
    before = clerk.site.head()
    clerk.headers = headers
    answer = clerk.sends("/desk/intake", applicant__name="An")
    assert answer.status_code == 403
    assert "không được gửi từ trang của chúng tôi" in answer.text
    assert clerk.sends("/desk/sign-out").status_code == 403
    assert clerk.signs_in("agent").status_code == 403
    assert clerk.site.head() == before
    assert is_signed_in(clerk)


def test_a_request_with_only_an_origin_of_ours_is_accepted(clerk: Clerk) -> None:
    clerk.signs_in("desk")
    clerk.opens("/desk/intake", procedure="2.001610")
    clerk.headers = {"Origin": OURS}
    assert clerk.sends("/desk/intake", applicant__name="An").status_code == 303


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 22])
def test_a_form_without_the_sessions_own_token_stores_nothing(clerk: Clerk, token: str) -> None:
    clerk.signs_in("desk")
    clerk.opens("/desk/intake", procedure="2.001610")
    before = clerk.site.head()
    answer = clerk.sends("/desk/intake", token=token, applicant__name="An")
    assert answer.status_code == 409
    assert clerk.site.head() == before


def test_the_token_of_another_session_stores_nothing(clerk: Clerk) -> None:
    other = clerk_at(clerk.site)
    other.signs_in("desk")
    other.opens("/desk")
    clerk.signs_in("desk")
    clerk.opens("/desk/intake", procedure="2.001610")
    before = clerk.site.head()
    token = other.form("/desk/sign-out").hidden["token"]
    assert clerk.sends("/desk/intake", token=token, applicant__name="An").status_code == 409
    assert clerk.site.head() == before


def test_what_was_typed_outlives_the_session(clerk: Clerk) -> None:
    clerk.signs_in("desk")
    clerk.opens("/desk/intake", procedure="2.001610")
    clerk.later(hours=2)
    answer = clerk.sends("/desk/intake", applicant__name="Nguyễn Thị <An>")
    assert answer.status_code == 401
    assert clerk.signs_in("desk").status_code == 200
    answer = clerk.sends("/desk/intake")
    assert answer.status_code == 303
    clerk.opens(answer.headers["Location"])
    path = f"/desk/dossiers/{answer.headers['Location'].split('/')[-1].split('?')[0]}"
    clerk.sends(f"{path}/personal-data", why="xem lại")
    assert "Nguyễn Thị &lt;An&gt;" in clerk.shown


def test_signing_in_leads_back_to_where_one_was_going(clerk: Clerk) -> None:
    code = clerk.site.received()
    clerk.opens(f"/desk/dossiers/{code}")
    assert clerk.signs_in("desk").headers["Location"] == f"/desk/dossiers/{code}"


@pytest.mark.parametrize(
    "then",
    ["https://evil.test", "//evil.test", "/desk\\@evil.test", "/desk.evil.test", "/\n/evil.test"],
)
def test_signing_in_leads_nowhere_else(clerk: Clerk, then: str) -> None:
    assert clerk.signs_in("desk", then=then).headers["Location"] == "/desk"


def test_a_page_of_the_desk_has_no_script_and_loads_nothing_from_elsewhere(clerk: Clerk) -> None:
    code = clerk.site.received()
    clerk.signs_in("desk")
    for path in ("/desk", "/desk/intake", f"/desk/dossiers/{code}", "/desk/dossiers"):
        answer = clerk.opens(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script|<style|\son\w+=|\sstyle=|https?://", answer.text)
