"""The timeline: one row an event, with both of its times and its exact bytes."""

from tests.domain.dossier_spec import (
    CODE,
    HEARD,
    asked,
    at,
    decided,
    due,
    in_order,
    received,
)
from tests.projections.memory_view import rows_after
from tracker.domain.dossier.codes import dossier_id
from tracker.projections.dossier.timeline import TimelineProjection, TimelineRow
from tracker.serialization import decode, encode


def test_every_event_has_its_line() -> None:
    story = (received(at(2), due(9)), asked(at(3)), decided(at(4)))
    first, second, third = in_order(*story)
    view = rows_after(TimelineProjection(), *story)
    assert view.rows == {}
    assert view.added == [
        TimelineRow(
            dossier_id=dossier_id(CODE),
            version=version,
            step=step,
            topic=f"dossier.{step}.v1",
            occurred_at=moment,
            recorded_at=HEARD,
            state=encode(event),
        )
        for version, (step, moment, event) in enumerate(
            (
                ("received", at(2), first),
                ("supplement_asked", at(3), second),
                ("decided", at(4), third),
            ),
            1,
        )
    ]


def test_the_event_can_be_read_back_from_its_line() -> None:
    story = (received(at(2), due(9)), asked(at(3)))
    view = rows_after(TimelineProjection(), *story)
    lines = [line for line in view.added if isinstance(line, TimelineRow)]
    assert [decode(line.topic, line.state) for line in lines] == in_order(*story)
