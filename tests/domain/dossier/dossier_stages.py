"""Dossiers at the stages where most tests begin, and common steps."""

from collections.abc import Callable
from datetime import datetime

from tests.domain.dossier_spec import (
    CLERK,
    PAPER,
    PARCEL,
    POSTMAN,
    at,
    clock,
    decided,
    delivered,
    due,
    handed,
    received,
    stamp,
)
from tracker.domain.dossier.clock import LedgerEntry
from tracker.domain.dossier.dossier import (
    Dossier,
)
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import (
    Promise,
)

TAKEN_IN = (received(at(2), due(9)),)


READY = (*TAKEN_IN, decided(at(4)))


POSTED = (*READY, handed(at(5)))


HOME = (*POSTED, delivered(at(6)))


def ledger(*entries: tuple[Step, datetime, Promise]) -> tuple[LedgerEntry, ...]:
    return tuple(LedgerEntry(*entry) for entry in entries)


def bring(moment: datetime, **rule: object) -> Callable[[Dossier], None]:
    return lambda d: d.receive_supplement(
        stamp(moment, CLERK),
        papers=(PAPER,),
        clock=clock(**rule),  # type: ignore[arg-type]
    )


def scan(code: str, moment: datetime, number: str = PARCEL) -> Callable[[Dossier], None]:
    return lambda d: d.scan(
        stamp(moment, POSTMAN), number=number, scan=code, whereabouts=None, raw=None
    )
