"""Where a carrier saw a parcel is told to whoever it belongs to, and to nobody else."""

from pathlib import Path

from tests.application.service_desk import CLERK, DECIDER, POSTMAN, service_desk

SEEN = "trước cổng 12 ngõ Kín"


def test_where_a_parcel_was_seen_is_told_to_its_owner_and_stands_nowhere_in_the_clear(
    tmp_path: Path,
) -> None:
    with service_desk(tmp_path) as desk:
        code = desk.take_in().code
        desk.post(DECIDER, code=code, step="decided", outcome="granted")
        desk.post(CLERK, code=code, step="handed_to_carrier", carrier="VNPOST", number="X1")
        desk.post(POSTMAN, code=code, step="carrier_scanned", number="X1", scan="EMH", place=SEEN)
        token = desk.at.receipts.path(code).rpartition("/")[2]
        told = desk.at.citizens.open(code, token).timeline
        files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert [one.place for one in told if one.step == "carrier_scanned"] == [SEEN]
    assert SEEN.encode() not in files
