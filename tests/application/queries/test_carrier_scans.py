"""Only the owner of a dossier sees where a carrier scanned the parcel."""

from pathlib import Path

from tests.application.service_desk import CLERK, DECIDER, POSTMAN, service_desk

SEEN = "trước cổng 12 ngõ Kín"


def test_the_owner_sees_the_place_of_a_scan_and_no_file_has_it_in_clear(
    tmp_path: Path,
) -> None:
    with service_desk(tmp_path) as desk:
        code = desk.take_in().code
        desk.post(DECIDER, code=code, step="decided", outcome="granted")
        desk.post(CLERK, code=code, step="handed_to_carrier", carrier="VNPOST", number="X1")
        desk.post(POSTMAN, code=code, step="carrier_scanned", number="X1", scan="EMH", place=SEEN)
        token = desk.at.receipts.path(code).rpartition("/")[2]
        timeline = desk.at.citizens.open(code, token).timeline
        files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert [entry.place for entry in timeline if entry.step == "carrier_scanned"] == [SEEN]
    assert SEEN.encode() not in files
