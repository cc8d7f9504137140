"""Gives citizens access to their own dossier, by receipt or by phone number."""

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
"""How long the owner may read a dossier after its end."""

DIGITS = 4
_LOCAL_DIGITS = 10
_LOOKS = 30
_ENDS = frozenset({Step.REFUSED, Step.WITHDRAWN})


class NotYoursError(NotAllowedError):
    """The code and the proof do not belong together, or the access has expired."""


class FailedAttempts(Protocol):
    """The dossiers for which somebody tried wrong digits too often."""

    def locked_at(self, dossier_id: UUID) -> datetime | None:
        """Return when somebody last tried wrong digits for this dossier too often."""


@dataclass(frozen=True)
class _Opened:
    """A dossier whose key still exists."""

    events: Sequence[Event]
    dossier: DossierState
    seal: Seal


class CitizenAccess:
    """Opens a dossier with the receipt's token, or with its code and digits of the phone number."""

    def __init__(
        self,
        store: DossierRecorder,
        *,
        service: Service,
        vault: Vault,
        receipts: ReceiptLinks,
        failed_attempts: FailedAttempts,
        access_log: AccessLog,
        now: Callable[[], datetime],
    ) -> None:
        """Read this store; `access_log` has the accesses of the staff."""
        self._store = store
        self._service = service
        self._vault = vault
        self._receipts = receipts
        self._failed_attempts = failed_attempts
        self._access_log = access_log
        self._now = now

    def open(self, code: str, token: str) -> CitizenView:
        """Return the citizen's view of a dossier, for the holder of its receipt.

        Raise `NotYoursError`, `KeyLostError`.
        """
        code = tidied(code)
        opened = self._open(code) if self._receipts.admit(code, token) else None
        if opened is None:
            raise NotYoursError
        events, dossier = opened.events, opened.dossier
        texts = {event.originator_version: opened_texts(event, opened.seal) for event in events}
        return citizen_view(
            events,
            dossier,
            texts,
            self._service,
            now=self._now(),
            looks=self._looks(dossier.id),
            tried_at=self._failed_attempts.locked_at(dossier.id),
        )

    def receipt(self, code: str, token: str) -> Receipt:
        """Return the masked receipt. Raise the errors of `open`, and `NoSuchFormError`."""
        code = tidied(code)
        opened = self._open(code) if self._receipts.admit(code, token) else None
        if opened is None:
            raise NotYoursError
        texts = {
            event.originator_version: opened_texts(event, opened.seal) for event in opened.events
        }
        case = Case(events=opened.events, texts=texts, service=self._service, now=self._now())
        return receipt(case, self._receipts.link(opened.dossier.code)).masked()

    def find(self, code: str, digits: str) -> str:
        """Return the path of the dossier's page if `digits` match the phone number or its end.

        Call it only after `Guard` admits the attempt. Raise `NotYoursError` for every mismatch.
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
        """Return a dossier, or `None` if it is unknown, expired or erased.

        Raise `KeyLostError`.
        """
        uuid = dossier_id(code)
        events = [decode(row.topic, row.state) for row in self._store.select_events(uuid)]
        dossier = DossierState.replay(None, events)
        wrapped = self._store.select_keys([uuid]).get(uuid)
        if dossier is None or self._has_expired(events, dossier):
            return None
        seal = seal_of(self._vault, uuid, wrapped, is_erased=dossier.personal_data_erased)
        return _Opened(events, dossier, seal) if seal else None

    def _has_expired(self, events: Sequence[Event], dossier: DossierState) -> bool:
        ends = [event.occurred_at for event in events if event.step in _ENDS]
        ended_at = dossier.returned_at or max(ends, default=None)
        return ended_at is not None and ended_at + OPEN_AFTERWARDS < self._now()

    def _looks(self, uuid: UUID) -> tuple[StaffRead, ...]:
        """Return the last accesses of the staff, newest first."""
        face = self._service.network.public_face
        newest = list(reversed(self._access_log.of(uuid)))[:_LOOKS]
        return tuple(
            StaffRead(
                at=access.read_at,
                office=face(access.office),
                opened=access.what == Read.PERSONAL_DATA.value,
            )
            for access in newest
        )


def _phone(opened: _Opened) -> str:
    dossier = opened.dossier
    if dossier.applicant is None:
        return ""
    # Every event that has the applicant seals it under this name.
    applicant = orjson.loads(opened.seal.open("applicant", dossier.applicant))
    phone = applicant.get("phone") or ""
    return phone_digits(phone)


def phone_digits(written: str) -> str:
    """Return the digits of a phone number in national form, without the country code 84."""
    digits = "".join(character for character in written if character in "0123456789")
    return f"0{digits[2:]}" if digits.startswith("84") and len(digits) > _LOCAL_DIGITS else digits
