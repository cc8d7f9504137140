"""Exports stored dossiers, checks permissions, and records each access.

At most 200 dossiers are in memory at a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
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

_DOSSIERS_PER_ACCESS_RECORD = 200


class NoReasonError(InvalidInputError):
    """Personal data is opened only with a reason, which is recorded."""


class NoParquetError(TrackerError):
    """Parquet needs pyarrow: install Tracker with its extra, `pip install 'tracker[parquet]'`."""


class Form(StrEnum):
    """The file format of the events."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    XES = "xes"
    OCEL = "ocel"

    @property
    def file_name(self) -> str:
        """The name of the file."""
        return "events.jsonocel" if self is Form.OCEL else f"events.{self}"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The selection of dossiers; each is exported as a whole. `None` does not restrict.

    `office` is one of the three current offices of a dossier. The intake is from `since` to
    `until`, both included.
    """

    code: str | None = None
    office: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, dossier: DossierState, came_in_at: datetime) -> bool:
        """Return whether this dossier is selected."""
        offices = dossier.offices
        return (
            self.office in (None, offices.helped_at, offices.received_at, offices.decided_by)
            and (self.since is None or came_in_at >= self.since)
            and (self.until is None or came_in_at <= self.until)
        )

    def asked(self, reason: str | None) -> dict[str, str | None]:
        """Return the selection as JSON values; personal data is opened if there is a reason."""
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
    """One dossier: its rows in the store, their events, and its state after them.

    `texts` are the opened texts, by version and field. It is `None` if they stay sealed, and empty
    if the dossier's key was destroyed or is lost.
    """

    rows: Sequence[StoredRow]
    events: Sequence[Event]
    dossier: DossierState
    came_in_at: datetime
    texts: Mapping[int, Mapping[str, str]] | None = None


class DossierScan(Protocol):
    """Reads the event store dossier by dossier."""

    def head(self) -> int:
        """Return the position of the newest event, 0 if there is none."""

    def dossiers(self, *, up_to: int, only: UUID | None = None) -> Iterator[Sequence[StoredRow]]:
        """Yield the rows of each dossier up to this position, in order of ids and versions."""


class DossierExport:
    """Exports dossiers of one store."""

    def __init__(
        self,
        scan: DossierScan,
        keys: DossierRecorder,
        *,
        vault: Vault,
        access_log: AccessLog,
        now: Callable[[], datetime],
    ) -> None:
        """Read with `scan`; record every access in `access_log`."""
        self._scan = scan
        self._keys = keys
        self._vault = vault
        self._access_log = access_log
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
        """Return the dossiers up to the store's position `up_to`, in the order of their ids.

        Personal data is opened only with a reason, and only if it was not erased. `progress` gets
        the number of events just read. Raise `NotAllowedError`, `NoReasonError`,
        `UnknownDossierError`.
        """
        what = Read.HISTORY if reason is None else Read.PERSONAL_DATA
        require(actor, Read.EXPORT)
        require(actor, what)
        why = (reason or "").strip()
        if what is Read.PERSONAL_DATA and not why:
            raise NoReasonError
        return self._recorded(actor, what, self._selected(selection, up_to, progress), why)

    def _recorded(
        self, actor: Actor, what: Read, selected: Iterator[ExportedDossier], reason: str
    ) -> Iterator[ExportedDossier]:
        while batch := list(islice(selected, _DOSSIERS_PER_ACCESS_RECORD)):
            for exported in batch:
                offices = exported.dossier.offices
                places = (offices.helped_at, offices.received_at, offices.decided_by)
                require_reading(actor, what, offices=places, for_a_reason=bool(reason))
            ids = [exported.dossier.id for exported in batch]
            self._access_log.record_all(ids, actor, what.value, self._now(), reason)
            yield from self._with_texts(batch) if what is Read.PERSONAL_DATA else batch

    def _selected(
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

    def _with_texts(self, batch: Sequence[ExportedDossier]) -> Iterator[ExportedDossier]:
        keys = self._keys.select_keys([exported.dossier.id for exported in batch])
        for exported in batch:
            dossier = exported.dossier
            texts: dict[int, dict[str, str]] = {}
            seal = None
            with suppress(KeyLostError):
                seal = seal_of(
                    self._vault,
                    dossier.id,
                    keys.get(dossier.id),
                    is_erased=dossier.personal_data_erased,
                )
            if seal:
                texts = {
                    event.originator_version: opened_texts(event, seal) for event in exported.events
                }
            yield replace(exported, texts=texts)
