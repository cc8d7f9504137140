"""Owners are notified of wrong attempts on their dossier: once, with consent, and not too often."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from tests.application.notifications.test_dispatcher import BY_SMS, Post, fate, refuse, sender, work
from tests.application.service_desk import (
    ADMINISTRATOR,
    CLERK,
    DECIDER,
    PHONE,
    ServiceDesk,
    service_desk,
)
from tracker.application.notifications.dispatcher import Dispatcher, PendingNotification
from tracker.application.queries.citizen_access import NotYoursError
from tracker.application.queries.guessing import FREE, Admission, Try
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.notifications.notifications import (
    LOCK_NOTIFICATION_INTERVAL,
    Notification,
    notification_of_lock,
)

_NETWORKS = count(1)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServiceDesk]:
    with service_desk(tmp_path) as opened:
        yield opened


def sends_locks(desk: ServiceDesk, post: Post) -> Dispatcher:
    return sender(desk, post, target="locks:sms", outbox=desk.at.lock_outbox)


def guess(desk: ServiceDesk, code: str, times: int = FREE) -> None:
    """Try wrong digits, each time from a new network and with a proof of work."""
    for _ in range(times):
        attempt = Try(code, "0000", [(f"network {next(_NETWORKS)}", 1)])
        with pytest.raises(NotYoursError):
            desk.at.guard.open(attempt, Admission(0, has_worked=True))


def test_an_owner_who_agreed_is_notified_once(desk: ServiceDesk) -> None:
    code = desk.take_in(notices=BY_SMS).code
    guess(desk, code, FREE - 1)
    post = Post()
    work(sends_locks(desk, post), desk)
    assert post.kinds == []
    guess(desk, code, 3)
    for _ in range(2):
        work(sends_locks(desk, post), desk)
    (rendered,) = post.sent
    assert rendered.to == PHONE
    assert code in rendered.text
    assert "hồ sơ không bị khóa" in rendered.text
    assert f"/stop/{code}/" in rendered.text


def test_the_pages_of_locks_have_each_lock_once_with_the_consent(
    desk: ServiceDesk,
) -> None:
    by_mail = {"channels": ["email", "sms"]}
    person = {"name": "An", "phone": PHONE, "email": "an@example.vn"}
    codes = [
        desk.take_in().code,
        desk.take_in(notices=BY_SMS).code,
        desk.take_in(notices=by_mail, applicant=person).code,
    ]
    agreed_at = desk.hands.now
    desk.at.catch_up()
    for code in codes:
        desk.later(minutes=1)
        guess(desk, code)
    rows: list[PendingNotification] = []
    while page := desk.at.lock_outbox.since(
        agreed_at, after=rows[-1].notification if rows else None, limit=1
    ):
        rows += page
    assert rows == [
        PendingNotification(lock_of(codes[0], agreed_at + timedelta(minutes=1)), frozenset(), None),
        PendingNotification(
            lock_of(codes[1], agreed_at + timedelta(minutes=2)), {"sms"}, agreed_at
        ),
        PendingNotification(
            lock_of(codes[2], agreed_at + timedelta(minutes=3)), {"sms", "email"}, agreed_at
        ),
    ]


def lock_of(code: str, locked_at: datetime) -> Notification:
    return notification_of_lock(dossier_id(code), code, locked_at)


def test_a_sender_in_a_new_process_does_not_send_a_lock_again(
    tmp_path: Path,
) -> None:
    post = Post()
    with service_desk(tmp_path) as desk:
        guess(desk, desk.take_in(notices=BY_SMS).code)
        work(sends_locks(desk, post), desk)
    with service_desk(tmp_path) as desk:
        desk.later(minutes=6)
        work(sends_locks(desk, post), desk)
    assert len(post.sent) == 1


def test_an_owner_without_consent_or_data_is_not_notified(desk: ServiceDesk) -> None:
    never = desk.take_in().code
    stopped, erased = (desk.take_in(notices=BY_SMS).code for _ in range(2))
    for code in (never, stopped, erased):
        guess(desk, code)
    desk.at.catch_up()
    post = Post()
    dispatcher = sends_locks(desk, post)
    dispatcher.pick_up()
    desk.post(CLERK, code=stopped, step="notices_stopped")
    desk.at.tracker.erase_personal_data(ADMINISTRATOR, erased, event_id="erase", basis="luật")
    work(dispatcher, desk)
    assert post.sent == []


def test_an_owner_is_not_flooded_while_a_stranger_goes_on_guessing(desk: ServiceDesk) -> None:
    code = desk.take_in(notices=BY_SMS).code
    post = Post()
    dispatcher = sends_locks(desk, post)
    for _ in range(23):
        guess(desk, code)
        work(dispatcher, desk)
        desk.hands.now += timedelta(minutes=61)
    assert 3 <= len(post.sent) <= 4
    sent_at = [rendered.notification.recorded_at for rendered in post.sent]
    assert sent_at == sorted(sent_at)


def test_a_message_of_a_lock_and_one_of_an_event_do_not_wait_for_each_other(
    desk: ServiceDesk,
) -> None:
    code = desk.take_in(notices=BY_SMS).code
    guess(desk, code)
    stuck = Post(refuse)
    work(sends_locks(desk, stuck), desk)
    desk.post(DECIDER, code=code, step="supplement_asked", reason="thiếu")
    post = Post()
    work(sender(desk, post), desk)
    assert post.kinds == ["received", "papers_asked"]
    desk.later(minutes=1)
    late = Post()
    work(sends_locks(desk, late), desk)
    assert late.kinds == ["locked"]


def test_an_older_lock_is_never_sent_after_a_newer_one(desk: ServiceDesk) -> None:
    code = desk.take_in(notices=BY_SMS).code
    guess(desk, code)
    post = Post(refuse)
    work(sends_locks(desk, post), desk)
    desk.hands.now += LOCK_NOTIFICATION_INTERVAL
    guess(desk, code)
    late = Post()
    work(sends_locks(desk, late), desk)
    sent_at = [rendered.notification.recorded_at for rendered in late.sent]
    assert sent_at == sorted(sent_at)
    assert {state for _, state, _ in fate(desk)} == {"sent"}
