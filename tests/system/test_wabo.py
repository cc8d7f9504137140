"""The first real input: a municipality's intake log, imported whole and compared to the file.

The log is not ours to copy (J.C.A.M. Buijs, 4TU.ResearchData); it is looked for beside the
repository, or where TRACKER_TEST_WABO_CSV says.
"""

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import tracker
from tracker.adapters.imports.importing import ImportReport, import_log
from tracker.adapters.imports.mapping import read_mapping
from tracker.adapters.imports.oddities import Oddity
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_scan import SqlStoreScan
from tracker.application.audit.verify_store import StoreVerifier
from tracker.application.queries.dossier_reader import Moment
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.events.intake import Received
from tracker.domain.dossier.events.processing import Decided, InternalStepTaken
from tracker.projections.figures.figures import Counts, GroupBy, Question
from tracker.projections.model.projector import Projector
from tracker.settings import Settings

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
MAPPING = Path(tracker.__file__).parent / "data" / "mappings" / "wabo-receipt.toml"
ADMINISTRATOR = Actor(Role.ADMINISTRATOR, "adm-1")
IMPORTED_AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)

TABLE = {  # received, finished, finished on time, open: as the log's own description has it
    "Internet": (1250, 1148, 835, 102),
    "Desk": (109, 107, 68, 2),
    "Post": (53, 52, 35, 1),
    "e-mail": (21, 21, 13, 0),
    "Intern": (1, 1, 1, 0),
}
ALL = (1434, 1329, 952, 105)
MOMENTS = [datetime(2010, 12, 31, tzinfo=UTC), datetime(2011, 6, 30, 22, tzinfo=UTC)]
PERIOD = (datetime(2011, 3, 31, 22, tzinfo=UTC), datetime(2011, 6, 30, 22, tzinfo=UTC))

AUDITOR = Actor(Role.AUDITOR, "auditor")


@dataclass(frozen=True)
class Told:
    """A dossier as plain reading of the file tells it."""

    channel: str
    start: datetime
    due: datetime
    end: datetime | None


@dataclass(frozen=True)
class Imported:
    """An installation after the first import."""

    opened: Container
    log: Path
    report: ImportReport


def found_log() -> Path | None:
    named = os.environ.get("TRACKER_TEST_WABO_CSV")
    below = Path("shared", "data", "wabo-receipt", "receipt.csv")
    places = [Path(named)] if named else [above / below for above in REPOSITORY.parents]
    return next((place for place in places if place.is_file()), None)


@pytest.fixture(scope="module")
def log() -> Path:
    path = found_log()
    if path is None:
        pytest.skip(
            "the WABO log is not here: it belongs at ../shared/data/wabo-receipt/receipt.csv,"
            " seen from the repository, or where TRACKER_TEST_WABO_CSV says"
        )
    return path


@pytest.fixture(scope="module")
def rows(log: Path) -> list[dict[str, str]]:
    with log.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def told(rows: list[dict[str, str]]) -> dict[str, Told]:
    return {
        row["case:concept:name"]: Told(
            row["case:channel"],
            datetime.fromisoformat(row["case:startdate"]),
            datetime.fromisoformat(row["case:deadline"]),
            datetime.fromisoformat(row["case:enddate"]) if row["case:enddate"] else None,
        )
        for row in rows
    }


@pytest.fixture(scope="module")
def imported(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    folder = tmp_path_factory.mktemp("wabo")
    with open_container(Settings(data_dir=folder / "var"), now=lambda: IMPORTED_AT) as opened:
        yield Imported(opened, log, run_import(opened, log, folder))


def run_import(opened: Container, log: Path, folder: Path) -> ImportReport:
    report = import_log(
        log, read_mapping(MAPPING), opened.tracker.handle, rejects=folder / "rejected.csv"
    )
    opened.catch_up()
    return report


def in_short(counts: Counts) -> tuple[int, int, int, int]:
    return counts.received, counts.finished, counts.latest.finished_on_time, counts.open


def as_of_by_hand(
    told: dict[str, Told], as_of: datetime, since: datetime | None = None
) -> dict[str, Counter[str]]:
    """Count by channel what had happened by `as_of`, straight from the file."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in told.values():
        if one.start > as_of:
            continue
        counts = found[one.channel]
        end = one.end if one.end and one.end <= as_of else None
        counts["received"] += since is None or one.start >= since
        counts["carried_over"] += (
            since is not None and one.start < since and (end is None or end >= since)
        )
        counts["open"] += end is None
        counts["open_overdue"] += end is None and one.due < as_of
        if end and (since is None or end >= since):
            counts["finished"] += 1
            counts["finished_on_time" if end <= one.due else "finished_late"] += 1
    return {channel: counts for channel, counts in found.items() if counts.total()}


def test_every_dossier_and_every_event_is_imported(imported: Imported) -> None:
    report = imported.report
    assert (report.rows, report.dossiers_added, report.steps_added) == (8577, 1434, 8577)
    assert report.decisions_added == 1329
    assert (report.rejected, report.conflicts, report.rejects) == (0, 0, None)


def test_the_dirty_rows_are_told_and_kept(imported: Imported) -> None:
    assert {one.oddity: one.count for one in imported.report.oddities} == {
        Oddity.EVENT_BEFORE_START: 12,
        Oddity.EVENT_AFTER_END: 180,
        Oddity.END_BEFORE_START: 2,
    }


def test_every_history_holds_its_rows_with_their_own_times_and_clerks(
    imported: Imported, rows: list[dict[str, str]], told: dict[str, Told]
) -> None:
    expected: dict[str, list[tuple[str, str, str, datetime]]] = defaultdict(list)
    for row in rows:
        at = datetime.fromisoformat(row["time:timestamp"])
        step = (row["concept:instance"], row["concept:name"], row["org:resource"], at)
        expected[row["case:concept:name"]].append(step)
    found = {}
    for code, dossier in told.items():
        history = imported.opened.reader.history(ADMINISTRATOR, code, Moment())
        assert [event.originator_version for event in history] == list(range(1, len(history) + 1))
        found[code] = [
            (event.event_id, event.name, event.clerk, event.occurred_at)
            for event in history
            if isinstance(event, InternalStepTaken)
        ]
        (received,) = (event for event in history if isinstance(event, Received))
        ends = [event.occurred_at for event in history if isinstance(event, Decided)]
        assert received.promise is not None
        assert (received.channel, received.occurred_at) == (dossier.channel, dossier.start)
        assert (received.code, received.promise.due_at) == (code, dossier.due)
        assert ends == ([dossier.end] if dossier.end else [])
    assert found == expected
    assert sum(len(steps) for steps in found.values()) == 8577


@pytest.mark.parametrize("ahead", [timedelta(seconds=1), timedelta(seconds=-1)])
def test_the_figures_by_channel_are_the_table_of_the_log(
    imported: Imported, ahead: timedelta
) -> None:
    """A second ahead they come from the live table, a second back from the folded past."""
    question = Question(as_of=IMPORTED_AT + ahead, by=GroupBy.CHANNEL)
    figures = imported.opened.figures.answer(AUDITOR, question)
    assert {name: in_short(counts) for name, counts in figures.groups.items()} == TABLE
    assert in_short(figures.total) == ALL


@pytest.mark.parametrize(
    ("as_of", "since"), [*((moment, None) for moment in MOMENTS), (PERIOD[1], PERIOD[0])]
)
def test_figures_of_a_past_day_are_what_the_file_says_of_it(
    imported: Imported, told: dict[str, Told], as_of: datetime, since: datetime | None
) -> None:
    question = Question(as_of=as_of, since=since, by=GroupBy.CHANNEL)
    figures = imported.opened.figures.answer(AUDITOR, question)
    by_hand = as_of_by_hand(told, as_of, since)
    assert sum(counts["received"] for counts in by_hand.values()) > 100
    found = {
        name: Counter(
            received=counts.received,
            carried_over=counts.carried_over,
            finished=counts.finished,
            finished_on_time=counts.latest.finished_on_time,
            finished_late=counts.latest.finished_late,
            open=counts.open,
            open_overdue=counts.latest.open_overdue,
        )
        for name, counts in figures.groups.items()
        if counts != Counts()
    }
    assert found == by_hand


def test_nothing_was_known_before_it_was_imported(imported: Imported) -> None:
    before = Question(as_of=IMPORTED_AT, known_at=IMPORTED_AT - timedelta(seconds=1))
    assert imported.opened.figures.answer(AUDITOR, before).total == Counts()


def test_the_store_verifies(imported: Imported) -> None:
    engine = open_engine(imported.opened.settings.events_url())
    try:
        verifier = StoreVerifier(SqlStoreScan(engine))
        assert verifier.first_damage() is None
        assert (verifier.events, verifier.dossiers) == (1434 + 8577 + 1329, 1434)
    finally:
        engine.dispose()


def test_rebuilt_read_models_equal_the_live_ones(imported: Imported) -> None:
    for name, follow in imported.opened.follows.items():
        rebuilt = follow.model.next_generation()
        Projector(follow.projection, follow.feed, rebuilt).catch_up()
        assert follow.model.compare_and_switch(rebuilt, follow.feed).equal, name


def test_a_second_import_adds_nothing(imported: Imported, tmp_path: Path) -> None:
    opened = imported.opened
    before = {name: follow.model.digest() for name, follow in opened.follows.items()}
    head = opened.tracker.store.max_notification_id()
    report = run_import(opened, imported.log, tmp_path)
    assert (report.events_added, report.already_there, report.rejected) == (0, 8577, 0)
    assert report.oddities == imported.report.oddities
    assert opened.tracker.store.max_notification_id() == head
    assert {name: follow.model.digest() for name, follow in opened.follows.items()} == before
