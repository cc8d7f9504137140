"""An older backup of the keys was restored: the loss is listed, accepted and reported."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.tampering import without_guards
from tracker.bootstrap import open_container
from tracker.domain.dossier.actors import Actor, Role
from tracker.settings import Settings

LOST = 30
DECISION = "Bản sao khóa ngày 1/12 hỏng; biên bản 12/BB"


def codes(demo: Path) -> list[str]:
    with closing(sqlite3.connect(demo / "events.db")) as connection:
        rows = connection.execute(
            "SELECT json_extract(CAST(state AS TEXT), '$.code') FROM stored_events"
            " WHERE originator_version = 1 ORDER BY rowid"
        ).fetchall()
    return [code for (code,) in rows]


def lose(demo: Path, *lost: str) -> None:
    with without_guards(demo / "events.db") as connection:
        for code in lost:
            connection.execute(
                "DELETE FROM dossier_keys WHERE dossier_id IN (SELECT originator_id FROM"
                " stored_events WHERE json_extract(CAST(state AS TEXT), '$.code') = ?)",
                (code,),
            )


def erase(demo: Path, code: str) -> None:
    with open_container(Settings(data_dir=demo)) as container:
        actor = Actor(Role.ADMINISTRATOR, "adm-1")
        container.erasure.erase(actor, code, event_id="er-1", basis="by law")
        container.catch_up()


def test_every_lost_key_is_listed_and_all_else_is_checked(
    run: Run, demo: Path, tmp_path: Path
) -> None:
    lost = codes(demo)[:LOST]
    erase(demo, codes(demo)[LOST])
    lose(demo, *lost)
    listed = tmp_path / "lost.tsv"
    result = run("verify", "--list", str(listed))
    assert result.code == 1
    assert f"The keys of {LOST} dossiers are lost" in result.err
    assert "tracker lost-keys accept" in result.err
    assert result.out.count(": lost, and no decision accepts it") == 20
    assert f"and 10 more, {LOST} in all" in result.out
    assert "log: " in result.out
    assert "status: equal" in result.out
    assert sorted(line.split("\t")[0] for line in listed.read_text().splitlines()) == sorted(lost)


def test_other_damage_is_found_beside_lost_keys(run: Run, demo: Path) -> None:
    lose(demo, *codes(demo)[:3])
    with without_guards(demo / "views.db") as connection:
        connection.execute("DELETE FROM timeline_1 WHERE rowid = 1")
    result = run("verify")
    assert result.code == 1
    assert result.out.count("lost, and no decision accepts it") == 3
    assert "timeline" in result.err


def test_a_recorded_decision_lets_verify_pass_with_the_loss_named(
    run: Run, demo: Path, tmp_path: Path
) -> None:
    lost = codes(demo)[:LOST]
    lose(demo, *lost)
    accepted = run("lost-keys", "accept", "--decision", DECISION, "--by", "Bà Giám đốc")
    assert (accepted.code, accepted.out) == (0, f"The loss of {LOST} keys is accepted.\n")
    for _ in range(2):
        result = run("verify")
        assert (result.code, result.err) == (0, "")
        assert f"keys: {LOST} lost, accepted by Bà Giám đốc at " in result.out
        assert DECISION in result.out
    again = run("lost-keys", "accept", "--decision", "another")
    assert again.out == "The loss of 0 keys is accepted.\n"

    later = codes(demo)[LOST]
    lose(demo, later)
    result = run("verify")
    assert result.code == 1
    assert "The keys of 1 dossiers are lost" in result.err
    assert f"keys: {later}: lost, and no decision accepts it" in result.out
    assert f"keys: {LOST} lost, accepted by Bà Giám đốc" in result.out


def test_a_lost_key_is_not_an_erasure_and_an_erasure_is_no_lost_key(run: Run, demo: Path) -> None:
    erased, lost = codes(demo)[:2]
    erase(demo, erased)
    lose(demo, lost)
    listed = run("lost-keys", "list")
    assert lost in listed.out
    assert erased not in listed.out
    assert "1 dossiers have lost their keys" in listed.out
    run("lost-keys", "accept", "--decision", DECISION)
    assert DECISION in run("lost-keys", "list").out
    assert "personal_data_erased" not in run("history", lost).out
    verified = run("verify").out
    assert "keys: 1 lost, accepted by cli:" in verified


def test_without_a_decision_nothing_is_accepted(run: Run, demo: Path) -> None:
    lose(demo, codes(demo)[0])
    assert run("lost-keys", "accept", "--decision", " ").code == 2
    assert run("lost-keys", "accept").code == 2
    assert run("verify").code == 1


def test_a_full_list_goes_to_a_file(run: Run, demo: Path, tmp_path: Path) -> None:
    lost = codes(demo)[:LOST]
    lose(demo, *lost)
    listed = tmp_path / "all.tsv"
    result = run("lost-keys", "list", "--list", str(listed))
    assert result.out.count("H26") == 20
    assert f"{LOST} dossiers have lost their keys: {listed}" in result.out
    assert len(listed.read_text().splitlines()) == LOST
