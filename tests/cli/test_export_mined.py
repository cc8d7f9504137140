"""Exports as a process mining tool reads them: cases, events, their order and times."""

import csv
from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Install the optional requirement:UserWarning"),
]

Told = list[tuple[str, str, str, str]]


@pytest.fixture
def exported(run: Run, demo: Path, tmp_path: Path) -> Path:
    out = tmp_path / "out"
    forms = ("--format", "csv", "--format", "xes", "--format", "ocel")
    assert run("export", str(out), *forms).code == 0
    return out


def expected_events(directory: Path) -> Told:
    """Return case, event, activity and time of each row of the table."""
    with (directory / "events.csv").open(encoding="utf-8", newline="") as file:
        return [
            (
                row["case:concept:name"],
                row["concept:instance"],
                row["concept:name"],
                row["time:timestamp"],
            )
            for row in csv.DictReader(file)
        ]


def at_home(frame: object, *columns: str) -> Told:
    """Return the same from a pandas table, with times in the service's zone."""
    case, event, activity, time = (frame[name] for name in columns)  # type: ignore[index]
    times = [one.isoformat() for one in time.dt.tz_convert("Asia/Ho_Chi_Minh")]
    return list(zip(case, event, activity, times, strict=True))


def test_pm4py_reads_the_same_cases_events_order_and_times_from_xes(exported: Path) -> None:
    import pm4py  # noqa: PLC0415  it takes a second, and greets

    frame = pm4py.read_xes(str(exported / "events.xes"))
    names = ("case:concept:name", "concept:instance", "concept:name", "time:timestamp")
    assert at_home(frame, *names) == expected_events(exported)


def test_pm4py_reads_the_same_events_objects_and_times_from_ocel(exported: Path) -> None:
    import pm4py  # noqa: PLC0415  as above

    log = pm4py.read_ocel2_json(str(exported / "events.jsonocel"))
    relations = log.relations[log.relations["ocel:type"] == "dossier"]
    names = ("ocel:oid", "ocel:eid", "ocel:activity", "ocel:timestamp")
    expected = [(f"dossier:{case}", *event) for case, *event in expected_events(exported)]
    assert sorted(at_home(relations, *names)) == sorted(expected)
    # It sorts by time: within a moment the order is ours.
    assert list(log.events["ocel:eid"]) == [
        event for _, event, _, _ in sorted(expected_events(exported), key=lambda one: one[3])
    ]
    dossiers = log.objects[log.objects["ocel:type"] == "dossier"]
    assert sorted(dossiers["concept:name"]) == sorted(
        {case for case, *_ in expected_events(exported)}
    )
