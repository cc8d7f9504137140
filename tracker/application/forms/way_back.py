"""Form 06 after the decision: who had the result at which time, until its delivery."""

from dataclasses import dataclass, replace
from datetime import datetime

from tracker.application.forms.case import Case
from tracker.domain.dossier.events.delivery import (
    Collected,
    DeliveryFailed,
    HandedToCarrier,
    ReturnedToOffice,
)
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.processing import Decided
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.history import occurred_at
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import Correctable
from tracker.domain.network.network import Office

_ENDS = frozenset(
    {
        Step.HANDED_TO_CARRIER,
        Step.RETURNED_TO_OFFICE,
        Step.DELIVERED,
        Step.COLLECTED,
        Step.DELIVERED_ELECTRONICALLY,
    }
)


@dataclass(frozen=True, kw_only=True)
class Leg:
    """A period in which one holder had the result.

    `to_at` and `ended_by` are `None` while the holder still has it. `holder` is the name of an
    office or a carrier, or its id if it is not in the network. A carrier has it as the parcel
    `number`, with `failed` unsuccessful deliveries. `ended_at` is the office that posted the result
    or handed it to the applicant.
    """

    holder: str
    number: str = ""
    failed: int = 0
    from_at: datetime
    to_at: datetime | None = None
    ended_by: Step | None = None
    ended_at: Office | None = None


def way_back(case: Case) -> tuple[Leg, ...]:
    """Return the legs from the decision to the return; empty before the decision."""
    at = occurred_at(case.events)
    legs: list[Leg] = []
    sender = ""
    for event in case.events:
        when = at[event.originator_version]
        if legs and event.step in _ENDS:
            legs[-1] = replace(
                legs[-1], to_at=when, ended_by=event.step, ended_at=case.office(_place(event))
            )
        match event:
            case Decided():
                sender = event.by.office or case.dossier.offices.decided_by
                legs = [Leg(holder=_name(case, sender), from_at=when)]
            case HandedToCarrier() if legs:
                sender = event.by.office or sender
                carrier = case.service.network.partners.get(event.carrier)
                name = carrier.name if carrier else event.carrier
                legs.append(Leg(holder=name, number=event.number, from_at=when))
            case ReturnedToOffice() if legs:
                legs.append(Leg(holder=_name(case, sender), from_at=when))
            case DeliveryFailed() if legs:
                legs[-1] = replace(legs[-1], failed=legs[-1].failed + 1)
            case Corrected(what=Correctable.PARCEL_NUMBER) if legs and legs[-1].number:
                legs[-1] = replace(legs[-1], number=event.value)
    return tuple(legs)


def _place(event: Event) -> str:
    return event.at_office if isinstance(event, Collected) else event.by.office


def _name(case: Case, office_id: str) -> str:
    office = case.office(office_id)
    return office.name if office else office_id
