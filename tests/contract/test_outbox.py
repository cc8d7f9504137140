"""What every outbox must do: give each line since a moment once, oldest first, with who agreed."""

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
def test_the_pages_of_an_outbox_are_what_the_events_say_and_who_agreed_to_be_told(
    engine: Engine, limit: int
) -> None:
    events = history(7, dossiers=6, steps=120)
    model = SqlReadModel(engine, NotificationsProjection())
    model.create()
    Projector(NotificationsProjection(), ListFeed(events), model).catch_up()
    notices = [notice for event in events if (notice := notification_of(event))]
    middle = sorted(one.recorded_at for one in notices)[len(notices) // 3]
    found: list[PendingNotification] = []
    after = None
    while page := SqlOutbox(model).since(middle, after=after, limit=limit):
        assert len(page) <= limit
        found += page
        after = page[-1].notification
    expected = [one for one in notices if one.recorded_at >= middle]
    assert [line.notification for line in found] == sorted(
        expected, key=lambda one: (one.recorded_at, one.dossier_id, one.version)
    )
    agreed = {}
    for code, lived in by_dossier(events).items():
        dossier = DossierState.replay(None, lived)
        agreed[code] = dossier.notices if dossier else None
    assert len(set(map(bool, agreed.values()))) == 2
    for line in found:
        notices_agreed = agreed[line.notification.code]
        assert set(line.channels) == set(notices_agreed.channels if notices_agreed else ())
        assert line.agreed_at == (notices_agreed.agreed_at if notices_agreed else None)
