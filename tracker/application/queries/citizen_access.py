"""Opens a dossier to whoever it belongs to, and to nobody who guesses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import orjson

from tracker.application.forms.case import Case
from tracker.application.forms.receipt import Receipt, receipt
from tracker.application.ports import AccessLog, DossierRecorder, Seal, Vault
from tracker.application.queries.citizen_view import CitizenView, StaffRead, citizen_view
from tracker.application.queries.dossier_reader import opened_texts
from tracker.application.queries.receipt_links import ReceiptLinks
from tracker.application.recovery.key_loss import KeyLostError, seal_of
from tracker.application.service import Service
from tracker.domain.dossier.actors import Read
from tracker.domain.dossier.codes import dossier_id, tidied
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.state import DossierState
from tracker.domain.errors import NotAllowedError
from tracker.serialization import decode

OPEN_AFTERWARDS = timedelta(days=90)
"""How long after the end a dossier's owner may still look at it."""

DIGITS = 4
_LOCAL_DIGITS = 10
_LOOKS = 30
_ENDS = frozenset({Step.REFUSED, Step.WITHDRAWN})


class NotYoursError(NotAllowedError):
    """These do not belong together: the code, and what was shown as proof. Or it is over."""


class FailedAttempts(Protocol):
    """Knows at which dossiers somebody tried digits too often."""

    def locked_at(self, dossier_id: UUID) -> datetime | None:
        """Return when somebody last tried digits at this dossier too often."""


@dataclass(frozen=True)
class _Opened:
    """A dossier whose key is still there."""

    events: Sequence[Event]
    dossier: DossierState
    seal: Seal


class CitizenAccess:
    """Lets in by the receipt's token, or by the code and the last digits of the phone."""

    def __init__(
        self,
        store: DossierRecorder,
        *,
        service: Service,
        vault: Vault,
        receipts: ReceiptLinks,
        tries: FailedAttempts,
        reads: AccessLog,
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

    def open(self, code: str, token: str) -> CitizenView:
        """Return the dossier of this code to whoever has its receipt.

        Raise `NotYoursError`, `KeyLostError`.
        """
        code = tidied(code)
        opened = self._open(code) if self._receipts.admit(code, token) else None
        if opened is None:
            raise NotYoursError
        events, dossier = opened.events, opened.dossier
        texts = {one.originator_version: opened_texts(one, opened.seal) for one in events}
        return citizen_view(
            events,
            dossier,
            texts,
            self._service,
            now=self._now(),
            looks=self._looks(dossier.id),
            tried_at=self._tries.locked_at(dossier.id),
        )

    def receipt(self, code: str, token: str) -> Receipt:
        """Return the receipt, masked, to whoever has its link. Raise as `open`, and `receipt`."""
        code = tidied(code)
        opened = self._open(code) if self._receipts.admit(code, token) else None
        if opened is None:
            raise NotYoursError
        texts = {one.originator_version: opened_texts(one, opened.seal) for one in opened.events}
        case = Case(events=opened.events, texts=texts, service=self._service, now=self._now())
        return receipt(case, self._receipts.link(opened.dossier.code)).masked()

    def find(self, code: str, digits: str) -> str:
        """Return the address of the dossier's own page for its phone, or the phone's last digits.

        What a try costs is decided before, by `Guard`. Raise `NotYoursError`, whatever the reason.
        """
        typed = phone_digits(digits)
        try:
            opened = self._open(tidied(code))
        except KeyLostError:  # the digits cannot be compared
            opened = None
        phone = _phone(opened) if opened else ""
        if opened is None or len(phone) < DIGITS or typed not in {phone, phone[-DIGITS:]}:
            raise NotYoursError
        return self._receipts.path(opened.dossier.code)

    def _open(self, code: str) -> _Opened | None:
        """Open a dossier; not one that is over, or whose key was destroyed.

        Raise `KeyLostError`.
        """
        its_id = dossier_id(code)
        events = [decode(one.topic, one.state) for one in self._store.select_events(its_id)]
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

    def _looks(self, its_id: UUID) -> tuple[StaffRead, ...]:
        """Return who of the staff looked, newest first."""
        face = self._service.network.public_face
        newest = list(reversed(self._reads.of(its_id)))[:_LOOKS]
        return tuple(
            StaffRead(
                at=one.read_at, office=face(one.office), opened=one.what == Read.PERSONAL_DATA.value
            )
            for one in newest
        )


def _phone(opened: _Opened) -> str:
    dossier = opened.dossier
    if dossier.applicant is None:
        return ""
    # Whatever bore the applicant, it was sealed under this one name.
    applicant = orjson.loads(opened.seal.open("applicant", dossier.applicant))
    phone = applicant.get("phone") or ""
    return phone_digits(phone)


def phone_digits(written: str) -> str:
    """Return the digits of a phone number as it is dialled here, whatever stands between them."""
    digits = "".join(letter for letter in written if letter in "0123456789")
    return f"0{digits[2:]}" if digits.startswith("84") and len(digits) > _LOCAL_DIGITS else digits
