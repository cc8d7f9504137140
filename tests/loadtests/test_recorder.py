"""What is written down can be read back, and a service that changes its word is caught."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from loadtests.results.recorder import (
    RecordedCommands,
    Recorder,
    Request,
    read_learnt,
    read_requests,
)
from ops.reading_back import Acknowledged

ONE = Acknowledged("desk", "e1", "H26.01-261124-0001", 1, 7, 2)
REQUEST = Request(1.5, "kiosk", "hand in", 8.2, 201, "")


def test_what_was_acknowledged_is_known_and_what_was_not_too(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    with closing(Recorder(first)) as recorder:
        recorder.sent("desk", "e1")
        recorder.acknowledged(ONE)
        recorder.sent("desk", "e1")
        recorder.acknowledged(ONE)
        recorder.sent("desk", "e2")
    with closing(Recorder(second)) as recorder:
        recorder.sent("desk", "e3")
    recorded = RecordedCommands.read([first, second])
    assert recorded.acknowledged == {ONE.message: ONE}
    assert recorded.unanswered == {("desk", "e2"), ("desk", "e3")}
    assert recorded.faults == []


def test_another_answer_to_the_same_message_is_a_fault(tmp_path: Path) -> None:
    with closing(Recorder(tmp_path)) as recorder:
        recorder.acknowledged(ONE)
        recorder.acknowledged(replace(ONE, version=2))
    recorded = RecordedCommands.read([tmp_path])
    assert recorded.acknowledged == {ONE.message: ONE}
    assert len(recorded.faults) == 1


def test_requests_and_what_was_learnt_come_back_as_they_were(tmp_path: Path) -> None:
    with closing(Recorder(tmp_path)) as recorder:
        recorder.requested(REQUEST)
        recorder.learnt({"code": "H26.01-261124-0001", "phone": "024"})
    assert read_requests(tmp_path) == [REQUEST]
    assert read_learnt(tmp_path) == [{"code": "H26.01-261124-0001", "phone": "024"}]
    assert read_requests(tmp_path / "nowhere") == []
