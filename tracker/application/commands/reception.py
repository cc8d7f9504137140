"""Takes dossiers in: who may, where, under which code, with which promise."""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any

from tracker.application.commands.code_allocation import CodeAllocator
from tracker.application.commands.envelope import CodeTakenError
from tracker.application.commands.intake import Intake, LegacyIntake, as_channels, as_papers
from tracker.application.service import Service
from tracker.domain.deadlines.time_rules import TimeRule
from tracker.domain.dossier.actors import Actor, Role, require
from tracker.domain.dossier.clock import Clock
from tracker.domain.dossier.codes import DossierCode, legacy_code
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.lifecycle import Stage, Step
from tracker.domain.dossier.values import Offices, Promise, Sealed, Stamp
from tracker.domain.errors import InvalidInputError, NotAllowedError, UnknownError
from tracker.domain.network.admission import check_admission
from tracker.domain.network.network import channel_of
from tracker.domain.network.procedures import ProcedureVersion

_NO_TIME = TimeRule(time=None)


class WrongPlaceError(NotAllowedError):
    """A dossier is taken in where the sender stands, not elsewhere."""


class NotThisCollaboratorError(NotAllowedError):
    """A collaborator takes in under their own name only."""


class PromiseNotYoursError(InvalidInputError):
    """A promised date is sent along only with a code from a block leased to this device."""


class Reception:
    """Decides on intake messages."""

    def __init__(self, service: Service, codes: CodeAllocator) -> None:
        """Work by this service's data and issue codes from this desk."""
        self._service = service
        self._codes = codes
        self._day_of = lru_cache(maxsize=64)(service.local_day)
        self._clock_known = lru_cache(maxsize=1024)(self._clock)
        # The network and the catalogue do not change while we run.
        self._admitted = lru_cache(maxsize=4096)(
            partial(check_admission, service.network, service.catalogue)
        )

    def clock_of(self, procedure: str, version: int, at: datetime) -> Clock:
        """Return the clock of a procedure's version, on the calendar known at this moment.

        A procedure or version that is none of ours has no time.
        """
        return self._clock_known(procedure, version, self._day_of(at))

    def begin(
        self,
        message: Intake,
        actor: Actor,
        day: date,
        find: Callable[[str], Dossier | None],
        *,
        collided: bool,
    ) -> tuple[Dossier, ProcedureVersion]:
        """Return the dossier to be taken in, new unless it was submitted before, and its procedure.

        `find` gives the dossier of a code, if there is one; `collided` tells that a code given
        before was taken, so that each is looked up first.
        """
        require(actor, Step(message.step))
        office = self._service.network.office(message.received_at or actor.office)
        if office.id != actor.office and actor.role not in {Role.ADMINISTRATOR, Role.PORTAL}:
            raise WrongPlaceError
        collaborator = message.collaborator
        if actor.role is Role.COLLABORATOR:
            if collaborator not in {None, actor.id}:
                raise NotThisCollaboratorError
            collaborator = actor.id
        procedure = self._admitted(
            office_id=office.id,
            collaborator_id=collaborator,
            procedure_code=message.procedure,
            on=day,
        )
        if message.code is None:
            issued = self._codes.next_code(office.agency, day)
            while collided and find(issued.text):
                issued = self._codes.next_code(office.agency, day)
            return Dossier.new(issued.text), procedure
        code = DossierCode.parse(message.code)
        there = find(code.text)
        if there is None:
            self._codes.check_own(code, actor)
            return Dossier.new(code.text), procedure
        if there.progress.stage is not Stage.SUBMITTED:
            raise CodeTakenError
        return there, procedure

    def take_in(
        self,
        dossier: Dossier,
        message: Intake,
        procedure: ProcedureVersion,
        stamp: Stamp,
        applicant: Sealed,
    ) -> None:
        """Submit or receive the dossier as the message says."""
        received_at = message.received_at or stamp.by.office
        helped_at = message.helped_at or dossier.offices.helped_at or received_at
        network = self._service.network
        network.office(helped_at)
        intake: dict[str, Any] = {
            # What was handed in on one channel and then taken in at a desk came by the first.
            "channel": dossier.channel or channel_of(network.office(received_at).kind).value,
            "offices": Offices(helped_at, received_at, procedure.decided_by),
            "procedure": procedure.code,
            "procedure_version": procedure.version,
            "papers": as_papers(message.papers),
            "way_of_return": message.way_of_return,
            "applicant": applicant,
        }
        if message.step == "submitted":
            dossier.submit(stamp, **intake)
        else:
            clock = self.clock_of(procedure.code, procedure.version, stamp.recorded_at)
            given = self._given(dossier, message, stamp)
            if given:
                clock.require_reach(given.due_at)
            dossier.receive(stamp, clock=clock, given=given, **intake)
        if message.notices:
            dossier.agree_to_notices(
                stamp,
                channels=as_channels(message.notices.channels),
                language=message.notices.language,
                contact=None,
            )

    def take_over(self, message: LegacyIntake, stamp: Stamp) -> Dossier:
        """Return the dossier of an older system, received as it stood there."""
        require(stamp.by, Step.CORRECTED)
        dossier = Dossier.new(legacy_code(message.code))
        dossier.receive(
            stamp,
            clock=self.clock_of("", 0, stamp.recorded_at),
            given=Promise(message.promised_at, given=True) if message.promised_at else None,
            channel=message.channel,
            offices=Offices(message.helped_at, message.received_at, message.decided_by),
            procedure=message.procedure,
            procedure_version=0,
            papers=(),
            way_of_return=message.way_of_return,
            applicant=None,
        )
        return dossier

    def _clock(self, procedure: str, version: int, day: date) -> Clock:
        try:
            rule = self._service.catalogue.version(procedure, version).rule
        except UnknownError:
            rule = _NO_TIME
        return Clock(rule, self._service.calendar.as_known(day))

    def _given(self, dossier: Dossier, message: Intake, stamp: Stamp) -> Promise | None:
        if message.promised_at is None:
            return None
        if message.promised_at < message.occurred_at:
            text = "The promised date lies before the intake."
            raise InvalidInputError(text)
        is_administrator = stamp.by.role is Role.ADMINISTRATOR
        code = DossierCode.parse(dossier.code)
        if not (is_administrator or self._codes.is_leased_to(code, stamp.by)):
            raise PromiseNotYoursError
        return Promise(message.promised_at, given=True)
