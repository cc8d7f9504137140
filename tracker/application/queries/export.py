"""Return dossiers away as they are stored, one after the other, to whoever may; records each look.

However many there are, only some hundred are in memory at a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Protocol
from uuid import UUID

from tracker.application.audit.verify_store import StoredRow
from tracker.application.commands.envelope import UnknownDossierError
from tracker.application.ports import AccessLog, DossierRecorder, Vault
from tracker.application.queries.dossier_reader import opened_texts
from tracker.application.recovery.key_loss import KeyLostError, seal_of
from tracker.domain.dossier.actors import Actor, Read, require, require_reading
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.history import occurred_at
from tracker.domain.dossier.state import DossierState
from tracker.domain.errors import InvalidInputError, TrackerError
from tracker.serialization import decode

_DOSSIERS_A_LOOK = 200


class NoReasonError(InvalidInputError):
    """Personal data are opened only with a reason, which is recorded."""


class NoParquetError(TrackerError):
    """Parquet needs pyarrow: install Tracker with its extra, `pip install 'tracker[parquet]'`."""


class Form(StrEnum):
    """How the events are written."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    XES = "xes"
    OCEL = "ocel"

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return "events.jsonocel" if self is Form.OCEL else f"events.{self}"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which dossiers; each is given whole. What is `None` does not restrict.

    `office` is one of a dossier's three as they are now; it came in from `since` to `until`, both
    included.
    """

    code: str | None = None
    office: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, dossier: DossierState, came_in_at: datetime) -> bool:
        """Return whether this dossier is meant."""
        offices = dossier.offices
        return (
            self.office in (None, offices.helped_at, offices.received_at, offices.decided_by)
            and (self.since is None or came_in_at >= self.since)
            and (self.until is None or came_in_at <= self.until)
        )

    def asked(self, reason: str | None) -> dict[str, str | None]:
        """Put what is asked for into words; personal data are opened where there is a reason."""
        return {
            "code": self.code,
            "office": self.office,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "personal_data": "sealed" if reason is None else "opened",
            "reason": reason,
        }


@dataclass(frozen=True)
class ExportedDossier:
    """One dossier: its rows in the store, what they say, and where it stands by them.

    `texts` holds what was sealed, by version and field; it is `None` where all stays sealed, and
    empty where the dossier's key was destroyed or is lost.
    """

    rows: Sequence[StoredRow]
    events: Sequence[Event]
    dossier: DossierState
    came_in_at: datetime
    texts: Mapping[int, Mapping[str, str]] | None = None


class DossierScan(Protocol):
    """The event store, dossier by dossier."""

    def head(self) -> int:
        """Return the position of the newest event, 0 where there is none."""

    def dossiers(self, *, up_to: int, only: UUID | None = None) -> Iterator[Sequence[StoredRow]]:
        """Return the rows of each dossier up to this position, in the order of ids and versions."""


class DossierExport:
    """Takes dossiers out of one store."""

    def __init__(
        self,
        scan: DossierScan,
        keys: DossierRecorder,
        *,
        vault: Vault,
        reads: AccessLog,
        now: Callable[[], datetime],
    ) -> None:
        """Read by `scan`; note every look in `reads`."""
        self._scan = scan
        self._keys = keys
        self._vault = vault
        self._reads = reads
        self._now = now

    def take(
        self,
        actor: Actor,
        selection: Selection,
        *,
        up_to: int,
        progress: Callable[[int], None],
        reason: str | None = None,
    ) -> Iterator[ExportedDossier]:
        """Return the dossiers as of the store's event `up_to`, in the order of their ids.

        Personal data are opened only where a reason is given, and not where they were erased.
        `progress` is told how many more events were looked at. Raise `NotAllowedError`,
        `NoReasonError`, `UnknownDossierError`.
        """
        what = Read.HISTORY if reason is None else Read.PERSONAL_DATA
        require(actor, Read.EXPORT)
        require(actor, what)
        why = (reason or "").strip()
        if what is Read.PERSONAL_DATA and not why:
            raise NoReasonError
        return self._looked_at(actor, what, self._found(selection, up_to, progress), why)

    def _looked_at(
        self, actor: Actor, what: Read, found: Iterator[ExportedDossier], reason: str
    ) -> Iterator[ExportedDossier]:
        while some := list(islice(found, _DOSSIERS_A_LOOK)):
            for one in some:
                offices = one.dossier.offices
                places = (offices.helped_at, offices.received_at, offices.decided_by)
                require_reading(actor, what, offices=places, for_a_reason=bool(reason))
            ids = [one.dossier.id for one in some]
            self._reads.record_all(ids, actor, what.value, self._now(), reason)
            yield from self._with_texts(some) if what is Read.PERSONAL_DATA else some

    def _found(
        self, selection: Selection, up_to: int, progress: Callable[[int], None]
    ) -> Iterator[ExportedDossier]:
        only = dossier_id(selection.code) if selection.code else None
        known = False
        for rows in self._scan.dossiers(up_to=up_to, only=only):
            known = True
            events = [decode(row.topic, row.state) for row in rows]
            dossier = DossierState.replay(None, events)
            came_in_at = occurred_at(events)[1]
            if dossier and selection.holds(dossier, came_in_at):
                yield ExportedDossier(rows, events, dossier, came_in_at)
            progress(len(rows))
        if only and not known:
            raise UnknownDossierError

    def _with_texts(self, some: Sequence[ExportedDossier]) -> Iterator[ExportedDossier]:
        keys = self._keys.select_keys([one.dossier.id for one in some])
        for one in some:
            texts: dict[int, dict[str, str]] = {}
            seal = None
            with suppress(KeyLostError):
                seal = seal_of(
                    self._vault,
                    one.dossier.id,
                    keys.get(one.dossier.id),
                    is_erased=one.dossier.personal_data_erased,
                )
            if seal:
                texts = {each.originator_version: opened_texts(each, seal) for each in one.events}
            yield ExportedDossier(one.rows, one.events, one.dossier, one.came_in_at, texts)
