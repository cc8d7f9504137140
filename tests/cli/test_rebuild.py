"""`tracker rebuild`: new tables next to those in use, switched only if equal."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.tampering import find, without_guards
from tracker.adapters.sql.read_models.rebuild import RebuildOvertakenError
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.projections.model.projector import Projector
from tracker.settings import Settings

NAMES = ("status", "timeline", "promises", "log", "messages")


def generations(demo: Path) -> dict[str, int]:
    with without_guards(demo / "views.db") as connection:
        return dict(connection.execute("SELECT name, generation FROM read_models").fetchall())


def tables(demo: Path) -> set[str]:
    with without_guards(demo / "views.db") as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in found}


def test_all_are_rebuilt_and_both_digests_shown(run: Run, demo: Path) -> None:
    result = run("rebuild")
    assert (result.code, result.err) == (0, "")
    for name in NAMES:
        in_use, rebuilt = re.findall(rf"^{name}: \w.* ([0-9a-f]{{64}})$", result.out, re.MULTILINE)
        assert in_use == rebuilt
        assert f"{name}: equal" in result.out
    assert generations(demo) == dict.fromkeys(NAMES, 2)
    assert {one for one in tables(demo) if one.endswith("_1")} == set()
    assert run("verify").code == 0


def test_one_may_be_rebuilt_alone(run: Run, demo: Path) -> None:
    assert run("rebuild", "timeline").code == 0
    assert generations(demo) == dict.fromkeys(NAMES, 1) | {"timeline": 2}


def test_where_they_differ_nothing_is_switched(run: Run, demo: Path) -> None:
    with without_guards(demo / "views.db") as connection:
        connection.execute("UPDATE status_1 SET stage = 'returned'")
    result = run("rebuild")
    assert result.code == 1
    assert "status: DIFFERENT" in result.out
    assert "promises: equal" in result.out
    assert result.err.startswith("Error: status: the tables in use differ from the events.")
    assert generations(demo) == dict.fromkeys(NAMES, 2) | {"status": 1}


def test_what_differs_is_replaced_where_that_is_asked_for(run: Run, demo: Path) -> None:
    with without_guards(demo / "views.db") as connection:
        connection.execute("DELETE FROM timeline_1")
    assert run("rebuild", "timeline").code == 1
    assert run("rebuild", "timeline", "--replace").code == 0
    assert run("verify").code == 0


def test_a_read_model_that_lags_behind_is_brought_up_and_switched(run: Run, demo: Path) -> None:
    with open_container(Settings(data_dir=demo)) as container:
        administrator = Actor(Role.ADMINISTRATOR, "adm-1")
        container.tracker.erase_personal_data(
            administrator, container.sample_codes(1)[0], event_id="er-1", basis="by law"
        )
        head = container.scan.head()
    assert run("rebuild").code == 0
    with open_container(Settings(data_dir=demo)) as container:
        assert {one.model.position("store") for one in container.follows.values()} == {head}


def test_read_models_ahead_of_the_store_stop_all_but_their_replacement(
    run: Run, demo: Path
) -> None:
    with without_guards(demo / "events.db") as connection:
        (end,) = connection.execute(  # where a message ends: one may have led to two events
            "SELECT MAX(position) FROM requests WHERE position <= 600"
        ).fetchone()
        connection.execute("DELETE FROM stored_events WHERE rowid > ?", (end,))
        connection.execute("DELETE FROM requests WHERE position > ?", (end,))
    for args in (("figures",), ("rebuild",)):
        assert run(*args).code == 1
    assert run("figures").err.startswith("Error: A read model holds events that the store lacks")
    refused = run("rebuild", "--replace")
    assert refused.code == 1
    assert "tracker restore --accept-old-backup" in refused.err
    accept = run("restore", "--accept-old-backup", "--decision", "the disk is lost")
    assert (accept.code, "epoch 1" in accept.out) == (0, True)
    assert run("figures").code == 1
    assert run("rebuild", "--replace").code == 0
    assert run("figures").code == 0
    verified = run("verify")
    assert verified.code == 0
    assert "restored from backup" in verified.out
    assert "the disk is lost" in verified.out


def test_a_broken_event_is_told_in_one_line_with_its_position(run: Run, demo: Path) -> None:
    with without_guards(demo / "events.db") as connection:
        victim = find(connection, "dossier.decided.v1")
        connection.execute(
            "UPDATE stored_events SET topic = 'x' WHERE rowid = ?", (victim.position,)
        )
    result = run("rebuild")
    assert (result.code, result.err.count("\n")) == (1, 1)
    assert f"Position {victim.position}: A stored event named x cannot be read" in result.err
    assert generations(demo) == dict.fromkeys(NAMES, 1)


def test_a_rebuild_that_another_overtook_touches_nothing(demo_installation: Container) -> None:
    follow = demo_installation.follows["status"]
    first = follow.model.next_generation()
    Projector(follow.projection, follow.feed, first).catch_up()
    second = follow.model.next_generation()
    Projector(follow.projection, follow.feed, second).catch_up()
    assert follow.model.compare_and_switch(first, follow.feed).equal
    digest = follow.model.digest()
    with pytest.raises(RebuildOvertakenError):
        follow.model.compare_and_switch(second, follow.feed)
    assert follow.model.digest() == digest
