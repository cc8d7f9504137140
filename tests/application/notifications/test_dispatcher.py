"""The dispatcher on a real installation: each notification once, in order, with consent."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import sleep

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.application.service_desk import (
    ADMINISTRATOR,
    CLERK,
    DECIDER,
    PHONE,
    ServiceDesk,
    service_desk,
)
from tracker.adapters.notifications.metrics import NotificationGauges
from tracker.application.notifications.dispatcher import (
    JITTER,
    RETRIES,
    Dispatcher,
    Outbox,
    PermanentFailureError,
    RenderedNotification,
    Route,
    State,
    TemporaryFailureError,
)
from tracker.domain.dossier.values import NoticeChannel

BY_SMS = {"channels": ["sms"]}
ASKED = {"step": "supplement_asked", "reason": "thiếu"}
BACK = {"step": "resumed"}
TURNS, PAUSES = 30, (1, 7, 45)
"""The number of turns and the minutes between them: less than the time until the last retry."""


@dataclass
class Post:
    """A transport that fails as the test demands and keeps the sent notifications."""

    fails: Callable[[RenderedNotification], None] = lambda _: None
    sent: list[RenderedNotification] = field(default_factory=list)

    def send(self, rendered: RenderedNotification) -> None:
        self.fails(rendered)
        self.sent.append(rendered)

    @property
    def kinds(self) -> list[str]:
        return [rendered.notification.kind.value for rendered in self.sent]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServiceDesk]:
    with service_desk(tmp_path) as opened:
        yield opened


def sender(
    desk: ServiceDesk,
    post: Post,
    channel: NoticeChannel | None = NoticeChannel.SMS,
    target: str = "sms",
    *,
    max_age: timedelta = timedelta(hours=72),
    outbox: Outbox | None = None,
) -> Dispatcher:
    return Dispatcher(
        Route(target, post, channel),
        outbox=outbox or desk.at.outbox,
        deliveries=desk.at.deliveries,
        renderer=desk.at.letters,
        max_age=max_age,
        lease=timedelta(minutes=5),
        now=desk.hands,
        chance=lambda: 1.0,
    )


def work(dispatcher: Dispatcher, desk: ServiceDesk) -> None:
    """Send everything that is due now."""
    desk.at.catch_up()
    dispatcher.pick_up()
    with ThreadPoolExecutor(2) as pool:
        while dispatcher.send_due(pool):
            pass


def fate(desk: ServiceDesk) -> list[tuple[str, str, str]]:
    rows = desk.at.deliveries.all(states=list(State), limit=1000)
    return sorted((row.kind, row.state.value, row.reason) for row in rows)


def test_a_person_who_agreed_gets_everything_in_order_by_phone(desk: ServiceDesk) -> None:
    code = desk.take_in(notices=BY_SMS).code
    desk.post(DECIDER, code=code, **ASKED)
    desk.post(DECIDER, code=code, step="fee_asked", amount=50_000, reason="phí")
    desk.post(DECIDER, code=code, **BACK)
    desk.post(
        DECIDER,
        code=code,
        step="promise_extended",
        reason="xin lỗi",
        due_at="2026-12-20T17:00:00+07:00",
        signer="TP",
    )
    desk.post(DECIDER, code=code, step="decided", outcome="granted")
    desk.post(CLERK, code=code, step="handed_to_carrier", carrier="VNPOST", number="X1")
    desk.post(CLERK, code=code, step="delivered")
    post = Post()
    work(sender(desk, post), desk)
    assert post.kinds == [
        "received",
        "papers_asked",
        "fee_asked",
        "promise_moved",
        "ready",
        "handed_to_carrier",
        "delivered",
    ]
    assert {rendered.to for rendered in post.sent} == {PHONE}
    assert all(f"/stop/{code}/" in rendered.text for rendered in post.sent)
    assert not any("xin lỗi" in rendered.text for rendered in post.sent)


def test_without_consent_only_systems_are_notified(desk: ServiceDesk) -> None:
    desk.take_in()
    by_sms, by_hook = Post(), Post()
    work(sender(desk, by_sms), desk)
    work(sender(desk, by_hook, None, "webhook:portal"), desk)
    assert by_sms.kinds == []
    assert by_hook.kinds == ["received"]
    (rendered,) = by_hook.sent
    assert (rendered.to, rendered.subject, rendered.text, rendered.stop_url) == ("", "", "", "")


def test_only_the_channel_agreed_to_is_used(desk: ServiceDesk) -> None:
    desk.take_in(notices=BY_SMS, applicant={"name": "An", "phone": PHONE, "email": "a@x.vn"})
    post = Post()
    work(sender(desk, post, NoticeChannel.EMAIL, "email"), desk)
    assert post.kinds == []


def test_events_recorded_before_the_consent_are_not_sent(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    desk.later(minutes=1)
    desk.post(CLERK, code=code, step="notices_agreed", channels=["sms"])
    desk.post(DECIDER, code=code, **ASKED)
    post = Post()
    work(sender(desk, post), desk)
    assert post.kinds == ["papers_asked"]


def test_another_address_given_with_the_consent_is_the_one_used(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    desk.later(minutes=1)
    contact = {"phone": "0911 222 333"}
    desk.post(CLERK, code=code, step="notices_agreed", channels=["sms"], contact=contact)
    desk.post(DECIDER, code=code, **ASKED)
    post = Post()
    work(sender(desk, post), desk)
    assert [rendered.to for rendered in post.sent] == ["0911 222 333"]


def test_who_stops_while_a_message_waits_does_not_get_it(desk: ServiceDesk) -> None:
    code = desk.take_in(notices=BY_SMS).code
    post = Post()
    dispatcher = sender(desk, post)
    desk.at.catch_up()
    dispatcher.pick_up()
    desk.post(CLERK, code=code, step="notices_stopped")
    work(dispatcher, desk)
    assert post.kinds == []
    assert fate(desk) == [
        ("received", "dropped", "The person did not agree, or stopped notifications.")
    ]


def test_who_asks_for_mails_instead_while_an_sms_waits_does_not_get_the_sms(
    desk: ServiceDesk,
) -> None:
    code = desk.take_in(notices=BY_SMS).code
    post = Post()
    dispatcher = sender(desk, post)
    desk.at.catch_up()
    dispatcher.pick_up()
    contact = {"email": "an@example.vn"}
    desk.post(CLERK, code=code, step="notices_agreed", channels=["email"], contact=contact)
    work(dispatcher, desk)
    assert post.kinds == []


def test_who_is_erased_while_a_message_waits_cannot_be_reached_any_more(desk: ServiceDesk) -> None:
    code = desk.take_in(notices=BY_SMS).code
    post = Post()
    dispatcher = sender(desk, post)
    desk.at.catch_up()
    dispatcher.pick_up()
    desk.at.tracker.erase_personal_data(ADMINISTRATOR, code, event_id="erase", basis="luật")
    work(dispatcher, desk)
    assert post.kinds == []
    assert [state for _, state, _ in fate(desk)] == ["dropped"]


def test_nothing_is_sent_twice_after_a_rebuild_of_the_outbox_and_a_restart(
    desk: ServiceDesk,
) -> None:
    code = desk.take_in(notices=BY_SMS).code
    post = Post()
    work(sender(desk, post), desk)
    follow = desk.at.follows["messages"]
    green = follow.model.next_generation()
    assert follow.model.compare_and_switch(green, follow.feed).equal
    desk.post(DECIDER, code=code, **ASKED)
    work(sender(desk, post), desk)
    assert post.kinds == ["received", "papers_asked"]


def test_old_notifications_are_not_sent_when_sending_begins(desk: ServiceDesk) -> None:
    desk.take_in(notices=BY_SMS)
    desk.later(hours=73)
    desk.take_in(notices=BY_SMS)
    post = Post()
    work(sender(desk, post), desk)
    assert len(post.sent) == 1


def test_a_row_that_appears_late_in_the_outbox_is_still_sent(desk: ServiceDesk) -> None:
    post = Post()
    dispatcher = sender(desk, post)
    work(dispatcher, desk)
    desk.take_in(notices=BY_SMS)
    desk.later(minutes=4)
    work(dispatcher, desk)
    assert post.kinds == []
    desk.later(minutes=1)
    work(dispatcher, desk)
    assert post.kinds == ["received"]


# failing


def test_metrics_tell_per_target_what_waits_for_how_long_and_what_was_given_up(
    desk: ServiceDesk,
) -> None:
    desk.take_in(notices=BY_SMS)
    work(sender(desk, Post(refuse)), desk)
    desk.later(seconds=90)
    gauges = NotificationGauges(lambda: desk.at.deliveries.backlogs(["sms", "email"]), desk.hands)
    values = {
        (family.name.removeprefix("tracker_messages_"), sample.labels["target"]): sample.value
        for family in gauges.collect()
        for sample in family.samples
    }
    assert values == {
        ("waiting", "sms"): 1,
        ("oldest_waiting_seconds", "sms"): 90,
        ("dead", "sms"): 0,
        ("waiting", "email"): 0,
        ("oldest_waiting_seconds", "email"): 0,
        ("dead", "email"): 0,
    }


def refuse(_: RenderedNotification) -> None:
    message = "It answered 503."
    raise TemporaryFailureError(message)


def test_what_is_not_taken_is_tried_again_ever_more_seldom_and_then_given_up(
    desk: ServiceDesk,
) -> None:
    desk.take_in(notices=BY_SMS)
    tries: list[timedelta] = []
    began = desk.hands.now

    def fail(rendered: RenderedNotification) -> None:
        tries.append(desk.hands.now - began)
        refuse(rendered)

    dispatcher = sender(desk, Post(fail))
    work(dispatcher, desk)
    for wait in RETRIES:
        assert fate(desk)[0][1] == "waiting"
        desk.hands.now += wait * (1 + JITTER) - timedelta(microseconds=1)
        work(dispatcher, desk)
        desk.hands.now += timedelta(microseconds=1)
        work(dispatcher, desk)
    assert len(tries) == len(RETRIES) + 1
    assert fate(desk) == [("received", "dead", "It answered 503.")]
    assert [after - before for before, after in pairwise(tries)] == [
        wait * (1 + JITTER) for wait in RETRIES
    ]


def test_what_will_never_be_taken_is_given_up_at_once_and_the_next_goes_on(
    desk: ServiceDesk,
) -> None:
    code = desk.take_in(notices=BY_SMS).code
    desk.post(DECIDER, code=code, **ASKED)

    def fail(rendered: RenderedNotification) -> None:
        if rendered.notification.version == 1:
            message = "The address was refused: 550."
            raise PermanentFailureError(message)

    post = Post(fail)
    work(sender(desk, post), desk)
    assert post.kinds == ["papers_asked"]
    assert fate(desk)[1] == ("received", "dead", "The address was refused: 550.")


def test_a_next_message_waits_while_the_one_before_is_tried_again(desk: ServiceDesk) -> None:
    code = desk.take_in(notices=BY_SMS).code
    desk.post(DECIDER, code=code, **ASKED)
    other = desk.take_in(notices=BY_SMS).code
    failing = [True]

    def fail(rendered: RenderedNotification) -> None:
        if failing[0] and rendered.notification.code == code:
            refuse(rendered)

    post = Post(fail)
    dispatcher = sender(desk, post)
    work(dispatcher, desk)
    assert [rendered.notification.code for rendered in post.sent] == [other]
    failing[0] = False
    desk.later(seconds=6)
    work(dispatcher, desk)
    assert [rendered.notification.version for rendered in post.sent[1:]] == [1, 3]


def test_a_courier_that_breaks_stops_the_sender_rather_than_lose_a_message(
    desk: ServiceDesk,
) -> None:
    desk.take_in(notices=BY_SMS)

    def breaks(_: RenderedNotification) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work(sender(desk, Post(breaks)), desk)
    assert fate(desk) == [("received", "sending", "")]
    post = Post()
    desk.later(minutes=5)
    work(sender(desk, post), desk)
    assert post.kinds == ["received"]


def test_a_courier_that_breaks_keeps_none_from_being_tried_that_was_claimed_with_it(
    desk: ServiceDesk,
) -> None:
    for _ in range(4):
        desk.take_in(notices=BY_SMS)
    tried: list[str] = []

    def breaks(rendered: RenderedNotification) -> None:
        tried.append(rendered.id)
        sleep(0.05)  # so that the first has failed before the others begin
        raise ZeroDivisionError

    desk.at.catch_up()
    dispatcher = sender(desk, Post(breaks))
    dispatcher.pick_up()
    with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError):
        dispatcher.send_due(pool)
    assert len(tried) == 4


@given(seed=st.integers(0, 10**9))
@settings(deadline=None, max_examples=10)
def test_whatever_fails_each_is_sent_once_by_its_name_and_a_dossiers_in_order(seed: int) -> None:
    chance = Random(seed)
    healed = False

    class Crash(Exception):  # noqa: N818  no error of ours: the process dies
        """The process ends between sending and recording."""

    with TemporaryDirectory() as directory, service_desk(Path(directory)) as desk:
        codes = [desk.take_in(notices=BY_SMS).code for _ in range(3)]
        received: list[RenderedNotification] = []

        def bring(rendered: RenderedNotification) -> None:
            fortune = 1.0 if healed else chance.random()
            if fortune < 0.2:
                refuse(rendered)
            received.append(rendered)
            if fortune < 0.4:
                raise Crash

        dispatcher = sender(desk, Post(bring))
        for turn in range(TURNS):
            code = chance.choice(codes)
            if turn < 12:
                steps = [event.step for event in desk.history(code)]
                step = BACK if steps[-1] == "supplement_asked" else ASKED
                desk.post(DECIDER, code=code, **step)
            try:
                work(dispatcher, desk)
            except Crash:
                dispatcher = sender(desk, Post(bring))
            desk.later(minutes=chance.choice(PAUSES))
        healed = True  # a notification that was refused so far waits and is not lost
        desk.later(hours=30)
        work(dispatcher, desk)
        assert [outcome for outcome in fate(desk) if outcome[1] != "sent"] == []
        asked = [
            event for event in desk.everything() if event.step in {"received", "supplement_asked"}
        ]
        first_seen = list(dict.fromkeys(rendered.id for rendered in received))
        assert len(first_seen) == len(asked)
        for code in codes:
            versions = [
                rendered.notification.version
                for rendered in received
                if rendered.notification.code == code
            ]
            assert versions == sorted(versions)
