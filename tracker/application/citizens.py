"""Opens a dossier to whoever it belongs to, and to nobody who guesses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import orjson

from tracker.application.forms.case import Case
from tracker.application.forms.receipt import Receipt, receipt
from tracker.application.key_loss import KeyLostError, seal_of
from tracker.application.own_dossier import Look, OwnDossier, own_dossier
from tracker.application.ports import DossierRecorder, ReadLog, Seal, Vault
from tracker.application.reading import opened_texts
from tracker.application.receipts import Receipts
from tracker.application.reception import Service
from tracker.domain.actors import Read
from tracker.domain.codes import dossier_id, tidied
from tracker.domain.errors import NotAllowedError
from tracker.domain.events import Event
from tracker.domain.lifecycle import Step
from tracker.domain.state import DossierState
from tracker.recording import from_bytes

OPEN_AFTERWARDS = timedelta(days=90)
"""How long after the end a dossier's owner may still look at it."""

MOST_TRIES = 5
LOCKED_FOR = timedelta(hours=1)
DIGITS = 4
_LOOKS = 30
_ENDS = frozenset({Step.REFUSED, Step.WITHDRAWN})


class NotYoursError(NotAllowedError):
    """These do not belong together: the code, and what was shown as proof. Or it is over."""


class Tries(Protocol):
    """Counts how often a dossier was tried with the wrong digits."""

    def begin(self, dossier_id: UUID, at: datetime) -> int:
        """Count one more try, and give the how-manieth it is within an hour of the last."""

    def forgive(self, dossier_id: UUID) -> None:
        """Begin to count anew: this try was right."""

    def lock(self, dossier_id: UUID, at: datetime) -> None:
        """Note that the last try allowed was wrong."""

    def locked_at(self, dossier_id: UUID) -> datetime | None:
        """Tell when the dossier was last locked."""


@dataclass(frozen=True)
class _Opened:
    """A dossier whose key is still there."""

    events: Sequence[Event]
    dossier: DossierState
    seal: Seal


class Citizens:
    """Lets in by the receipt's token, or by the code and the last digits of the phone."""

    def __init__(
        self,
        store: DossierRecorder,
        *,
        service: Service,
        vault: Vault,
        receipts: Receipts,
        tries: Tries,
        reads: ReadLog,
        now: Callable[[], datetime],
    ) -> None:
        """Read this store; `reads` tells who of the staff looked."""
        self._store = store
        self._service = service
        self._vault = vault
        self._receipts = receipts
        self._tries = tries
        self._reads = reads
        self._now = now

    def open(self, code: str, token: str) -> OwnDossier:
        """Give the dossier of this code to whoever has its receipt.

        Raises `NotYoursError`, `KeyLostError`.
        """
        code = tidied(code)
        opened = self._open(code) if self._receipts.admit(code, token) else None
        if opened is None:
            raise NotYoursError
        events, dossier = opened.events, opened.dossier
        texts = {one.originator_version: opened_texts(one, opened.seal) for one in events}
        return own_dossier(
            events,
            dossier,
            texts,
            self._service,
            now=self._now(),
            looks=self._looks(dossier.id),
            tried_at=self._tries.locked_at(dossier.id),
        )

    def receipt(self, code: str, token: str) -> Receipt:
        """Give the receipt, masked, to whoever has its link. Raises as `open`, and `receipt`."""
        code = tidied(code)
        opened = self._open(code) if self._receipts.admit(code, token) else None
        if opened is None:
            raise NotYoursError
        texts = {one.originator_version: opened_texts(one, opened.seal) for one in opened.events}
        case = Case(events=opened.events, texts=texts, service=self._service, now=self._now())
        return receipt(case, self._receipts.link(opened.dossier.code)).masked()

    def find(self, code: str, digits: str) -> str:
        """Give the address of the dossier's own page to whoever knows the phone's last digits.

        After five wrong tries in a row nobody gets it for an hour, not with the right digits
        either. Raises `NotYoursError`, for whichever reason.
        """
        code, now = tidied(code), self._now()
        try:
            opened = self._open(code)
        except KeyLostError:  # nobody can tell whether these are the digits
            opened = None
        if opened is None:
            raise NotYoursError
        its_id = opened.dossier.id
        nth = self._tries.begin(its_id, now)
        if nth > MOST_TRIES:
            raise NotYoursError
        if len(digits) != DIGITS or digits != _last_digits(opened):
            if nth == MOST_TRIES:
                self._tries.lock(its_id, now)
            raise NotYoursError
        self._tries.forgive(its_id)
        return self._receipts.path(opened.dossier.code)

    def _open(self, code: str) -> _Opened | None:
        """Open a dossier; not one that is over, or whose key was destroyed.

        Raises `KeyLostError`.
        """
        its_id = dossier_id(code)
        events = [from_bytes(one.topic, one.state) for one in self._store.select_events(its_id)]
        dossier = DossierState.replay(None, events)
        wrapped = self._store.select_keys([its_id]).get(its_id)
        if dossier is None or self._is_over(events, dossier):
            return None
        seal = seal_of(self._vault, its_id, wrapped, is_erased=dossier.personal_data_erased)
        return _Opened(events, dossier, seal) if seal else None

    def _is_over(self, events: Sequence[Event], dossier: DossierState) -> bool:
        ends = [one.occurred_at for one in events if one.step in _ENDS]
        ended_at = dossier.returned_at or max(ends, default=None)
        return ended_at is not None and ended_at + OPEN_AFTERWARDS < self._now()

    def _looks(self, its_id: UUID) -> tuple[Look, ...]:
        """Give who of the staff looked, newest first."""
        face = self._service.network.public_face
        newest = list(reversed(self._reads.of(its_id)))[:_LOOKS]
        return tuple(
            Look(
                at=one.read_at, office=face(one.office), opened=one.what == Read.PERSONAL_DATA.value
            )
            for one in newest
        )


def _last_digits(opened: _Opened) -> str:
    dossier = opened.dossier
    if dossier.applicant is None:
        return ""
    # Whatever bore the applicant, it was sealed under this one name.
    applicant = orjson.loads(opened.seal.open("applicant", dossier.applicant))
    phone = applicant.get("phone") or ""
    return "".join(letter for letter in phone if letter.isdigit())[-DIGITS:]
