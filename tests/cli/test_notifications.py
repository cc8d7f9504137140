"""`tracker messages`: list messages, retry and replay them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tracker.adapters.notifications.routes import UnfitRoutesError
from tracker.application.notifications.dispatcher import (
    Dispatcher,
    PermanentFailureError,
    RenderedNotification,
    Route,
)
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.settings import Settings

HOOK = """
[webhooks.portal]
url = "http://127.0.0.1:9/never"
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""


class Refuses:
    def send(self, rendered: RenderedNotification) -> None:
        message = "It answered 410."
        raise PermanentFailureError(message)


class Takes:
    def __init__(self) -> None:
        self.ids: list[str] = []

    def send(self, rendered: RenderedNotification) -> None:
        self.ids.append(rendered.id)


@pytest.fixture
def container(demo: Path) -> Iterator[Container]:
    with open_container(Settings(data_dir=demo)) as opened:
        opened.catch_up()
        yield opened


def send(container: Container, courier: Refuses | Takes) -> None:
    one = Dispatcher(
        Route("webhook:portal", courier),
        outbox=container.outbox,
        deliveries=container.deliveries,
        renderer=container.letters,
        max_age=timedelta(days=36_500),
        lease=timedelta(minutes=5),
        now=container.now,
        chance=lambda: 0.0,
    )
    one.pick_up()
    with ThreadPoolExecutor(1) as pool:
        while one.send_due(pool):
            pass


def test_dead_messages_are_listed_with_their_reason_and_retried_by_name(
    run: Run, container: Container
) -> None:
    send(container, Refuses())
    listed = run("messages", "list", "--state", "dead", "--limit", "2")
    lines = listed.out.splitlines()
    assert lines[0].split()[:5] == ["message", "to", "dossier", "about", "state"]
    assert len(lines) == 3
    assert all("It answered 410." in line for line in lines[1:])
    names = [line.split()[0] for line in lines[1:]]
    assert run("messages", "retry", "msg_0", *names).code == 1
    assert run("messages", "retry", *names).out == "2 messages will be tried again.\n"
    takes = Takes()
    send(container, takes)
    assert sorted(takes.ids) == sorted(names)
    assert run("messages", "list", "--state", "sent").out.count("\nmsg_") == 2


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "notices.toml"
    path.write_text(HOOK)
    monkeypatch.setenv("TRACKER_NOTICES", str(path))


def test_a_new_webhook_is_told_by_a_replay_what_it_never_heard(
    run: Run, container: Container, hook: None
) -> None:
    replayed = run("messages", "replay", "--since", "2020-01-01", "--to", "portal")
    count = int(replayed.out.split()[0])
    assert count > 100
    takes = Takes()
    send(container, takes)
    assert len(set(takes.ids)) == len(takes.ids) == count


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--since", "2026-01-01", "--to", "sms"), "There is no webhook 'sms'"),
        (("--since", "soon", "--to", "portal"), "is not a time"),
    ],
)
def test_only_webhooks_are_told_again(
    run: Run, container: Container, hook: None, args: tuple[str, ...], said: str
) -> None:
    refused = run("messages", "replay", *args)
    assert refused.code == 2
    assert said in refused.err


def test_sending_to_people_needs_the_address_by_which_they_stop_it(
    container: Container, tmp_path: Path
) -> None:
    path = tmp_path / "notices.toml"
    path.write_text('[sms]\nurl = "https://g.vn"\nfields = { to = "{to}" }\n')
    settings = container.settings.model_copy(update={"notices": path})
    with (
        open_container(settings) as other,
        pytest.raises(UnfitRoutesError, match="TRACKER_PUBLIC_URL is not set"),
        other.routes(),
    ):
        pass
