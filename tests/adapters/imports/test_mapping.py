"""The mapping file of a legacy log: what it says, and what is wrong with it."""

from pathlib import Path

import pytest

import tracker
from tracker.adapters.imports.mapping import MappingError, Value, read_mapping
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.errors import InvalidInputError

WABO = Path(tracker.__file__).parent / "data" / "mappings" / "wabo-receipt.toml"
SOUND = """\
source = "old-desk"

[dossier]
code = "nr"
received_at = "start"
channel = "channel"
procedure = { constant = "PERMIT" }
outcome = "granted"
way_of_return = "collect"

[offices]
helped_at = { column = "desk", constant = "Hall" }
received_at = { constant = "Hall" }
decided_by = "unit"

[step]
name = "what"
clerk = "who"
occurred_at = "at"
"""


def written(into: Path, text: str) -> Path:
    path = into / "old-desk.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path) -> tuple[str, ...]:
    with pytest.raises(MappingError) as refused:
        read_mapping(path)
    assert isinstance(refused.value, InvalidInputError)
    assert str(refused.value) == "\n".join(refused.value.problems)
    return refused.value.problems


def test_a_value_comes_from_a_column_a_constant_or_both(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path, SOUND))
    assert mapping.dossier.channel == Value(column="channel")
    assert mapping.offices.helped_at == Value(column="desk", constant="Hall")
    assert mapping.offices.received_at == Value(constant="Hall")
    assert mapping.columns() == {"nr", "start", "channel", "desk", "unit", "what", "who", "at"}


def test_the_source_names_who_the_imported_events_are_by(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path, SOUND))
    assert mapping.actor == Actor(Role.ADMINISTRATOR, "import:old-desk")


def test_what_is_left_out_means_utf_8_commas_and_iso_times(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path, SOUND))
    assert (mapping.file.encoding, mapping.file.delimiter) == ("utf-8-sig", ",")
    assert (mapping.time.format, mapping.time.zone, mapping.channels) == ("iso", None, {})


def test_the_mapping_of_the_municipal_log_names_its_columns() -> None:
    mapping = read_mapping(WABO)
    assert mapping.source == "wabo-receipt"
    assert mapping.columns() == {
        "case:channel",
        "case:concept:name",
        "case:deadline",
        "case:department",
        "case:enddate",
        "case:startdate",
        "concept:instance",
        "concept:name",
        "org:group",
        "org:resource",
        "time:timestamp",
    }


FAULTS = [
    ('source = "old-desk"', 'source = "Old Desk"', "source: "),
    ('source = "old-desk"', "", "source: Field required"),
    ('code = "nr"', "", "dossier.code: Field required"),
    ('code = "nr"', "code = 7", "dossier.code: "),
    ('code = "nr"', 'code = "nr"\nnumber = "nr"', "dossier.number: Extra inputs"),
    ('channel = "channel"', "channel = {}", "dossier.channel: needs a column, a constant, or both"),
    ('channel = "channel"', 'channel = { colum = "c" }', "dossier.channel.colum: Extra inputs"),
    ('outcome = "granted"', 'outcome = "yes"', "dossier.outcome: "),
    ('way_of_return = "collect"', 'way_of_return = "car"', "dossier.way_of_return: "),
    ("[offices]", "[office]", "offices: Field required"),
    ("[step]", '[file]\ndelimiter = ";;"\n[step]', "file.delimiter: "),
    (
        "[step]",
        '[file]\nencoding = "utf-16"\n[step]',
        "file.encoding: is not a text encoding that keeps ASCII",
    ),
    (
        "[step]",
        '[file]\nencoding = "klingon"\n[step]',
        "file.encoding: is not a text encoding that keeps ASCII",
    ),
    (
        "[step]",
        '[time]\nzone = "Asia/Atlantis"\n[step]',
        "time.zone: is not a zone such as Asia/Ho_Chi_Minh",
    ),
    (
        "[step]",
        '[time]\nformat = "%H:%M"\nzone = "Asia/Ho_Chi_Minh"\n[step]',
        "time.format: is neither 'iso' nor a strptime format with year, month and day",
    ),
    (
        "[step]",
        '[time]\nformat = "%d/%m/%Y %H:%M"\n[step]',
        "time: needs a zone, or %z in its format",
    ),
]


@pytest.mark.parametrize(("old", "new", "problem"), FAULTS)
def test_a_fault_is_told_with_its_file_and_key(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert old in SOUND
    found = problems(written(tmp_path, SOUND.replace(old, new, 1)))
    assert any(one.startswith(f"old-desk.toml: {problem}") for one in found), found


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = SOUND.replace('code = "nr"\n', "").replace('clerk = "who"\n', "")
    assert problems(written(tmp_path, text)) == (
        "old-desk.toml: dossier.code: Field required",
        "old-desk.toml: step.clerk: Field required",
    )


def test_a_file_that_is_no_toml_is_told_so(tmp_path: Path) -> None:
    (problem,) = problems(written(tmp_path, "source = old"))
    assert problem.startswith("old-desk.toml: this is not TOML: ")


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path / "none.toml")
    assert problem == "none.toml: the file cannot be read: No such file or directory"


def test_a_file_that_is_not_utf_8_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(b'source = "caf\xe9"')
    assert problems(path) == ("latin.toml: the text is not UTF-8",)
