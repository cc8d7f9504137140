"""The contract of an outbox: each row since a moment once, oldest first, with the consent."""

import pytest
from sqlalchemy import Engine

from tests.contract.list_feed import ListFeed
from tests.contract.random_lives import by_dossier, history
from tracker.adapters.sql.read_models.outbox import SqlOutbox
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.application.notifications.dispatcher import PendingNotification
from tracker.domain.dossier.state import DossierState
from tracker.domain.notifications.notifications import notification_of
from tracker.projections.model.projector import Projector
from tracker.projections.notifications import NotificationsProjection


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_the_pages_of_an_outbox_are_the_notifications_of_the_events_with_the_consent(
    engine: Engine, limit: int
) -> None:
    events = history(7, dossiers=6, steps=120)
    model = SqlReadModel(engine, NotificationsProjection())
    model.create()
    Projector(NotificationsProjection(), ListFeed(events), model).catch_up()
    notices = [notice for event in events if (notice := notification_of(event))]
    middle = sorted(notice.recorded_at for notice in notices)[len(notices) // 3]
    rows: list[PendingNotification] = []
    after = None
    while page := SqlOutbox(model).since(middle, after=after, limit=limit):
        assert len(page) <= limit
        rows += page
        after = page[-1].notification
    expected = [notice for notice in notices if notice.recorded_at >= middle]
    assert [row.notification for row in rows] == sorted(
        expected, key=lambda notice: (notice.recorded_at, notice.dossier_id, notice.version)
    )
    agreed = {}
    for code, lived in by_dossier(events).items():
        dossier = DossierState.replay(None, lived)
        agreed[code] = dossier.notices if dossier else None
    assert len(set(map(bool, agreed.values()))) == 2
    for row in rows:
        notices_agreed = agreed[row.notification.code]
        assert set(row.channels) == set(notices_agreed.channels if notices_agreed else ())
        assert row.agreed_at == (notices_agreed.agreed_at if notices_agreed else None)
