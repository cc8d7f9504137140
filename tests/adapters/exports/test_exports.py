"""Exports: every format has the same content, and a directory is complete or absent."""

import csv
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree.ElementTree import Element, fromstring

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tests.adapters.exports.exported_dossiers import exported_dossiers
from tests.domain.dossier_spec import SEALED
from tracker.adapters.exports.columns import COLUMNS, ColumnKind, RowValues, as_text, table_rows
from tracker.adapters.exports.directory import (
    ExportExistsError,
    NoParentDirectoryError,
    NotAnExportError,
    export,
    find_faults,
)
from tracker.adapters.exports.manifest import Manifest
from tracker.adapters.exports.tables import ParquetFile
from tracker.application.queries.export import ExportedDossier, Form, NoParquetError

HANOI = timezone(timedelta(hours=7))
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
XES = "{http://www.xes-standard.org/}"
calmly = settings(deadline=None, max_examples=8)


def write(
    directory: Path, taken: Iterator[ExportedDossier] | Sequence[ExportedDossier], *forms: Form
) -> Manifest:
    return export(
        directory,
        forms,
        taken,
        zone=HANOI,
        program="tracker 0",
        asked={"code": None},
        up_to=40,
        checkpoint="a note",
        now=lambda: NOW,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("exports") / "whole"
    write(directory, exported_dossiers(7), *Form)
    return directory


def expected_rows() -> list[RowValues]:
    return [row for taken in exported_dossiers(7) for row in table_rows(taken, HANOI)]


def texts_of(rows: list[RowValues]) -> list[dict[str, str]]:
    return [{name: as_text(value) for name, value in row.items()} for row in rows]


def only_filled(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if value}


# ------------------------------------------------------------------- the forms


def test_ndjson_holds_the_very_bytes_that_are_stored(whole: Path) -> None:
    class Line(msgspec.Struct):
        position: int
        topic: str
        event: msgspec.Raw

    lines = (whole / "events.ndjson").read_bytes().splitlines()
    read = [msgspec.json.decode(line, type=Line) for line in lines]
    assert [(one.position, one.topic, bytes(one.event)) for one in read] == [
        (row.position, row.topic, row.state) for taken in exported_dossiers(7) for row in taken.rows
    ]


def test_csv_has_every_column_of_every_event(whole: Path) -> None:
    with (whole / "events.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == texts_of(expected_rows())


def test_parquet_read_back_has_the_same_rows_with_times_as_moments(whole: Path) -> None:
    table = parquet.read_table(whole / "events.parquet")
    assert table.to_pylist() == expected_rows()
    kinds = {name: str(table.schema.field(name).type) for name in COLUMNS}
    assert {kinds[name] for name, kind in COLUMNS.items() if kind is ColumnKind.TIME} == {
        "timestamp[us, tz=UTC]"
    }


def test_parquet_without_its_library_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(NoParquetError, match=r"tracker\[parquet\]"):
        write(tmp_path / "out", exported_dossiers(7), Form.PARQUET)
    assert list(tmp_path.iterdir()) == []


def test_xes_has_a_trace_for_each_dossier_with_its_events_in_stored_order(whole: Path) -> None:
    log = fromstring((whole / "events.xes").read_bytes())  # noqa: S314  our own
    rows = [
        {f"case:{name}": value for name, value in attributes(trace).items()} | attributes(event)
        for trace in log.iter(f"{XES}trace")
        for event in trace.iter(f"{XES}event")
    ]
    assert rows == [only_filled(row) for row in texts_of(expected_rows())]
    tags = {
        "string": ColumnKind.TEXT,
        "int": ColumnKind.NUMBER,
        "boolean": ColumnKind.FLAG,
        "date": ColumnKind.TIME,
    }
    for event in log.iter(f"{XES}event"):
        for one in event:
            assert COLUMNS[one.attrib["key"]] is tags[one.tag.removeprefix(XES)]


def attributes(of: Element) -> dict[str, str]:
    return {one.attrib["key"]: one.attrib["value"] for one in of if "key" in one.attrib}


def test_ocel_relates_each_event_to_the_objects_it_touches(whole: Path) -> None:
    log = json.loads((whole / "events.jsonocel").read_bytes())
    rows = expected_rows()
    assert [one["id"] for one in log["events"]] == [row["concept:instance"] for row in rows]
    assert [one["time"] for one in log["events"]] == [as_text(r["time:timestamp"]) for r in rows]
    objects = {one["id"]: one for one in log["objects"]}
    assert len(objects) == len(log["objects"])
    for event, row in zip(log["events"], rows, strict=True):
        touched = {one["qualifier"]: one["objectId"] for one in event["relationships"]}
        assert touched["dossier"] == f"dossier:{row['case:concept:name']}"
        assert touched["resource"] == f"resource:{row['org:resource']}"
        details = json.loads(str(row["details"] or "{}"))
        if row["step"] in {"handed_to_carrier", "carrier_scanned"}:
            assert touched["parcel"].endswith("/" + details["number"])
        assert touched.keys() <= {"dossier", "resource", "office", "parcel"}
        assert objects.keys() >= set(touched.values())
    related = [one["objectId"] for each in log["objects"] for one in each["relationships"]]
    assert objects.keys() >= set(related)
    kinds: dict[str, dict[str, Any]] = {one["name"]: one for one in log["objectTypes"]}
    assert {one["type"] for one in log["objects"]} <= kinds.keys()
    assert {one["type"] for one in log["events"]} == {one["name"] for one in log["eventTypes"]}


def test_letters_xml_has_no_place_for_are_replaced_and_all_others_kept(tmp_path: Path) -> None:
    (taken,) = exported_dossiers(7, dossiers=1, steps=1)
    odd = "a\x00\x0b\ufffe<&'\"\t\n\r😀 Nguyễn"
    write(
        tmp_path / "out",
        [ExportedDossier(**vars(taken) | {"texts": {1: {"applicant": odd}}})],
        *Form,
    )
    log = fromstring((tmp_path / "out" / "events.xes").read_bytes())  # noqa: S314  our own
    (event,) = log.iter(f"{XES}event")
    assert json.loads(attributes(event)["opened"]) == {
        "applicant": odd.replace("\ufffe", "\ufffd")  # JSON has written the others as \u0000
    }


@calmly
@given(st.integers(0, 10**9))
def test_a_table_tells_times_lateness_corrections_and_what_is_sealed(seed: int) -> None:
    for taken in exported_dossiers(seed):
        rows = list(table_rows(taken, HANOI))
        for event, row in zip(taken.events, rows, strict=True):
            assert row["time:timestamp"] == event.occurred_at
            assert row["recorded_at"] == event.recorded_at
            is_late = event.recorded_at - event.occurred_at > timedelta(minutes=5)
            assert row["late"] is is_late
            by = [
                str(one.originator_version)
                for one in taken.events
                if getattr(one, "corrects", None) == event.originator_version
            ]
            assert (row["corrected_by"] or "") == " ".join(by)
            assert SEALED not in str(row)
            sealed = [one.name for one in fields(event) if getattr(event, one.name) == SEALED]
            assert str(row["sealed"] or "").split() == sealed
            assert not json.loads(str(row["details"] or "{}")).keys() & set(sealed)


# --------------------------------------------------------------- the directory


def test_the_manifest_counts_what_is_there_and_its_digests_hold(whole: Path) -> None:
    manifest = msgspec.json.decode((whole / "manifest.json").read_bytes(), type=Manifest)
    positions = [row.position for taken in exported_dossiers(7) for row in taken.rows]
    assert (manifest.dossiers, manifest.events) == (len(exported_dossiers(7)), len(positions))
    assert (manifest.first_position, manifest.last_position) == (min(positions), max(positions))
    assert (manifest.up_to, manifest.checkpoint, manifest.program) == (40, "a note", "tracker 0")
    assert [one.name for one in manifest.files] == [form.file_name for form in Form]
    assert find_faults(whole) == []


def test_the_same_dossiers_give_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    write(tmp_path / "again", exported_dossiers(7), *Form)
    for form in Form:
        again = (tmp_path / "again" / form.file_name).read_bytes()
        assert again == (whole / form.file_name).read_bytes()


def test_every_change_to_an_export_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, exported_dossiers(7), Form.CSV, Form.NDJSON, Form.XES)
    content = bytearray((out / "events.csv").read_bytes())
    content[-2] ^= 1
    (out / "events.csv").write_bytes(content)
    (out / "events.xes").unlink()
    (out / "more.txt").touch()
    assert find_faults(out) == [
        "events.xes is missing",
        "more.txt is not in the manifest",
        "events.csv is not what was exported",
    ]
    (out / "manifest.json").write_text("{}")
    with pytest.raises(NotAnExportError):
        find_faults(out)


@pytest.mark.parametrize("form", Form)
def test_an_export_that_breaks_off_leaves_nothing(tmp_path: Path, form: Form) -> None:
    def broken() -> Iterator[ExportedDossier]:
        yield exported_dossiers(7)[0]
        assert len(list(tmp_path.iterdir())) == 1  # it is there under another name
        assert not (tmp_path / "out").exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "out", broken(), form)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for name in (".", "file", "link"):
        with pytest.raises(ExportExistsError):
            write(tmp_path / name, exported_dossiers(7), Form.CSV)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "link"]


def test_no_export_is_made_in_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NoParentDirectoryError, match="Make it first"):
        write(tmp_path / "gone" / "out", exported_dossiers(7), Form.CSV)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_an_export_too(tmp_path: Path) -> None:
    manifest = write(tmp_path / "out", [], *Form)
    assert (manifest.dossiers, manifest.events, manifest.first_position) == (0, 0, None)
    assert json.loads((tmp_path / "out" / "events.jsonocel").read_bytes())["objects"] == []
    assert parquet.read_table(tmp_path / "out" / "events.parquet").num_rows == 0


def peak_of(export_of: Callable[[Iterator[ExportedDossier]], object], times: int) -> int:
    dossiers = chain.from_iterable(repeat(exported_dossiers(7), times))
    tracemalloc.start()
    export_of(dossiers)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("form", sorted(set(Form) - {Form.PARQUET}))
def test_memory_does_not_grow_with_what_is_exported(tmp_path: Path, form: Form) -> None:
    peak = partial(peak_of, lambda dossiers: write(tmp_path / uuid4().hex, dossiers, form))
    assert peak(200) < 1.3 * peak(20)


def test_memory_does_not_grow_with_the_groups_of_a_parquet_file(tmp_path: Path) -> None:
    def write_parquet(dossiers: Iterator[ExportedDossier]) -> None:
        with (tmp_path / uuid4().hex).open("wb") as file:
            table = ParquetFile(file, HANOI, rows_a_group=500)
            for dossier in dossiers:
                table.add(dossier)
            table.finish()

    peak = partial(peak_of, write_parquet)
    assert peak(200) < 1.3 * peak(20)
