"""Wire the read models to the feed that each of them follows."""

from sqlalchemy import Engine

from tracker.adapters.sql.read_models.look_up import SqlLookUp
from tracker.adapters.sql.read_models.postgres_look_up import PostgresLookUp
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.container import Follow
from tracker.projections.dossier.promises import PromisesProjection
from tracker.projections.dossier.status import StatusProjection
from tracker.projections.dossier.timeline import TimelineProjection
from tracker.projections.model.feed import OpenFeed
from tracker.projections.model.projection import Projection
from tracker.projections.model.projector import Projector
from tracker.projections.notifications import NotificationsProjection
from tracker.projections.transparency_log import TransparencyLogProjection
from tracker.settings import Settings

PROJECTIONS: tuple[type[Projection], ...] = (
    StatusProjection,
    TimelineProjection,
    PromisesProjection,
    TransparencyLogProjection,
    NotificationsProjection,
)


def wire_read_models(views: Engine, of_store: OpenFeed, of_events: OpenFeed) -> dict[str, Follow]:
    """Return every read model by name, with its tables created."""
    follows: dict[str, Follow] = {}
    for kind in PROJECTIONS:
        projection = kind()
        model = SqlReadModel(views, projection)
        model.create()
        feed = of_store if kind is TransparencyLogProjection else of_events
        follows[kind.NAME] = Follow(projection, feed, model, Projector(projection, feed, model))
    return follows


def wire_look_up(settings: Settings, status: SqlReadModel) -> SqlLookUp:
    """Return the look-up by code over the read model `status`."""
    url = settings.read_models_url()
    if not url.startswith("postgresql://"):
        return SqlLookUp(status)
    return PostgresLookUp(status, url, is_beside_store=url == settings.events_url())
