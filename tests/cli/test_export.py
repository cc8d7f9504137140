"""`tracker export`: sealed and opened exports, and the check of an export."""

import csv
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path

import pytest
from pyarrow import parquet

import tracker
from tests.cli.conftest import DOSSIERS, Run
from tests.system.searching import found
from tracker.adapters.exports.directory import find_faults
from tracker.application.queries.export import Form
from tracker.bootstrap import open_container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.intake import Received
from tracker.domain.dossier.events.processing import Decided, InternalStepTaken
from tracker.serialization import decode
from tracker.settings import Settings

ALL = tuple(word for form in Form for word in ("--format", form.value))
REASON = ("--open", "--reason", "complaint 7")
OWN_MAPPING = Path(tracker.__file__).parent / "data" / "mappings" / "tracker-export.toml"
ADMINISTRATOR = Actor(Role.ADMINISTRATOR, "test")


def rows(directory: Path) -> list[dict[str, str]]:
    with (directory / "events.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def personal(data_dir: Path, codes: list[str]) -> dict[str, str]:
    """Every text about the applicants of these dossiers, by its place."""
    with open_container(Settings(data_dir=data_dir)) as container:
        return {
            f"{code}/{version} {name}": text
            for code in codes
            for version, texts in container.reader.personal_data(
                ADMINISTRATOR, code, "test"
            ).items()
            for name, text in json.loads(texts.get("applicant", "{}")).items()
            if text
        }


def content(directory: Path) -> dict[str, bytes]:
    """Every file; Parquet also as what is packed in it."""
    files = {one.name: one.read_bytes() for one in directory.iterdir()}
    packed = directory / "events.parquet"
    return files | {"rows": str(parquet.read_table(packed).to_pylist()).encode()}


def test_an_export_is_counted_checked_and_made_once(run: Run, demo: Path, tmp_path: Path) -> None:
    run("log", "checkpoint")
    out = tmp_path / "out"
    result = run("export", str(out), *ALL)
    manifest = json.loads((out / "manifest.json").read_text())
    output = f"{DOSSIERS} dossiers with {manifest['events']} events are in {out}.\n"
    assert (result.code, result.out) == (0, output)
    assert manifest["events"] == manifest["up_to"] == len(rows(out))
    assert manifest["asked"] == {
        "code": None,
        "office": None,
        "since": None,
        "until": None,
        "personal_data": "sealed",
        "reason": None,
    }
    assert manifest["program"].startswith("tracker ")
    with open_container(Settings(data_dir=demo)) as container:
        (look,) = container.reader.readers(ADMINISTRATOR, rows(out)[0]["case:concept:name"])
    assert (look.what, look.role, look.reason) == ("history", "auditor", "")
    assert manifest["checkpoint"].split("\n")[1] == str(manifest["events"])
    assert run("export", "--check", str(out)).code == 0
    again = run("export", str(out))
    assert (again.code, again.err.count("\n")) == (1, 1)
    (out / "events.csv").write_text("")
    wrong = run("export", "--check", str(out))
    assert (wrong.code, "events.csv is not what was exported" in wrong.err) == (1, True)
    assert run("export", "--check", str(tmp_path)).code == 1


def test_the_same_store_gives_the_same_bytes(run: Run, demo: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run("export", str(tmp_path / name), *ALL).code == 0
    one, two = content(tmp_path / "one"), content(tmp_path / "two")
    manifests = [json.loads(each.pop("manifest.json")) for each in (one, two)]
    assert one == two
    for manifest in manifests:
        del manifest["began_at"], manifest["ended_at"]
    assert manifests[0] == manifests[1]


def test_no_sealed_text_is_in_a_sealed_export_and_all_are_in_an_opened_one(
    run: Run, demo: Path, tmp_path: Path
) -> None:
    run("export", str(tmp_path / "sealed"), *ALL)
    codes = sorted({row["case:concept:name"] for row in rows(tmp_path / "sealed")})
    words = personal(demo, codes)
    assert len(words) > len(codes)
    some = {where: text for where, text in words.items() if where.startswith(tuple(codes[:12]))}
    assert found(some, content(tmp_path / "sealed")) == []

    gone = codes[0]
    run("erase", gone, "--basis", "law", "--yes")
    assert run("export", str(tmp_path / "opened"), *ALL, *REASON).code == 0
    opened = content(tmp_path / "opened")
    erased = {where: one for where, one in words.items() if where.startswith(gone)}
    kept = {where: one for where, one in words.items() if not where.startswith(gone)}
    only_there = {where: one for where, one in erased.items() if one not in kept.values()}
    assert only_there
    assert found(only_there, opened) == []
    texts = "".join(row["opened"] for row in rows(tmp_path / "opened"))
    assert [where for where, one in kept.items() if one not in texts] == []


def test_opening_is_recorded_with_its_reason_and_needs_one(
    run: Run, demo: Path, tmp_path: Path
) -> None:
    with open_container(Settings(data_dir=demo)) as container:
        code = container.look_up.samples(1)[0]
    for wrong in (("--open",), ("--open", "--reason", " "), ("--reason", "x")):
        refused = run("export", str(tmp_path / "out"), "--code", code, *wrong)
        assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert not (tmp_path / "out").exists()
    assert run("export", str(tmp_path / "out"), "--code", code.lower(), *REASON).code == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["dossiers"], manifest["asked"]["reason"]) == (1, "complaint 7")
    assert manifest["asked"]["personal_data"] == "opened"
    with open_container(Settings(data_dir=demo)) as container:
        (look,) = container.reader.readers(ADMINISTRATOR, code)
    assert (look.what, look.reason) == ("personal_data", "complaint 7")
    assert look.actor.startswith("cli:")


def test_a_period_and_an_office_restrict_it(run: Run, demo: Path, tmp_path: Path) -> None:
    run("export", str(tmp_path / "all"), "--format", "csv")
    everything = rows(tmp_path / "all")
    by_day = sorted(everything, key=itemgetter("case:came_in_at"))
    first, last = by_day[len(by_day) // 4], by_day[len(by_day) // 2]
    since, until = first["case:came_in_at"][:10], last["case:came_in_at"][:10]
    office = first["case:decided_by_office"]
    chosen = ("--office", office, "--since", since, "--until", until)
    assert run("export", str(tmp_path / "some"), "--format", "csv", *chosen).code == 0
    offices = [f"case:{one}_office" for one in ("helped_at", "received_at", "decided_by")]
    expected = [
        row
        for row in everything
        if office in [row[one] for one in offices] and since <= row["case:came_in_at"][:10] <= until
    ]
    assert 0 < len(expected) < len(everything)
    assert rows(tmp_path / "some") == expected


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (("--code", "H26.01-200101-0001"), 1),
        (("--since", "tomorrow"), 2),
        (("--until", "2999-01-01"), 2),
        (("--format", "xlsx"), 2),
    ],
)
def test_what_cannot_be_exported_leaves_nothing(
    run: Run, demo: Path, tmp_path: Path, asked: tuple[str, str], code: int
) -> None:
    before = sorted(tmp_path.iterdir())
    result = run("export", str(tmp_path / "out"), *asked)
    assert (result.code, bool(result.err)) == (code, True)
    assert sorted(tmp_path.iterdir()) == before


def test_a_killed_export_never_looks_whole(demo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "tracker", "export", str(out), *ALL],
        env=os.environ | {"TRACKER_DATA_DIR": str(demo)},
    )
    while process.poll() is None and not list(tmp_path.glob(".out.*/events.ndjson")):
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists() or find_faults(out) == []


@pytest.mark.parametrize("form", ["csv", "xes"])
def test_what_is_exported_and_imported_elsewhere_has_the_same_lives(
    run: Run, demo: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert run("export", str(out), "--format", "csv", "--format", form).code == 0
    monkeypatch.setenv("TRACKER_DATA_DIR", str(tmp_path / "elsewhere"))
    imported = run("import", str(out / f"events.{form}"), "--mapping", str(OWN_MAPPING))
    assert imported.code == 0
    lives: dict[str, list[dict[str, str]]] = {}
    for row in rows(out):
        lives.setdefault(row["case:concept:name"], []).append(row)
    with open_container(Settings(data_dir=tmp_path / "elsewhere")) as container:
        for code, life in lives.items():
            stored = container.tracker.store.select_events(dossier_id(code))
            events = [decode(one.topic, one.state) for one in stored]
            steps = [one for one in events if isinstance(one, InternalStepTaken)]
            assert [(one.name, one.clerk, one.unit, one.occurred_at) for one in steps] == [
                (
                    row["concept:name"],
                    row["org:resource"],
                    row["org:group"],
                    moment(row["time:timestamp"]),
                )
                for row in life
            ]
            first, case = events[0], life[0]
            assert isinstance(first, Received)
            promised = first.promise.due_at if first.promise else None
            assert (
                first.occurred_at,
                promised,
                first.channel,
                first.procedure,
                first.offices.helped_at,
                first.offices.received_at,
                first.offices.decided_by,
            ) == (
                moment(case["case:came_in_at"]),
                moment(case["case:promised_at"]),
                case["case:channel"],
                case["case:procedure"],
                case["case:helped_at_office"],
                case["case:received_at_office"],
                case["case:decided_by_office"],
            )
            ends = [one.occurred_at for one in events if isinstance(one, Decided)]
            assert ends == [one for one in [moment(case["case:finished_at"])] if one]


def moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
