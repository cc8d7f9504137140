"""The container: the wired parts of an installation, and what is done with several of them."""

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import SystemRandom
from threading import Event as Signal

from tracker.adapters.notary.ed25519 import Notary
from tracker.adapters.notifications.metrics import NotificationGauges
from tracker.adapters.notifications.routes import Routes, UnfitRoutesError, open_routes
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_feed import StoreFeed
from tracker.adapters.sql.event_store.store_scan import SqlStoreScan
from tracker.adapters.sql.read_models.look_up import SqlLookUp
from tracker.adapters.sql.read_models.outbox import SqlLockOutbox, SqlOutbox
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.adapters.sql.read_models.rebuild import ReadModelAheadError
from tracker.adapters.sql.read_models.transparency_log import SqlTransparencyLog
from tracker.adapters.sql.service_tables.api_keys import SqlApiKeys
from tracker.adapters.sql.service_tables.checkpoints import SqlCheckpoints
from tracker.adapters.sql.service_tables.code_blocks import SqlCodeBlocks
from tracker.adapters.sql.service_tables.deliveries import SqlDeliveries
from tracker.adapters.sql.service_tables.installation_facts import SqlFacts
from tracker.adapters.sql.service_tables.lost_keys import SqlLostKeys
from tracker.adapters.sql.service_tables.sessions import SqlSessions
from tracker.adapters.sql.service_tables.store_epochs import SqlStoreEpochs
from tracker.adapters.vault.stop_tokens import StopTokens
from tracker.application.audit.checkpoints import CheckpointMaker, Publisher
from tracker.application.audit.proofs import Prover
from tracker.application.audit.witnesses import Witnessing
from tracker.application.commands.erasure import Erasure
from tracker.application.commands.handler import Tracker
from tracker.application.notifications.dispatcher import Dispatcher
from tracker.application.notifications.renderer import NotificationRenderer
from tracker.application.ports import DossierRecorder
from tracker.application.queries.citizen_access import CitizenAccess
from tracker.application.queries.dossier_reader import DossierReader
from tracker.application.queries.explain_figures import ExplainFigures
from tracker.application.queries.export import DossierExport
from tracker.application.queries.figures import FiguresQuery
from tracker.application.queries.guessing import Guard
from tracker.application.queries.receipt_links import ReceiptLinks
from tracker.application.recovery.epochs import LostCheckpoints
from tracker.application.recovery.past_records import LogPlace, ReadModelsPlace, SignedPlace
from tracker.application.recovery.store_past import WITHOUT_KAFKA, Place, StorePast
from tracker.application.service import Service
from tracker.domain.transparency_log.notes import Note
from tracker.projections.model.feed import OpenFeed
from tracker.projections.model.follower import Follower
from tracker.projections.model.projection import Projection
from tracker.projections.model.projector import Projector
from tracker.projections.transparency_log import TransparencyLogProjection
from tracker.serialization import decode
from tracker.settings import Settings
from tracker.supervisor import Task

DEMO = "demo-"
"""The prefix of event ids in a demo installation."""

LOCKS = "locks:"
"""The prefix of a target's name for notifications of locks, which have their own order."""


@dataclass(frozen=True)
class Follow:
    """One projection with its feed and its read model."""

    projection: Projection
    feed: OpenFeed
    model: SqlReadModel
    projector: Projector


@dataclass(frozen=True)
class TransparencyLog:
    """The transparency log with its checkpoints, keys and publishers."""

    leaves: SqlTransparencyLog
    checkpoints: SqlCheckpoints
    notary: Notary
    publishers: Sequence[Publisher]
    maker: CheckpointMaker
    prover: Prover
    witnessing: Witnessing
    origin: str


@dataclass(frozen=True)
class Container:
    """All parts of one installation, ready for use."""

    settings: Settings
    now: Callable[[], datetime]
    service: Service
    tracker: Tracker
    reader: DossierReader
    taking_away: DossierExport
    receipts: ReceiptLinks
    citizens: CitizenAccess
    guard: Guard
    keys: SqlApiKeys
    sessions: SqlSessions
    blocks: SqlCodeBlocks
    past: StorePast
    epochs: SqlStoreEpochs
    lost_checkpoints: LostCheckpoints
    lost_keys: SqlLostKeys
    look_up: SqlLookUp
    figures: FiguresQuery
    explain_figures: ExplainFigures
    scan: SqlStoreScan
    facts: SqlFacts
    store_feed: StoreFeed
    follows: dict[str, Follow]
    log: TransparencyLog
    outbox: SqlOutbox
    lock_outbox: SqlLockOutbox
    deliveries: SqlDeliveries
    letters: NotificationRenderer
    stop_tokens: StopTokens
    erasure: Erasure

    @property
    def is_embedded(self) -> bool:
        """Return whether the read models follow the store directly, without Kafka."""
        return not self.settings.kafka_servers

    def catch_up(self) -> int:
        """Bring every read model up to date. Return the number of events read."""
        return sum(follow.projector.catch_up() for follow in self.follows.values())

    def check_not_ahead(self) -> None:
        """Raise `ReadModelAheadError` if a read model would skip the next events."""
        for follow in self.follows.values():
            heads = follow.feed.heads()
            if any(follow.model.position(partition) > head for partition, head in heads.items()):
                message = (
                    "A read model holds events that the store lacks: an old backup was put back."
                    f" {WITHOUT_KAFKA}"
                )
                raise ReadModelAheadError(message)

    def sample_codes(self, limit: int) -> Sequence[str]:
        """Return codes to try, one a stage; none unless this is a demo installation."""
        first = self.tracker.store.select_notifications(1, 1)
        is_demo = first and decode(first[0].topic, first[0].state).event_id.startswith(DEMO)
        return self.look_up.samples(limit) if is_demo else ()

    @contextmanager
    def scratch(self, follow: Follow) -> Iterator[SqlReadModel]:
        """Make empty temporary tables of a read model; delete them after the block."""
        with tempfile.TemporaryDirectory(
            dir=self.settings.data_dir, prefix="scratch-"
        ) as directory:
            engine = open_engine(f"sqlite:///{Path(directory) / 'views.db'}", derived=True)
            model = SqlReadModel(engine, follow.projection)
            try:
                model.create()
                yield model
            finally:
                engine.dispose()

    def wake(self) -> None:
        """Make the followers in this process read now: another process has stored events."""
        for follow in self.follows.values():
            follow.feed.wake()

    def following_tasks(self, names: Collection[str]) -> list[Task]:
        """Return the tasks that keep these read models up to date."""
        by_feed: dict[OpenFeed, dict[str, Projector]] = {}
        for name in names:
            by_feed.setdefault(self.follows[name].feed, {})[name] = self.follows[name].projector
        tasks = [self._following(feed, projectors) for feed, projectors in by_feed.items()]
        return [*tasks, self._signing()] if TransparencyLogProjection.NAME in names else tasks

    def _following(self, feed: OpenFeed, projectors: dict[str, Projector]) -> Task:
        on_server = self.settings.read_models_url().startswith("postgresql://")
        follower = Follower(feed, projectors, at_once=len(projectors) if on_server else 1)
        return Task(", ".join(projectors), follower.run, follower.wake)

    def _signing(self) -> Task:
        """Return the task that makes checkpoints of the log."""
        signal, chosen = Signal(), self.settings

        def run(stopping: Callable[[], bool]) -> None:
            self.log.maker.run(
                stopping,
                signal.wait,
                seconds=chosen.log_checkpoint_seconds,
                events=chosen.log_checkpoint_events,
            )

        return Task("checkpoints", run, signal.set)

    @contextmanager
    def routes(self) -> Iterator[Routes]:
        """Open the routes of notifications; no routes if no file is set.

        Raise `UnfitRoutesError`.
        """
        if self.settings.notices is None:
            yield Routes((), timedelta(), timedelta(), reach_people=False)
            return
        with open_routes(self.settings.notices, self.now) as routes:
            if routes.reach_people and not self.settings.public_url:
                message = "TRACKER_PUBLIC_URL is not set. Set it: each message needs a stop link."
                raise UnfitRoutesError(message)
            yield routes

    def message_gauges(self) -> list[NotificationGauges]:
        """Return the gauges of unsent notifications; none if there are no routes.

        Raise `UnfitRoutesError`.
        """
        with self.routes() as routes:
            names = [route.target for route in routes.routes]
        targets = [*names, *(f"{LOCKS}{name}" for name in names)]
        return (
            [NotificationGauges(lambda: self.deliveries.backlogs(targets), self.now)]
            if names
            else []
        )

    @contextmanager
    def sending_tasks(self) -> Iterator[list[Task]]:
        """Return the tasks that send notifications, one a target. Raise `UnfitRoutesError`."""
        with self.routes() as routes:
            senders = {
                target: Dispatcher(
                    replace(route, target=target),
                    outbox=outbox,
                    deliveries=self.deliveries,
                    renderer=self.letters,
                    max_age=routes.max_age,
                    lease=routes.lease,
                    now=self.now,
                    chance=SystemRandom().random,
                )
                for route in routes.routes
                for target, outbox in (
                    (route.target, self.outbox),
                    (f"{LOCKS}{route.target}", self.lock_outbox),
                )
            }
            yield [
                Task(f"sender {name}", sender.run, sender.wake) for name, sender in senders.items()
            ]


def remembering(
    follows: Mapping[str, Follow],
    log: TransparencyLog,
    store: DossierRecorder,
    scan: SqlStoreScan,
    lost: LostCheckpoints,
) -> list[Place]:
    """Return the places that remember the store's past, except Kafka's events."""
    signed: dict[str, Callable[[], Note | None]] = {
        "the table of checkpoints": log.checkpoints.last
    }
    signed |= {place.name: place.last for place in log.publishers}
    return [
        ReadModelsPlace({name: follow.model for name, follow in follows.items()}, scan.head),
        LogPlace(log.leaves, store),
        *(
            SignedPlace(
                name,
                last,
                log=log.leaves,
                store=store,
                count=lambda up_to: scan.count(up_to=up_to),
                origin=log.origin,
                lost=lost.texts,
            )
            for name, last in signed.items()
        ),
    ]
