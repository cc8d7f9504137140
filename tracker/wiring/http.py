"""Wire the HTTP application to a container."""

from collections.abc import Callable
from importlib.metadata import version

from fastapi import FastAPI

from tracker.adapters.exports.archive import Archives
from tracker.adapters.http.app import create_app
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.proxies import Proxies
from tracker.adapters.http.rate_limits import Limits, Rush
from tracker.adapters.http.schema.freshness import Watched
from tracker.adapters.paper.pdf import set_pdf
from tracker.adapters.paper.sheets import Sheets
from tracker.adapters.sql.event_store.store_feed import StoreFeed
from tracker.adapters.sql.read_models.intakes import SqlIntakes
from tracker.adapters.vault.aes import secret_for
from tracker.application.queries.fill_form import FillForm
from tracker.application.queries.make_register import MakeRegister
from tracker.container import Container
from tracker.domain.dossier.codes import dossier_id
from tracker.projections.dossier.promises import PromisesProjection

_SAMPLES = 8


def http_app(container: Container, is_ending: Callable[[], bool] = lambda: False) -> FastAPI:
    """Return the HTTP application; requests that wait for news end when `is_ending` is true."""
    store, settings = container.tracker.store, container.settings
    return create_app(
        Dependencies(
            now=container.now,
            handle=container.tracker.handle,
            head=lambda: store.max_notification_id() or 0,
            check_past=container.past.check,
            used=lambda codes: [
                code for code in codes if store.select_events(dossier_id(code), limit=1)
            ],
            last_event_of=container.tracker.last_event_of,
            service=container.service,
            reader=container.reader,
            receipts=container.receipts,
            filling=FillForm(container.reader, container.receipts),
            registers=MakeRegister(
                container.reader,
                SqlIntakes(container.follows[PromisesProjection.NAME].model),
                container.service,
            ),
            write_sheet=Sheets(container.service.calendar.zone).write,
            set_pdf=set_pdf,
            citizens=container.citizens,
            limits=Limits(
                per_code=settings.lookups_per_code,
                per_network=settings.lookups_per_network,
                overall=settings.lookups_overall,
            ),
            guard=container.guard,
            tries_limits=Limits(
                per_code=0,
                per_network=settings.tries_per_network,
                overall=0,
            ),
            misses=Rush(settings.tries_overall),
            keys=container.keys,
            blocks=container.blocks,
            look_up=container.look_up,
            figures=container.figures,
            explain_figures=container.explain_figures,
            archives=Archives(
                container.taking_away,
                container.scan,
                container.log.checkpoints,
                zone=container.service.calendar.zone,
                program=f"tracker {version('tracker')}",
                folder=settings.data_dir,
                now=container.now,
            ),
            prover=container.log.prover,
            witnessing=container.log.witnessing,
            watched={
                name: Watched(
                    container.store_feed,
                    follow.model,
                    in_order=isinstance(follow.feed, StoreFeed),
                )
                for name, follow in container.follows.items()
            },
            sample_codes=lambda: container.sample_codes(_SAMPLES),
            stops=container.stop_tokens.fits,
            gauges=container.message_gauges(),
            max_body_bytes=settings.max_body_bytes,
            session_secret=secret_for(b"tracker sessions", settings.master_key_bytes()),
            sessions=container.sessions,
            live_pages=settings.live_pages,
            proxies=Proxies(settings.proxy_networks()),
            is_ending=is_ending,
        )
    )
