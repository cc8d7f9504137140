"""The only writer: it carries out commands, as many as wait in one transaction.

A command takes one straight path: `handle` reads what is needed into a unit of work, `Decisions`
decides on each envelope, and the unit of work is stored.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import (
    ConnectionPoolClosedError,
    IntegrityError,
    Mapper,
    PersistenceError,
)

from tracker.application.commands.decisions import Decisions
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
from tracker.application.commands.reception import Reception
from tracker.application.commands.unit_of_work import Tried, UnitOfWork
from tracker.application.ports import (
    DossierRecorder,
    OutcomeUnknownError,
    Request,
    RequestKey,
    StoreUnavailableError,
    Vault,
)
from tracker.application.recovery.store_past import StorePast
from tracker.application.service import Service
from tracker.domain.dossier.actors import Actor
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.values import Stamp
from tracker.domain.errors import ConflictError, TrackerError
from tracker.serialization import EventMapper, to_stored

__all__ = ["PersonalDataGoneError", "StoreUnavailableError", "Tracker"]

_ATTEMPTS = 3
_STORE_ERRORS = (PersistenceError, ConnectionPoolClosedError)


class Tracker(Application[UUID]):
    """Carries out the commands of offices, devices, partners and carriers."""

    def __init__(
        self,
        env: Mapping[str, str],
        *,
        service: Service,
        reception: Reception,
        vault: Vault,
        now: Callable[[], datetime],
        past: StorePast,
        stored: Callable[[], None] = lambda: None,
    ) -> None:
        """Open the store that `env` names in the variables of the library.

        `past` checks that the store may be written. `stored` is called after every commit.
        """
        self._stored = stored
        self.past = past
        self._vault = vault
        self._now = now
        self._last_recorded_at = datetime.min.replace(tzinfo=UTC)
        super().__init__(env)
        self._loader = DossierLoader(self, self.store)
        self._decisions = Decisions(service, reception, vault, self._loader)

    def construct_mapper(self) -> Mapper[UUID]:
        """Return the mapper that stores our own bytes."""
        return EventMapper()

    @property
    def store(self) -> DossierRecorder:
        """The recorder, with the methods that it adds to those of the library."""
        return cast("DossierRecorder", self.recorder)

    def post(self, envelope: Envelope) -> Accepted:
        """Carry out one command. Raise the `TrackerError` that refuses it."""
        result = self.handle([envelope])[0]
        if isinstance(result, TrackerError):
            raise result
        return result

    def last_event_of(self, key: RequestKey) -> Event | None:
        """Return the last event that a request led to, or `None` if it was not carried out."""
        done = self.store.select_requests([key]).get(key)
        return self._loader.last_event_of(done) if done else None

    def erase_personal_data(self, actor: Actor, code: str, *, event_id: str, basis: str) -> int:
        """Destroy the key of the dossier, record it, and return the position of the event.

        The same `event_id` again returns the same answer. Raise `UnknownDossierError`,
        `NotAllowedError`, `StepNotAllowedError`, or what `handle` raises.
        """
        digest = self._vault.digest(f"erase\n{dossier_id(code)}\n{basis}".encode())
        try:
            for _ in range(_ATTEMPTS):
                with suppress(IntegrityError):
                    return self._erase(actor, code, (actor.id, event_id), digest, basis)
        except _STORE_ERRORS as error:
            raise StoreUnavailableError from error
        dossier = self._loader.load(code)
        raise VersionConflictError(dossier.version if dossier else 0)

    def _erase(self, actor: Actor, code: str, key: RequestKey, digest: bytes, basis: str) -> int:
        done = self.store.select_requests([key]).get(key)
        if done:
            if not done.is_of(digest):
                raise RequestReusedError
            return done.position
        dossier = self._loader.load(code)
        if dossier is None:
            raise UnknownDossierError
        seen = self.past.begin()
        now = self._tick()
        dossier.erase_personal_data(Stamp(now, now, actor, actor.id, key[1]), basis=basis)
        request = Request(key, digest, dossier.code, dossier.version)
        work = UnitOfWork(
            now,
            seen=seen,
            earlier={},
            wrapped={},
            dossiers={dossier.id: dossier},
            requests={key: request},
            erased=[dossier.id],
            forgotten=[
                (event.source, event.event_id) for event in self._loader.events_of(dossier.id)
            ],
        )
        return self._save(work)[dossier.code, dossier.version]

    def handle(self, envelopes: Sequence[Envelope]) -> list[Accepted | TrackerError]:
        """Carry out commands in one transaction; a refused one does not affect the others.

        Return for each, in order, its answer or the error that refuses it. An `Accepted` command
        is on disk. Raise `StoreUnavailableError` if nothing could be stored.
        """
        try:
            return self._handle(envelopes, _ATTEMPTS, {})
        except _STORE_ERRORS as error:
            raise StoreUnavailableError from error

    def _handle(
        self, envelopes: Sequence[Envelope], attempts: int, tried: Tried
    ) -> list[Accepted | TrackerError]:
        seen = self.past.begin()
        earlier = self.store.select_requests([envelope.key for envelope in envelopes])
        named = {
            dossier_id(envelope.command.code) for envelope in envelopes if envelope.command.code
        }
        work = UnitOfWork(
            recorded_at=self._tick(),
            seen=seen,
            earlier=earlier,
            tried=tried,
            wrapped=self.store.select_keys([*named]) if named else {},
            loaded=self._loader.load_all([*named]) if named else {},
            is_repeated=attempts < _ATTEMPTS,
        )
        # All digests are computed in one loop: alternating with other work takes a processor
        # nearly twice as long.
        digests = [self._vault.digest(envelope.content()) for envelope in envelopes]
        self._decisions.prepare_intakes(envelopes, work)
        results: list[Accepted | TrackerError] = []
        for envelope, digest in zip(envelopes, digests, strict=True):
            try:
                results.append(self._decisions.decide(envelope, digest, work))
            except StoreUnavailableError:
                raise
            except TrackerError as error:
                # The loaded dossier may have changed before the error. The next command for it
                # loads it again.
                work.loaded.pop(dossier_id(envelope.command.code or ""), None)
                results.append(error)
        if not work.requests:
            return results
        try:
            positions = self._save(work)
        except OutcomeUnknownError:
            if attempts > 1:
                return self._handle(envelopes, attempts - 1, work.now_tried())
            raise
        except IntegrityError:
            if len(envelopes) > 1:
                return [self._handle([envelope], attempts, tried)[0] for envelope in envelopes]
            if attempts > 1:
                return self._handle(envelopes, attempts - 1, tried)
            return [self._conflict(envelopes[0])]
        return [
            result.at(positions[result.code, result.version])
            if isinstance(result, Accepted) and not result.position
            else result
            for result in results
        ]

    def _save(self, work: UnitOfWork) -> dict[tuple[str, int], int]:
        """Store the unit of work; return the position of each event by its code and version.

        The `save` of the library does the same and creates eight objects for each event.
        """
        events = [
            cast("Event", event)
            for dossier in work.dossiers.values()
            for event in dossier.collect_events()
        ]
        positions = self.store.insert_events(
            [to_stored(event) for event in events],
            requests=tuple(work.requests.values()),
            new_keys={
                dossier: key for dossier, key in work.new_keys.items() if dossier in work.dossiers
            },
            erased_keys=work.erased,
            forgotten=work.forgotten,
        )
        self.past.stored(work.seen, positions or ())
        self._stored()
        return {
            (event.code, event.originator_version): position
            for event, position in zip(events, positions or (), strict=True)
        }

    def _conflict(self, envelope: Envelope) -> ConflictError:
        code = envelope.command.code
        dossier = self._loader.load(code) if code else None
        return VersionConflictError(dossier.version) if dossier else CodeTakenError()

    def _tick(self) -> datetime:
        self._last_recorded_at = max(self._last_recorded_at, self._now().astimezone(UTC))
        return self._last_recorded_at
