"""Wires everything together, and knows everyone; nothing connects before `installation`."""

import os
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from time import monotonic

from fastapi import FastAPI
from sqlalchemy import Engine

from tracker.adapters.exports.archive import Archives
from tracker.adapters.files.calendar import load_calendar
from tracker.adapters.files.checkpoints import CheckpointFile
from tracker.adapters.files.service_data import load_service_data
from tracker.adapters.http.app import create_app
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.proxies import Proxies
from tracker.adapters.http.rate_limits import Limits, Rush
from tracker.adapters.http.schema.freshness import Watched
from tracker.adapters.kafka.audit.checkpoints import KafkaCheckpoints
from tracker.adapters.kafka.audit.store_past import KafkaPast
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.reader.feed import KafkaFeed
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.notary.ed25519 import Notary, WitnessKeys
from tracker.adapters.paper.pdf import set_pdf
from tracker.adapters.paper.sheets import Sheets
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_address import library_variables
from tracker.adapters.sql.event_store.store_feed import StoreFeed
from tracker.adapters.sql.event_store.store_scan import SqlStoreScan
from tracker.adapters.sql.read_models.figures import SqlFigures
from tracker.adapters.sql.read_models.intakes import SqlIntakes
from tracker.adapters.sql.read_models.look_up import SqlLookUp
from tracker.adapters.sql.read_models.outbox import SqlLockOutbox, SqlOutbox
from tracker.adapters.sql.read_models.postgres_look_up import PostgresLookUp
from tracker.adapters.sql.read_models.read_model import SqlReadModel
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
from tracker.application.audit.checkpoints import CheckpointMaker, Publisher
from tracker.application.audit.proofs import Prover
from tracker.application.audit.witnesses import Witnessing
from tracker.application.commands.code_allocation import CodeAllocator
from tracker.application.commands.erasure import Erasure
from tracker.application.commands.handler import Tracker
from tracker.application.commands.reception import Reception
from tracker.application.commands.steady_clock import SteadyClock
from tracker.application.notifications.renderer import NotificationRenderer
from tracker.application.ports import DossierRecorder
from tracker.application.queries.citizen_access import CitizenAccess
from tracker.application.queries.dossier_reader import DossierReader
from tracker.application.queries.explain_figures import ExplainFigures
from tracker.application.queries.export import DossierExport
from tracker.application.queries.figures import FiguresQuery
from tracker.application.queries.fill_form import FillForm
from tracker.application.queries.guessing import Guard
from tracker.application.queries.make_register import MakeRegister
from tracker.application.queries.receipt_links import ReceiptLinks
from tracker.application.recovery.epochs import LostCheckpoints
from tracker.application.recovery.store_past import WITH_KAFKA, WITHOUT_KAFKA, Place, StorePast
from tracker.application.service import Service
from tracker.container import Container, Follow, TransparencyLog, remembering
from tracker.domain.dossier.codes import dossier_id
from tracker.projections.dossier.promises import PromisesProjection
from tracker.projections.dossier.status import StatusProjection
from tracker.projections.dossier.timeline import TimelineProjection
from tracker.projections.model.feed import OpenFeed
from tracker.projections.model.projection import Projection
from tracker.projections.model.projector import Projector
from tracker.projections.notifications import NotificationsProjection
from tracker.projections.transparency_log import TransparencyLogProjection
from tracker.settings import Settings
from tracker.start_checks.databases import check_files
from tracker.start_checks.master_key import open_registry
from tracker.start_checks.server_clock import newest_recorded_at, warn_of_clock

_SAMPLES = 8
PROJECTIONS: tuple[type[Projection], ...] = (
    StatusProjection,
    TimelineProjection,
    PromisesProjection,
    TransparencyLogProjection,
    NotificationsProjection,
)


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
    """Open an installation, making what is missing, and close it afterwards.

    SQLite databases are checked for `check_files_s` seconds each. An empty store without a master
    key gets a new one if `makes_key`. Raise `CannotStartError`.
    `stored` is called whenever it has stored something; whoever follows it here is woken anyway.
    With Kafka the read models follow it: all of it by itself, or the part that falls to this
    process among all that keep just the read models in `sharing` up to date, as it does.
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
        follows = _follows(views, of_store, of_events)
        lost_checkpoints = LostCheckpoints(epochs.all)
        log = _merkle_log(
            settings,
            leaves=SqlTransparencyLog(views, follows[TransparencyLogProjection.NAME].model),
            checkpoints=SqlCheckpoints(registry),
            store=tracker.store,
            reads=reads,
            now=now,
            lost_at=lost_checkpoints.kept_size,
        )
        places += remembering(follows, log, tracker.store, scan, lost_checkpoints)
        if settings.kafka_servers:
            places.append(ending.enter_context(_kafka_place(settings, tracker.store, epochs)))
        look_up = _look_up(settings, follows[StatusProjection.NAME].model)
        ending.callback(look_up.close)
        citizens = CitizenAccess(
            tracker.store,
            service=service,
            vault=vault,
            receipts=receipts,
            tries=tries,
            reads=reads,
            now=now,
        )
        secret = secret_for(b"tracker tries", settings.master_key_bytes())
        reader = DossierReader(tracker.store, service=service, vault=vault, reads=reads, now=now)
        yield Container(
            settings=settings,
            now=now,
            service=service,
            tracker=tracker,
            reader=reader,
            taking_away=DossierExport(scan, tracker.store, vault=vault, reads=reads, now=now),
            receipts=receipts,
            citizens=citizens,
            guard=Guard(citizens, tries, AltchaWork(secret), secret=secret, now=now),
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


def _follows(views: Engine, of_store: OpenFeed, of_events: OpenFeed) -> dict[str, Follow]:
    follows: dict[str, Follow] = {}
    for kind in PROJECTIONS:
        projection = kind()
        model = SqlReadModel(views, projection)
        model.create()
        feed = of_store if kind is TransparencyLogProjection else of_events
        follows[kind.NAME] = Follow(projection, feed, model, Projector(projection, feed, model))
    return follows


def _kafka_place(
    settings: Settings, store: DossierRecorder, epochs: SqlStoreEpochs
) -> AbstractContextManager[KafkaPast]:
    connection, names = kafka_connection(settings), topic_names(settings)
    return closing(KafkaPast(connection, names, store, epochs.current))


def _look_up(settings: Settings, status: SqlReadModel) -> SqlLookUp:
    url = settings.read_models_url()
    if not url.startswith("postgresql://"):
        return SqlLookUp(status)
    return PostgresLookUp(status, url, is_beside_store=url == settings.events_url())


def _merkle_log(
    settings: Settings,
    *,
    leaves: SqlTransparencyLog,
    checkpoints: SqlCheckpoints,
    store: DossierRecorder,
    reads: SqlAccessLog,
    now: Callable[[], datetime],
    lost_at: Callable[[str], int | None],
) -> TransparencyLog:
    notary = Notary(settings.log_key_path(), settings.log_origin)
    publishers: list[Publisher] = []
    if settings.log_checkpoint_file:
        publishers.append(CheckpointFile(settings.log_checkpoint_file))
    if settings.kafka_servers:
        publishers.append(KafkaCheckpoints(kafka_connection(settings), topic_names(settings)))
    maker = CheckpointMaker(
        log=leaves,
        store=store,
        checkpoints=checkpoints,
        notary=notary,
        publishers=publishers,
        origin=settings.log_origin,
        now=now,
        lost_at=lost_at,
    )
    prover = Prover(store=store, log=leaves, checkpoints=checkpoints, reads=reads, now=now)
    witnessing = Witnessing(checkpoints, WitnessKeys(settings.log_witness_keys_file))
    origin = settings.log_origin
    return TransparencyLog(
        leaves, checkpoints, notary, publishers, maker, prover, witnessing, origin
    )


def kafka_connection(settings: Settings) -> KafkaConnection:
    """Return where Kafka is and who we are to it."""
    return KafkaConnection(
        servers=settings.kafka_servers,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_username,
        sasl_password=settings.kafka_sasl_password.get_secret_value(),
        ca_file=settings.kafka_ca_file,
        cert_file=settings.kafka_cert_file,
        key_file=settings.kafka_key_file,
    )


def topic_names(settings: Settings) -> TopicNames:
    """Name this installation's topics."""
    return TopicNames(settings.kafka_topic_prefix)


def http_app(installation: Container, is_ending: Callable[[], bool] = lambda: False) -> FastAPI:
    """Make the HTTP application of an installation; what waits for news ends with `is_ending`."""
    store, settings = installation.tracker.store, installation.settings
    return create_app(
        Dependencies(
            now=installation.now,
            handle=installation.tracker.handle,
            head=lambda: store.max_notification_id() or 0,
            check_past=installation.past.check,
            used=lambda codes: [
                code for code in codes if store.select_events(dossier_id(code), limit=1)
            ],
            last_event_of=installation.tracker.last_event_of,
            service=installation.service,
            reader=installation.reader,
            receipts=installation.receipts,
            filling=FillForm(installation.reader, installation.receipts),
            registers=MakeRegister(
                installation.reader,
                SqlIntakes(installation.follows[PromisesProjection.NAME].model),
                installation.service,
            ),
            write_sheet=Sheets(installation.service.calendar.zone).write,
            set_pdf=set_pdf,
            citizens=installation.citizens,
            limits=Limits(
                per_code=settings.lookups_per_code,
                per_network=settings.lookups_per_network,
                overall=settings.lookups_overall,
            ),
            guard=installation.guard,
            tries_limits=Limits(
                per_code=0,
                per_network=settings.tries_per_network,
                overall=0,
            ),
            misses=Rush(settings.tries_overall),
            keys=installation.keys,
            blocks=installation.blocks,
            look_up=installation.look_up,
            figures=installation.figures,
            explain_figures=installation.explain_figures,
            archives=Archives(
                installation.taking_away,
                installation.scan,
                installation.log.checkpoints,
                zone=installation.service.calendar.zone,
                program=f"tracker {version('tracker')}",
                folder=settings.data_dir,
                now=installation.now,
            ),
            prover=installation.log.prover,
            witnessing=installation.log.witnessing,
            watched={
                name: Watched(
                    installation.store_feed,
                    follow.model,
                    in_order=isinstance(follow.feed, StoreFeed),
                )
                for name, follow in installation.follows.items()
            },
            sample_codes=lambda: installation.sample_codes(_SAMPLES),
            stops=installation.stop_tokens.fits,
            gauges=installation.message_gauges(),
            max_body_bytes=settings.max_body_bytes,
            session_secret=secret_for(b"tracker sessions", settings.master_key_bytes()),
            sessions=installation.sessions,
            live_pages=settings.live_pages,
            proxies=Proxies(settings.proxy_networks()),
            is_ending=is_ending,
        )
    )
