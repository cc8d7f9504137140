"""Decides on intakes: who may take in, where, with which code and promised date."""

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
    """A sender takes dossiers in at its own office only."""


class NotThisCollaboratorError(NotAllowedError):
    """A collaborator takes dossiers in under their own name only."""


class PromiseNotYoursError(InvalidInputError):
    """A device sends a promised date only with a code from a block that it leased."""


class Reception:
    """Decides on intake commands."""

    def __init__(self, service: Service, codes: CodeAllocator) -> None:
        """Decide by the data of the service; `codes` issues codes."""
        self._service = service
        self._codes = codes
        self._day_of = lru_cache(maxsize=64)(service.local_day)
        self._clock_known = lru_cache(maxsize=1024)(self._clock)
        # The network and the catalogue do not change while the process runs.
        self._admitted = lru_cache(maxsize=4096)(
            partial(check_admission, service.network, service.catalogue)
        )

    def clock_of(self, procedure: str, version: int, at: datetime) -> Clock:
        """Return the clock of a version of a procedure, on the calendar known at `at`.

        An unknown procedure or version has no processing time.
        """
        return self._clock_known(procedure, version, self._day_of(at))

    def begin(
        self,
        command: Intake,
        actor: Actor,
        day: date,
        find: Callable[[str], Dossier | None],
        *,
        collided: bool,
    ) -> tuple[Dossier, ProcedureVersion]:
        """Return the dossier to take in and its procedure; a submitted dossier exists already.

        `find` returns the dossier with a code, or `None`. If `collided`, an issued code was taken
        already, so each code is looked up first. Raise `NotAllowedError` or `RefusedError`.
        """
        require(actor, Step(command.step))
        office = self._service.network.office(command.received_at or actor.office)
        if office.id != actor.office and actor.role not in {Role.ADMINISTRATOR, Role.PORTAL}:
            raise WrongPlaceError
        collaborator = command.collaborator
        if actor.role is Role.COLLABORATOR:
            if collaborator not in {None, actor.id}:
                raise NotThisCollaboratorError
            collaborator = actor.id
        procedure = self._admitted(
            office_id=office.id,
            collaborator_id=collaborator,
            procedure_code=command.procedure,
            on=day,
        )
        if command.code is None:
            issued = self._codes.next_code(office.agency, day)
            while collided and find(issued.text):
                issued = self._codes.next_code(office.agency, day)
            return Dossier.new(issued.text), procedure
        code = DossierCode.parse(command.code)
        submitted = find(code.text)
        if submitted is None:
            self._codes.check_own(code, actor)
            return Dossier.new(code.text), procedure
        if submitted.progress.stage is not Stage.SUBMITTED:
            raise CodeTakenError
        return submitted, procedure

    def take_in(
        self,
        dossier: Dossier,
        command: Intake,
        procedure: ProcedureVersion,
        stamp: Stamp,
        applicant: Sealed,
    ) -> None:
        """Submit or receive the dossier, as the command says."""
        received_at = command.received_at or stamp.by.office
        helped_at = command.helped_at or dossier.offices.helped_at or received_at
        network = self._service.network
        network.office(helped_at)
        intake: dict[str, Any] = {
            # A dossier that was submitted on one channel keeps it when a desk receives it.
            "channel": dossier.channel or channel_of(network.office(received_at).kind).value,
            "offices": Offices(helped_at, received_at, procedure.decided_by),
            "procedure": procedure.code,
            "procedure_version": procedure.version,
            "papers": as_papers(command.papers),
            "way_of_return": command.way_of_return,
            "applicant": applicant,
        }
        if command.step == "submitted":
            dossier.submit(stamp, **intake)
        else:
            clock = self.clock_of(procedure.code, procedure.version, stamp.recorded_at)
            given = self._given(dossier, command, stamp)
            if given:
                clock.require_reach(given.due_at)
            dossier.receive(stamp, clock=clock, given=given, **intake)
        if command.notices:
            dossier.agree_to_notices(
                stamp,
                channels=as_channels(command.notices.channels),
                language=command.notices.language,
                contact=None,
            )

    def take_over(self, command: LegacyIntake, stamp: Stamp) -> Dossier:
        """Return a dossier of an older system, with the state that it had there."""
        require(stamp.by, Step.CORRECTED)
        dossier = Dossier.new(legacy_code(command.code))
        dossier.receive(
            stamp,
            clock=self.clock_of("", 0, stamp.recorded_at),
            given=Promise(command.promised_at, given=True) if command.promised_at else None,
            channel=command.channel,
            offices=Offices(command.helped_at, command.received_at, command.decided_by),
            procedure=command.procedure,
            procedure_version=0,
            papers=(),
            way_of_return=command.way_of_return,
            applicant=None,
        )
        return dossier

    def _clock(self, procedure: str, version: int, day: date) -> Clock:
        try:
            rule = self._service.catalogue.version(procedure, version).rule
        except UnknownError:
            rule = _NO_TIME
        return Clock(rule, self._service.calendar.as_known(day))

    def _given(self, dossier: Dossier, command: Intake, stamp: Stamp) -> Promise | None:
        if command.promised_at is None:
            return None
        if command.promised_at < command.occurred_at:
            text = "The promised date lies before the intake."
            raise InvalidInputError(text)
        is_administrator = stamp.by.role is Role.ADMINISTRATOR
        code = DossierCode.parse(dossier.code)
        if not (is_administrator or self._codes.is_leased_to(code, stamp.by)):
            raise PromiseNotYoursError
        return Promise(command.promised_at, given=True)
