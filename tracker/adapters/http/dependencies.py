"""The parts of the application that the HTTP adapter uses, each as a narrow interface."""

from collections.abc import Awaitable, Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Protocol

from fastapi import Depends, Request
from prometheus_client.registry import Collector

from tracker.adapters.http.proxies import Proxies
from tracker.adapters.http.rate_limits import Limits, Rush
from tracker.adapters.http.schema.freshness import After, Waits, Watched
from tracker.application.audit.proofs import Prover
from tracker.application.audit.witnesses import Witnessing
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.ports import RequestKey
from tracker.application.queries.citizen_access import CitizenAccess
from tracker.application.queries.dossier_reader import DossierReader
from tracker.application.queries.explain_figures import ExplainFigures
from tracker.application.queries.export import Form as ExportForm
from tracker.application.queries.export import Selection
from tracker.application.queries.figures import FiguresQuery
from tracker.application.queries.fill_form import FillForm, Form
from tracker.application.queries.guessing import Guard
from tracker.application.queries.make_register import MakeRegister
from tracker.application.queries.receipt_links import ReceiptLinks
from tracker.application.service import Service
from tracker.domain.dossier.actors import Actor
from tracker.domain.dossier.codes import CodeBlock
from tracker.domain.dossier.events.event import Event
from tracker.domain.errors import TrackerError
from tracker.projections.dossier.lookup import LookUpResult
from tracker.projections.dossier.status import StatusRow


class Keys(Protocol):
    """The API keys and their holders."""

    def actor_of(self, key: str) -> Actor:
        """Return the holder of a key. Raise `UnknownError`."""

    def id_of(self, key: str) -> str:
        """Return the id in a key, whether or not the key is valid."""

    def holder_of(self, key_id: str) -> Actor:
        """Return the holder of the key with this id.

        Raise `UnknownError` if it does not exist or is revoked.
        """


class OpenSessions(Protocol):
    """The open sessions of the desk, shared by all nodes."""

    def begin(self, secret: str, key_id: str, at: datetime, ends_at: datetime) -> None:
        """Store a new session."""

    def is_open(self, secret: str, key_id: str) -> bool:
        """Return whether this session of this key is open."""

    def end(self, secret: str) -> None:
        """End this session."""


class LookUp(Protocol):
    """The current status of each dossier."""

    def rows(self, codes: Sequence[str]) -> Mapping[str, StatusRow]:
        """Return the status of each of these codes that has a dossier."""

    async def find(self, codes: Sequence[str]) -> LookUpResult:
        """Return what is known of these codes, at least one. Do not call this concurrently."""


class Archives(Protocol):
    """Makes archives of exported dossiers."""

    def pieces(
        self,
        actor: Actor,
        form: ExportForm,
        selection: Selection,
        *,
        reason: str | None,
        progress: Callable[[int], None],
    ) -> Generator[bytes, None, None]:
        """Yield the archive piece by piece. Personal data is opened only with a reason."""


class Blocks(Protocol):
    """Leases blocks of code numbers."""

    def lease(
        self, *, agency: str, day: date, size: int, leased_to: str, leased_at: datetime
    ) -> CodeBlock:
        """Return a block of the next `size` numbers of this agency and day."""

    def block(self, block_id: str) -> CodeBlock | None:
        """Return the block with this id, or `None`."""

    def record_unused(self, block_id: str, numbers: Sequence[int]) -> None:
        """Record numbers of a block that will never be used. Repeating this changes nothing."""


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """The parts that the routes use.

    - `head` returns the position of the newest event.
    - `check_past` raises if the store must not be written.
    - `used` returns which of the given codes have a dossier.
    - `last_event_of` returns the last event that a request caused.
    - `limits` apply to look-ups by code, `tries_limits` to attempts with the digits of a phone.
    - `guard` compares these digits; `misses` counts all wrong attempts.
    - `watched` has the read models by name: `status`, `promises`, `timeline`.
    - `sample_codes` returns the codes that the first page shows.
    - `stops` returns whether a token allows its holder to stop notifications for a code.
    - `gauges` are added to the metrics.
    - `session_secret` (32 bytes) encrypts the sessions of browsers; `sessions` has the open ones.
    - `live_pages` is the maximum number of open pages that wait for changes.
    - `proxies` are the trusted proxies.
    - `is_ending` returns whether the service shuts down.
    - `wait_s` is the time limit in seconds for reads with `after=`.
    """

    now: Callable[[], datetime]
    handle: Callable[[Sequence[Envelope]], list[Accepted | TrackerError]]
    head: Callable[[], int]
    check_past: Callable[[], None]
    used: Callable[[Collection[str]], Collection[str]]
    last_event_of: Callable[[RequestKey], Event | None]
    service: Service
    reader: DossierReader
    receipts: ReceiptLinks
    filling: FillForm
    registers: MakeRegister
    write_sheet: Callable[[Form], str]
    set_pdf: Callable[[str, datetime], bytes]
    citizens: CitizenAccess
    limits: Limits
    guard: Guard
    tries_limits: Limits
    misses: Rush
    keys: Keys
    blocks: Blocks
    look_up: LookUp
    figures: FiguresQuery
    explain_figures: ExplainFigures
    archives: Archives
    prover: Prover
    witnessing: Witnessing
    watched: Mapping[str, Watched]
    sample_codes: Callable[[], Sequence[str]]
    stops: Callable[[str, str], bool]
    gauges: Sequence[Collector]
    max_body_bytes: int
    session_secret: bytes
    sessions: OpenSessions
    live_pages: int
    proxies: Proxies = field(default_factory=Proxies)
    is_ending: Callable[[], bool] = lambda: False
    wait_s: float = 3.0


async def parts_of(request: Request) -> Dependencies:
    """Return the parts of the application that serves the request."""
    parts: Dependencies = request.app.state.parts
    return parts


Parts = Annotated[Dependencies, Depends(parts_of)]


def wait_for(*read_models: str) -> Callable[[Dependencies, int | None], Awaitable[None]]:
    """Return a dependency that waits until these read models contain the event at `after`.

    Without read models it only checks the position: the event store is never behind.
    """

    async def wait(parts: Parts, after: After = None) -> None:
        watched = [parts.watched[name] for name in read_models]
        await Waits(watched, head=parts.head, seconds=parts.wait_s)(after)

    return wait
