"""Decides on envelopes: what each one changes, or the error that refuses it.

The path of a command is straight: the handler reads what is needed into a unit of work, this file
decides, and the handler stores the unit of work. Nothing here reads a clock or writes.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from tracker.application.commands.dossier_loader import DossierLoader
from tracker.application.commands.envelope import (
    Accepted,
    CodeTakenError,
    Envelope,
    PersonalDataGoneError,
    RequestReusedError,
    UnknownDossierError,
    VersionConflictError,
)
from tracker.application.commands.intake import Intake, LegacyIntake
from tracker.application.commands.reception import Reception
from tracker.application.commands.step_context import StepCommand, StepContext
from tracker.application.commands.unit_of_work import PreparedIntake, UnitOfWork
from tracker.application.ports import Request, Seal, StoreUnavailableError, Vault
from tracker.application.recovery.key_loss import own_seal
from tracker.application.service import Service
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.values import Sealed
from tracker.domain.errors import TrackerError


class Decisions:
    """Decides on envelopes, one after the other, inside one unit of work."""

    def __init__(
        self, service: Service, reception: Reception, vault: Vault, loader: DossierLoader
    ) -> None:
        """Decide by the data of the service; `loader` reads dossiers that are not loaded yet."""
        self._service = service
        self._reception = reception
        self._vault = vault
        self._loader = loader

    def prepare_intakes(self, envelopes: Sequence[Envelope], work: UnitOfWork) -> None:
        """Prepare the intakes that get their code here; they share a dossier with no other.

        An intake that is refused is left out. `decide` raises its error in its turn.
        """
        # Codes are issued and applicants sealed in a loop each: alternating takes a processor
        # nearly twice as long.
        for envelope in envelopes:
            command, key = envelope.command, envelope.key
            if not isinstance(command, Intake) or command.code or key in work.earlier:
                continue
            if key not in work.begun:
                try:
                    work.begun[key] = self._prepare(envelope, command, work)
                except StoreUnavailableError:
                    raise
                except TrackerError:
                    continue
        for prepared in work.begun.values():
            self._seal_applicant(prepared, work)

    def decide(self, envelope: Envelope, digest: bytes, work: UnitOfWork) -> Accepted:
        """Add to the unit of work what this envelope changes, and return its answer.

        `digest` is that of the envelope's content. A repeated request returns the first answer.
        Raise the `TrackerError` that refuses the command.
        """
        done = work.earlier.get(envelope.key) or work.requests.get(envelope.key)
        if done:
            return self._repeated(envelope, digest, done, work)
        command = envelope.command
        match command:
            case Intake():
                dossier = self._take_in(envelope, command, work)
            case LegacyIntake():
                dossier = self._take_over(envelope, command, work)
            case StepCommand():
                dossier = self._take_step(envelope, command, work)
        work.dossiers[dossier.id] = dossier
        work.requests[envelope.key] = Request(envelope.key, digest, dossier.code, dossier.version)
        work.accepted[envelope.key] = Accepted.of(dossier)
        return work.accepted[envelope.key]

    def _repeated(
        self, envelope: Envelope, digest: bytes, done: Request, work: UnitOfWork
    ) -> Accepted:
        if not done.is_of(digest) and not done.is_of(
            self._vault.digest(envelope.content_of_version_0_1())
        ):
            raise RequestReusedError
        if envelope.key in work.accepted:
            return replace(work.accepted[envelope.key], duplicate=True)
        dossier = self._loader.load(done.code, done.version)
        if dossier is None:
            raise UnknownDossierError
        first = Accepted.of(dossier, position=done.position)
        return replace(first, duplicate=not self._is_ours(done, work))

    def _is_ours(self, done: Request, work: UnitOfWork) -> bool:
        """Return whether this call stored it, in an attempt whose outcome was unknown."""
        if done.key not in work.tried:
            return False
        event = self._loader.last_event_of(done)
        return event is not None and work.is_ours(done, event.recorded_at)

    def _take_in(self, envelope: Envelope, command: Intake, work: UnitOfWork) -> Dossier:
        prepared = work.begun.pop(envelope.key, None)
        if prepared is None:
            prepared = self._prepare(envelope, command, work)
            self._seal_applicant(prepared, work)
        self._reception.take_in(
            prepared.dossier, command, prepared.procedure, prepared.stamp, prepared.applicant
        )
        return prepared.dossier

    def _take_over(self, envelope: Envelope, command: LegacyIntake, work: UnitOfWork) -> Dossier:
        stamp = work.stamp(envelope)
        if self._find(command.code, work):
            raise CodeTakenError
        dossier = self._reception.take_over(command, stamp)
        self._new_seal(dossier.id, work)
        return dossier

    def _prepare(self, envelope: Envelope, command: Intake, work: UnitOfWork) -> PreparedIntake:
        stamp = work.stamp(envelope)
        dossier, procedure = self._reception.begin(
            command,
            stamp.by,
            self._service.local_day(stamp.occurred_at),
            lambda code: self._find(code, work),
            collided=work.is_repeated,
        )
        if envelope.if_version not in {None, dossier.version}:
            raise VersionConflictError(dossier.version)
        return PreparedIntake(command, stamp, dossier, procedure)

    def _take_step(self, envelope: Envelope, command: StepCommand, work: UnitOfWork) -> Dossier:
        stamp = work.stamp(envelope)
        dossier = self._find(command.code or "", work)
        if dossier is None:
            raise UnknownDossierError
        if envelope.if_version is not None and envelope.if_version != dossier.version:
            raise VersionConflictError(dossier.version)

        def seal_text(name: str, text: str) -> Sealed:
            return self._seal_of(dossier, work).seal(name, text)

        command.take(
            dossier,
            StepContext(
                stamp=stamp,
                seal_text=seal_text,
                clock=lambda: self._reception.clock_of(
                    dossier.procedure, dossier.procedure_version, stamp.recorded_at
                ),
                check_office=self._service.network.office,
                check_department=self._service.check_department,
                check_carrier=self._service.check_carrier,
            ),
        )
        return dossier

    def _find(self, code: str, work: UnitOfWork) -> Dossier | None:
        key = dossier_id(code)
        return work.dossiers.get(key) or work.loaded.get(key) or self._loader.load(code)

    def _seal_applicant(self, prepared: PreparedIntake, work: UnitOfWork) -> None:
        dossier = prepared.dossier
        seal = self._seal_of(dossier, work) if dossier.version else self._new_seal(dossier.id, work)
        prepared.applicant = seal.seal("applicant", prepared.command.applicant.as_text())

    def _new_seal(self, dossier: UUID, work: UnitOfWork) -> Seal:
        wrapped, seal = self._vault.new_key(dossier)
        work.new_keys[dossier] = wrapped
        work.seals[dossier] = seal
        return seal

    def _seal_of(self, dossier: Dossier, work: UnitOfWork) -> Seal:
        # The key was read before the dossier was: it may have been erased in between.
        if dossier.personal_data_erased:
            raise PersonalDataGoneError
        if dossier.id not in work.seals:
            wrapped = work.wrapped.get(dossier.id)
            work.seals[dossier.id] = own_seal(self._vault, dossier.id, wrapped)
        return work.seals[dossier.id]
