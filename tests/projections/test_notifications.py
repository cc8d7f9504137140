"""The outbox: one row a notification, without personal data, and the consent."""

import pytest

from tests.domain.dossier_spec import (
    ADMINISTRATOR,
    CLERK,
    CODE,
    HEARD,
    PORTAL,
    SEALED,
    EventBuilder,
    agreed,
    asked,
    at,
    decided,
    due,
    event_builder,
    received,
)
from tests.projections.memory_view import as_records, row_of, rows_after
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.citizen import Complained, NoticesStopped
from tracker.domain.dossier.events.records import PersonalDataErased
from tracker.domain.dossier.values import NoticeChannel
from tracker.projections.model.projection import GapInHistoryError
from tracker.projections.notifications import AudienceRow, NotificationsProjection, OutboxRow

TAKEN_IN = received(at(2), due(9))
STOPPED = event_builder(NoticesStopped, at(4), PORTAL)
ERASED = event_builder(PersonalDataErased, at(4), ADMINISTRATOR, basis="law")


def audience(version: int, channels: str = "") -> AudienceRow:
    return AudienceRow(
        dossier_id=dossier_id(CODE),
        code=CODE,
        version=version,
        channels=channels,
        agreed_at=HEARD if channels else None,
    )


def test_each_event_with_a_notification_is_one_row_of_the_outbox() -> None:
    view = rows_after(NotificationsProjection(), TAKEN_IN, agreed(at(2)), asked(at(3)))
    line = {
        "dossier_id": dossier_id(CODE),
        "code": CODE,
        "recorded_at": HEARD,
        "due_at": None,
        "amount": None,
        "carrier": "",
        "number": "",
    }
    assert view.added == [
        OutboxRow(
            **line | {"version": 1, "kind": "received", "occurred_at": at(2), "due_at": at(9, 17)}  # type: ignore[arg-type]
        ),
        OutboxRow(**line | {"version": 3, "kind": "papers_asked", "occurred_at": at(3)}),  # type: ignore[arg-type]
    ]


def test_without_consent_there_is_no_channel() -> None:
    assert row_of(AudienceRow, rows_after(NotificationsProjection(), TAKEN_IN)) == audience(1)


def test_the_latest_consent_sets_the_channels() -> None:
    by_both = agreed(at(3), channels=(NoticeChannel.SMS, NoticeChannel.EMAIL), contact=SEALED)
    view = rows_after(NotificationsProjection(), TAKEN_IN, agreed(at(2)), by_both)
    assert row_of(AudienceRow, view) == audience(3, "sms,email")


@pytest.mark.parametrize("end", [STOPPED, ERASED])
def test_after_a_stop_or_an_erasure_there_is_no_channel(end: EventBuilder) -> None:
    view = rows_after(NotificationsProjection(), TAKEN_IN, agreed(at(2)), end)
    assert row_of(AudienceRow, view) == audience(3)


def test_no_row_contains_sealed_data() -> None:
    complained = event_builder(Complained, at(3), CLERK, text=SEALED)
    view = rows_after(NotificationsProjection(), TAKEN_IN, complained, asked(at(3)), decided(at(9)))
    assert SEALED not in repr(view.added) + repr(view.rows)


def test_a_missing_event_stops_the_outbox() -> None:
    view = rows_after(NotificationsProjection(), TAKEN_IN)
    with pytest.raises(GapInHistoryError):
        NotificationsProjection().apply(as_records([asked(at(3))(3)]), view)
