"""What the HTTP side is handed, each part as small as it can be."""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from prometheus_client.registry import Collector

from tracker.adapters.http.proxies import Proxies
from tracker.adapters.http.rate_limits import Limits, Rush
from tracker.adapters.http.schema.freshness import Watched
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
    """Knows whose a key is."""

    def actor_of(self, key: str) -> Actor:
        """Return the actor of a key. Raise `UnknownError`."""

    def id_of(self, key: str) -> str:
        """Return the id that a key bears, good or not."""

    def holder_of(self, key_id: str) -> Actor:
        """Return the actor of the key with this id. Raise `UnknownError`, also once revoked."""


class OpenSessions(Protocol):
    """Knows which sessions of the desk have begun and not ended, on every node alike."""

    def begin(self, secret: str, key_id: str, at: datetime, ends_at: datetime) -> None:
        """Store a new session."""

    def is_open(self, secret: str, key_id: str) -> bool:
        """Return whether this session of this key has begun and not ended."""

    def end(self, secret: str) -> None:
        """End this session."""


class LookUp(Protocol):
    """Knows where each dossier stands."""

    def rows(self, codes: Sequence[str]) -> Mapping[str, StatusRow]:
        """Return the status of the dossiers with these codes, as far as there are any."""

    async def find(self, codes: Sequence[str]) -> LookUpResult:
        """Return what is known of each of these codes, one at least; one asks at a time."""


class Archives(Protocol):
    """Makes archives of dossiers to be taken away."""

    def pieces(
        self,
        actor: Actor,
        form: ExportForm,
        selection: Selection,
        *,
        reason: str | None,
        progress: Callable[[int], None],
    ) -> Generator[bytes, None, None]:
        """Return the archive piece by piece; personal data are opened where there is a reason."""


class Blocks(Protocol):
    """Leases blocks of code numbers."""

    def lease(
        self, *, agency: str, day: date, size: int, leased_to: str, leased_at: datetime
    ) -> CodeBlock:
        """Return the next `size` numbers of this agency and day to one holder."""

    def block(self, block_id: str) -> CodeBlock | None:
        """Return the block of this id."""

    def record_unused(self, block_id: str, numbers: Sequence[int]) -> None:
        """Note numbers of a block that will never be used; said twice, they are noted once."""


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """Everything the routes work with.

    `watched` are the
    read models by name: `status`, `promises`, `timeline`. `head` gives the position of the newest
    event, `used` those of the codes that have a dossier, `last_event_of` the event that a request
    led to. `check_past` raises where the store must not be written.
    `sample_codes` are shown on the first page. `stops` tells
    whether a token is the one by which the person of this code stops messages. `gauges` are told of
    among the metrics. `limits` are those of look-ups, `tries_limits` those of a phone's digits,
    which `guard` compares, and `misses` the wrong ones of everybody. `session_secret`, 32 bytes,
    seals the sessions of browsers, of which `sessions` knows the open ones; `proxies` are
    believed; `live_pages` may be open at once and wait for news, until `is_ending`.
    A reader who asks for `after=` waits `wait_s` seconds at most.
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
