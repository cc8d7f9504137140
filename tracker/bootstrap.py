"""Open an installation: create every part and connect it. Nothing connects on import."""

import os
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from tracker.adapters.files.calendar import load_calendar
from tracker.adapters.files.service_data import load_service_data
from tracker.adapters.kafka.reader.feed import KafkaFeed
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_address import library_variables
from tracker.adapters.sql.event_store.store_feed import StoreFeed
from tracker.adapters.sql.event_store.store_scan import SqlStoreScan
from tracker.adapters.sql.read_models.figures import SqlFigures
from tracker.adapters.sql.read_models.outbox import SqlLockOutbox, SqlOutbox
from tracker.adapters.sql.read_models.transparency_log import SqlTransparencyLog
from tracker.adapters.sql.service_tables.access_log import SqlAccessLog
from tracker.adapters.sql.service_tables.api_keys import SqlApiKeys
from tracker.adapters.sql.service_tables.checkpoints import SqlCheckpoints
from tracker.adapters.sql.service_tables.code_blocks import SqlCodeBlocks
from tracker.adapters.sql.service_tables.deliveries import SqlDeliveries
from tracker.adapters.sql.service_tables.failed_attempts import SqlFailedAttempts
from tracker.adapters.sql.service_tables.installation_facts import SqlFacts
from tracker.adapters.sql.service_tables.lost_keys import SqlLostKeys
from tracker.adapters.sql.service_tables.receipt_tokens import SqlTokenGenerations
from tracker.adapters.sql.service_tables.sessions import SqlSessions
from tracker.adapters.sql.service_tables.store_epochs import SqlStoreEpochs
from tracker.adapters.vault.aes import AesVault, secret_for
from tracker.adapters.vault.proof_of_work import AltchaWork
from tracker.adapters.vault.receipt_tokens import ReceiptTokens
from tracker.adapters.vault.stop_tokens import StopTokens
from tracker.application.commands.code_allocation import CodeAllocator
from tracker.application.commands.erasure import Erasure
from tracker.application.commands.handler import Tracker
from tracker.application.commands.reception import Reception
from tracker.application.commands.steady_clock import SteadyClock
from tracker.application.notifications.renderer import NotificationRenderer
from tracker.application.queries.citizen_access import CitizenAccess
from tracker.application.queries.dossier_reader import DossierReader
from tracker.application.queries.explain_figures import ExplainFigures
from tracker.application.queries.export import DossierExport
from tracker.application.queries.figures import FiguresQuery
from tracker.application.queries.guessing import Guard
from tracker.application.queries.receipt_links import ReceiptLinks
from tracker.application.recovery.epochs import LostCheckpoints
from tracker.application.recovery.store_past import WITH_KAFKA, WITHOUT_KAFKA, Place, StorePast
from tracker.application.service import Service
from tracker.container import Container, remembering
from tracker.projections.dossier.promises import PromisesProjection
from tracker.projections.dossier.status import StatusProjection
from tracker.projections.dossier.timeline import TimelineProjection
from tracker.projections.model.feed import OpenFeed
from tracker.projections.notifications import NotificationsProjection
from tracker.projections.transparency_log import TransparencyLogProjection
from tracker.settings import Settings
from tracker.start_checks.databases import check_files
from tracker.start_checks.master_key import open_registry
from tracker.start_checks.server_clock import newest_recorded_at, warn_of_clock
from tracker.wiring.kafka import kafka_connection, kafka_past, topic_names
from tracker.wiring.read_models import wire_look_up, wire_read_models
from tracker.wiring.transparency_log import wire_transparency_log


def wall_clock() -> datetime:
    """Return the time it is now, in UTC."""
    return datetime.now(UTC)


@contextmanager
def open_container(
    settings: Settings,
    now: Callable[[], datetime] = wall_clock,
    *,
    sharing: Collection[str] = (),
    stored: Callable[[], None] = lambda: None,
    check_files_s: float = 1,
    makes_key: bool = True,
) -> Iterator[Container]:
    """Open an installation, create what is missing, and close it afterwards.

    SQLite databases are checked for `check_files_s` seconds each. An empty store without a master
    key gets a new one if `makes_key` is true. `stored` is called after each commit.

    With Kafka the read models follow its topic. If `sharing` names read models, this process
    shares the partitions with all processes that keep the same read models up to date; otherwise
    it reads all partitions. Raise `CannotStartError`.
    """
    check_files(settings, within_s=check_files_s)
    data = load_service_data(settings.service_data)
    service = Service(data.network, data.catalogue, load_calendar(settings.service_data))
    registry = open_registry(settings, makes_key=makes_key)
    views = open_engine(settings.read_models_url(), derived=True)
    vault = AesVault(settings.master_key_bytes())
    stop_tokens = StopTokens(settings.master_key_bytes())
    reads = SqlAccessLog(registry)
    tries = SqlFailedAttempts(registry)
    receipts = ReceiptLinks(
        ReceiptTokens(settings.master_key_bytes()),
        SqlTokenGenerations(registry),
        public_url=settings.public_address(),
    )
    scan, facts = SqlStoreScan(registry), SqlFacts(registry)
    holder = f"{socket.gethostname()}:{os.getpid()}"
    epochs = SqlStoreEpochs(registry)
    places: list[Place] = []
    past = StorePast(
        places,
        head=scan.head,
        epoch=epochs.current,
        what_to_do=WITH_KAFKA if settings.kafka_servers else WITHOUT_KAFKA,
    )
    blocks = SqlCodeBlocks(registry, check=past.check)
    codes = CodeAllocator(blocks, holder=holder, block_size=settings.code_block_size, now=now)
    feeds: list[OpenFeed] = []
    ending = ExitStack()

    def wake() -> None:
        stored()
        for feed in feeds:
            feed.wake()

    def kafka_feed() -> OpenFeed:
        names = topic_names(settings)
        group = f"{names.prefix}.{'+'.join(sorted(sharing))}" if sharing else None
        return KafkaFeed(kafka_connection(settings), names, group=group)

    tracker = Tracker(
        library_variables(settings.events_url()),
        service=service,
        reception=Reception(service, codes),
        vault=vault,
        now=SteadyClock(
            now,
            newest=partial(newest_recorded_at, scan, facts),
            elapsed=monotonic,
            warn=warn_of_clock,
        ),
        past=past,
        stored=wake,
    )
    try:
        of_store = StoreFeed(tracker.store)
        of_events = kafka_feed() if settings.kafka_servers else of_store
        feeds += {of_store, of_events}
        follows = wire_read_models(views, of_store, of_events)
        lost_checkpoints = LostCheckpoints(epochs.all)
        log = wire_transparency_log(
            settings,
            leaves=SqlTransparencyLog(views, follows[TransparencyLogProjection.NAME].model),
            checkpoints=SqlCheckpoints(registry),
            store=tracker.store,
            access_log=reads,
            now=now,
            lost_at=lost_checkpoints.kept_size,
        )
        places += remembering(follows, log, tracker.store, scan, lost_checkpoints)
        if settings.kafka_servers:
            places.append(ending.enter_context(kafka_past(settings, tracker.store, epochs)))
        look_up = wire_look_up(settings, follows[StatusProjection.NAME].model)
        ending.callback(look_up.close)
        citizens = CitizenAccess(
            tracker.store,
            service=service,
            vault=vault,
            receipts=receipts,
            failed_attempts=tries,
            access_log=reads,
            now=now,
        )
        reader = DossierReader(
            tracker.store, service=service, vault=vault, access_log=reads, now=now
        )
        yield Container(
            settings=settings,
            now=now,
            service=service,
            tracker=tracker,
            reader=reader,
            taking_away=DossierExport(scan, tracker.store, vault=vault, access_log=reads, now=now),
            receipts=receipts,
            citizens=citizens,
            guard=_guard(settings, citizens, tries, now),
            keys=SqlApiKeys(registry),
            sessions=SqlSessions(registry),
            blocks=blocks,
            past=past,
            epochs=epochs,
            lost_checkpoints=lost_checkpoints,
            lost_keys=SqlLostKeys(registry),
            look_up=look_up,
            figures=FiguresQuery(
                SqlFigures(
                    follows[PromisesProjection.NAME].model,
                    follows[TimelineProjection.NAME].model,
                    partner_of=service.network.partner_id_of,
                    now=now,
                ),
                scan.histories,
                partner_of=service.network.partner_id_of,
                now=now,
            ),
            explain_figures=ExplainFigures(reader, scan.histories, service.network.partner_id_of),
            scan=scan,
            facts=facts,
            store_feed=StoreFeed(tracker.store),
            follows=follows,
            log=log,
            outbox=SqlOutbox(follows[NotificationsProjection.NAME].model),
            lock_outbox=SqlLockOutbox(tries, follows[NotificationsProjection.NAME].model),
            deliveries=SqlDeliveries(registry),
            letters=NotificationRenderer(
                tracker.store,
                vault,
                zone=service.calendar.zone,
                public_url=settings.public_address(),
                stop_token=stop_tokens.token,
            ),
            stop_tokens=stop_tokens,
            erasure=Erasure(tracker, reads),
        )
    finally:
        ending.close()
        for feed in feeds:
            feed.close()
        codes.close()
        tracker.close()
        registry.dispose()
        views.dispose()


def _guard(
    settings: Settings,
    citizens: CitizenAccess,
    tries: SqlFailedAttempts,
    now: Callable[[], datetime],
) -> Guard:
    secret = secret_for(b"tracker tries", settings.master_key_bytes())
    return Guard(citizens, tries, AltchaWork(secret), secret=secret, now=now)
