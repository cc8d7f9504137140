"""`tracker erase`: asks for confirmation, erases once, and reports it."""

import io
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tracker.bootstrap import open_container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.codes import dossier_id
from tracker.serialization import decode
from tracker.settings import Settings

BASIS = ("--basis", "Luật 91/2025/QH15, đơn ngày 20/11/2026")


@pytest.fixture
def code(demo: Path) -> str:
    with open_container(Settings(data_dir=demo)) as container:
        return container.look_up.samples(1)[0]


def personal(data_dir: Path, code: str) -> bool:
    with open_container(Settings(data_dir=data_dir)) as container:
        return bool(container.reader.personal_data(Actor(Role.ADMINISTRATOR, "test"), code, "test"))


def test_it_asks_for_the_code_again_and_erases_the_person(
    run: Run, demo: Path, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert personal(demo, code)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{code}\n"))
    result = run("erase", code.lower(), *BASIS)
    assert (result.code, result.out.strip()) == (0, f"The personal data of {code} is erased.")
    assert "erases the personal data" in result.err
    assert not personal(demo, code)
    with open_container(Settings(data_dir=demo)) as container:
        last = container.tracker.store.select_events(dossier_id(code))[-1]
        event = decode(last.topic, last.state)
        looks = container.reader.readers(Actor(Role.ADMINISTRATOR, "test"), code)
    assert (event.step, getattr(event, "basis", "")) == ("personal_data_erased", BASIS[1])
    assert event.by.id.startswith("cli:")
    assert [look.reason for look in looks] == ["", "test"]


@pytest.mark.parametrize("typed", ["", "H26.01-000000-0000\n", "y\n"])
def test_another_answer_erases_nothing(
    run: Run, demo: Path, code: str, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert run("erase", code, *BASIS).code != 0
    assert personal(demo, code)


def test_it_is_done_once_and_only_to_what_there_is(run: Run, demo: Path, code: str) -> None:
    assert run("erase", code, *BASIS, "--yes").code == 0
    again = run("erase", code, *BASIS, "--yes")
    assert (again.code, again.err.count("\n")) == (1, 1)
    unknown = run("erase", "H26.01-200101-0001", *BASIS, "--yes")
    assert (unknown.code, unknown.err) == (1, "Error: There is no dossier with this code.\n")
    assert run("erase", code, "--basis", " ", "--yes").code == 2
