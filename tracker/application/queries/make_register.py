"""Makes the register of an office, checks permissions, and records each access."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from uuid import UUID

from tracker.application.forms.register import Register, register
from tracker.application.queries.dossier_reader import DossierReader
from tracker.application.service import Service
from tracker.domain.dossier.actors import Actor, Read, require
from tracker.domain.errors import InvalidInputError

MOST_DAYS = 31
MOST_ROWS = 500


class UnfitPeriodError(InvalidInputError):
    """The last day must not be before the first. A register covers at most 31 days."""


def check_period(first: date, last: date) -> None:
    """Raise `UnfitPeriodError` if a register cannot cover these days, both included."""
    if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
        raise UnfitPeriodError


class Intakes(Protocol):
    """Finds the dossiers of an office."""

    def of(self, office: str, since: datetime, until: datetime, most: int) -> Sequence[UUID]:
        """Return up to `most` dossiers that came in from `since` and before `until`, oldest first.

        A dossier belongs to the office that took it in and to the office that decides it.
        """


class MakeRegister:
    """Makes registers, and records an access to each dossier in them."""

    def __init__(self, reader: DossierReader, intakes: Intakes, service: Service) -> None:
        """Find dossiers with `intakes` and read each with this reader."""
        self._reader = reader
        self._intakes = intakes
        self._service = service

    def make(
        self, actor: Actor, office_id: str, first: date, last: date, now: datetime
    ) -> Register:
        """Return the register of an office from `first` to `last`, both included.

        Raise `NotAllowedError`, `UnfitPeriodError`, `UnknownOfficeError`.
        """
        require(actor, Read.REGISTER)
        check_period(first, last)
        since, until = self._spanned(first, last)
        network = self._service.network
        office = network.office(office_id)
        ids = self._intakes.of(office_id, since, until, MOST_ROWS + 1)
        cases = self._reader.cases(actor, ids[:MOST_ROWS], "mẫu số 07")
        above = network.offices.get(office.parent) if office.parent else None
        return register(
            cases,
            office=office,
            above=above,
            issued_at=now,
            first=first,
            last=last,
            is_cut=len(ids) > MOST_ROWS,
        )

    def _spanned(self, first: date, last: date) -> tuple[datetime, datetime]:
        zone = self._service.calendar.zone
        try:
            since, until = (
                datetime.combine(day, time(), zone).astimezone(UTC)
                for day in (first, last + timedelta(days=1))
            )
        except OverflowError as error:  # the first or the last day of Python's calendar
            raise UnfitPeriodError from error
        return since, until
