"""The only writer: it carries posts out, all that wait in one transaction."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import (
    ConnectionPoolClosedError,
    IntegrityError,
    Mapper,
    PersistenceError,
)

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
from tracker.application.commands.unit_of_work import PreparedIntake, Tried, UnitOfWork
from tracker.application.ports import (
    DossierRecorder,
    OutcomeUnknownError,
    Request,
    RequestKey,
    Seal,
    StoreUnavailableError,
    Vault,
)
from tracker.application.recovery.key_loss import own_seal
from tracker.application.recovery.store_past import StorePast
from tracker.application.service import Service
from tracker.domain.dossier.actors import Actor
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.values import Sealed, Stamp
from tracker.domain.errors import ConflictError, TrackerError
from tracker.serialization import EventMapper, decode_for_replay, to_stored

__all__ = ["PersonalDataGoneError", "StoreUnavailableError", "Tracker"]

_ATTEMPTS = 3
_STORE_ERRORS = (PersistenceError, ConnectionPoolClosedError)


class Tracker(Application[UUID]):
    """Carries out what offices, devices, partners and carriers post."""

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
        """Open the store that `env` names in the library's own variables.

        `past` tells whether it may be written. `stored` is called after every commit.
        """
        self._stored = stored
        self.past = past
        self._service = service
        self._reception = reception
        self._vault = vault
        self._now = now
        self._last_recorded_at = datetime.min.replace(tzinfo=UTC)
        super().__init__(env)

    def construct_mapper(self) -> Mapper[UUID]:
        """Store our own bytes."""
        return EventMapper()

    @property
    def store(self) -> DossierRecorder:
        """The recorder, by what we need of it."""
        return cast("DossierRecorder", self.recorder)

    # ----------------------------------------------------------------- writing

    def post(self, post: Envelope) -> Accepted:
        """Carry one post out. Raise the `TrackerError` that stands against it."""
        result = self.handle([post])[0]
        if isinstance(result, TrackerError):
            raise result
        return result

    def last_event_of(self, key: RequestKey) -> Event | None:
        """Return the last event that a request led to, if it was carried out."""
        done = self.store.select_requests([key]).get(key)
        if done is None:
            return None
        events = self.events.get(dossier_id(done.code), gt=done.version - 1, lte=done.version)
        return cast("Event", next(iter(events)))

    def erase_personal_data(self, actor: Actor, code: str, *, event_id: str, basis: str) -> int:
        """Destroy the dossier's key and record it; give the event's position.

        Raise `UnknownDossierError`, `NotAllowedError`, `StepNotAllowedError`, or what `handle`
        raises; the same `event_id` again gives the same answer.
        """
        digest = self._vault.digest(f"erase\n{dossier_id(code)}\n{basis}".encode())
        try:
            for _ in range(_ATTEMPTS):
                with suppress(IntegrityError):
                    return self._erase(actor, code, (actor.id, event_id), digest, basis)
        except _STORE_ERRORS as error:
            raise StoreUnavailableError from error
        dossier = self._load(code)
        raise VersionConflictError(dossier.version if dossier else 0)

    def _erase(self, actor: Actor, code: str, key: RequestKey, digest: bytes, basis: str) -> int:
        done = self.store.select_requests([key]).get(key)
        if done:
            if not done.is_of(digest):
                raise RequestReusedError
            return done.position
        dossier = self._load(code)
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
            forgotten=[(one.source, one.event_id) for one in self._events_of(dossier.id)],
        )
        return self._save(work)[dossier.code, dossier.version]

    def handle(self, posts: Sequence[Envelope]) -> list[Accepted | TrackerError]:
        """Carry posts out in one transaction; one that fails does not touch its neighbours.

        Gives for each, in order, what was stored or the error against it. What is answered
        `Accepted` is on disk. Raise `StoreUnavailableError` when nothing could be stored.
        """
        try:
            return self._handle(posts, _ATTEMPTS, {})
        except _STORE_ERRORS as error:
            raise StoreUnavailableError from error

    def _handle(
        self, posts: Sequence[Envelope], attempts: int, tried: Tried
    ) -> list[Accepted | TrackerError]:
        seen = self.past.begin()
        earlier = self.store.select_requests([post.key for post in posts])
        named = {dossier_id(post.message.code) for post in posts if post.message.code}
        work = UnitOfWork(
            recorded_at=self._tick(),
            seen=seen,
            earlier=earlier,
            tried=tried,
            wrapped=self.store.select_keys([*named]) if named else {},
            loaded=self._load_all([*named]) if named else {},
            is_repeated=attempts < _ATTEMPTS,
        )
        # What calls for the same code again and again is done to all posts at a stretch: in turn
        # with all the rest it takes a processor nearly twice as long.
        digests = [self._vault.digest(post.content()) for post in posts]
        self._begin_all(posts, work)
        results: list[Accepted | TrackerError] = []
        for post, digest in zip(posts, digests, strict=True):
            try:
                results.append(self._carry_out(post, digest, work))
            except StoreUnavailableError:
                raise
            except TrackerError as error:
                # What was loaded may have been touched before the error: whoever comes next
                # for this dossier looks into the store again.
                work.loaded.pop(dossier_id(post.message.code or ""), None)
                results.append(error)
        if not work.requests:
            return results
        try:
            positions = self._save(work)
        except OutcomeUnknownError:
            if attempts > 1:
                return self._handle(posts, attempts - 1, work.now_tried())
            raise
        except IntegrityError:
            if len(posts) > 1:
                return [self._handle([post], attempts, tried)[0] for post in posts]
            if attempts > 1:
                return self._handle(posts, attempts - 1, tried)
            return [self._conflict(posts[0])]
        return [
            result.at(positions[result.code, result.version])
            if isinstance(result, Accepted) and not result.position
            else result
            for result in results
        ]

    def _begin_all(self, posts: Sequence[Envelope], work: UnitOfWork) -> None:
        """Begin the intakes that are given their code here: they touch no other post's dossier.

        What something stands against is left out, and told so in its turn.
        """
        for post in posts:
            message, key = post.message, post.key
            if not isinstance(message, Intake) or message.code or key in work.earlier:
                continue
            if key not in work.begun:
                try:
                    work.begun[key] = self._begin(post, message, work)
                except StoreUnavailableError:
                    raise
                except TrackerError:
                    continue
        for begun in work.begun.values():
            self._seal_applicant(begun, work)

    def _carry_out(self, post: Envelope, digest: bytes, work: UnitOfWork) -> Accepted:
        done = work.earlier.get(post.key) or work.requests.get(post.key)
        if done:
            if not done.is_of(digest) and not done.is_of(
                self._vault.digest(post.content_of_version_0_1())
            ):
                raise RequestReusedError
            if post.key in work.accepted:
                return replace(work.accepted[post.key], duplicate=True)
            return replace(self._first_answer(done), duplicate=not self._is_ours(done, work))
        message = post.message
        match message:
            case Intake():
                dossier = self._take_in(post, message, work)
            case LegacyIntake():
                stamp = work.stamp(post)
                if self._find(message.code, work):
                    raise CodeTakenError
                dossier = self._reception.take_over(message, stamp)
                self._new_seal(dossier.id, work)
            case StepCommand():
                dossier = self._take_step(post, message, work)
        work.dossiers[dossier.id] = dossier
        work.requests[post.key] = Request(post.key, digest, dossier.code, dossier.version)
        work.accepted[post.key] = Accepted.of(dossier)
        return work.accepted[post.key]

    def _take_in(self, post: Envelope, message: Intake, work: UnitOfWork) -> Dossier:
        begun = work.begun.pop(post.key, None)
        if begun is None:
            begun = self._begin(post, message, work)
            self._seal_applicant(begun, work)
        self._reception.take_in(
            begun.dossier, message, begun.procedure, begun.stamp, begun.applicant
        )
        return begun.dossier

    def _begin(self, post: Envelope, message: Intake, work: UnitOfWork) -> PreparedIntake:
        stamp = work.stamp(post)
        day = self._service.local_day(stamp.occurred_at)
        dossier, procedure = self._reception.begin(
            message,
            stamp.by,
            day,
            lambda code: self._find(code, work),
            collided=work.is_repeated,
        )
        if post.if_version not in {None, dossier.version}:
            raise VersionConflictError(dossier.version)
        return PreparedIntake(message, stamp, dossier, procedure)

    def _seal_applicant(self, begun: PreparedIntake, work: UnitOfWork) -> None:
        dossier = begun.dossier
        seal = self._seal_of(dossier, work) if dossier.version else self._new_seal(dossier.id, work)
        begun.applicant = seal.seal("applicant", begun.message.applicant.as_text())

    def _take_step(self, post: Envelope, message: StepCommand, work: UnitOfWork) -> Dossier:
        stamp = work.stamp(post)
        dossier = self._find(message.code or "", work)
        if dossier is None:
            raise UnknownDossierError
        if post.if_version is not None and post.if_version != dossier.version:
            raise VersionConflictError(dossier.version)

        def seal_text(name: str, text: str) -> Sealed:
            return self._seal_of(dossier, work).seal(name, text)

        message.take(
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
        there = dossier_id(code)
        return work.dossiers.get(there) or work.loaded.get(there) or self._load(code)

    def _load_all(self, dossier_ids: Sequence[UUID]) -> dict[UUID, Dossier]:
        """Load many dossiers at once; what is not there is left out."""
        # Reading and folding, too, are done at a stretch.
        histories = {
            one: [decode_for_replay(topic, state) for topic, state in history]
            for one, history in self.store.select_histories(dossier_ids).items()
        }
        loaded = {one: Dossier.replay(None, history) for one, history in histories.items()}
        return {one: dossier for one, dossier in loaded.items() if dossier}

    def _load(self, code: str, version: int | None = None) -> Dossier | None:
        try:
            dossier: Dossier = self.repository.get(
                dossier_id(code), version=version, projector_func=_replay
            )
        except AggregateNotFoundError:
            return None
        return dossier

    def _events_of(self, dossier: UUID) -> Iterator[Event]:
        return (cast("Event", event) for event in self.events.get(dossier))

    def _first_answer(self, done: Request) -> Accepted:
        dossier = self._load(done.code, done.version)
        if dossier is None:
            raise UnknownDossierError
        return Accepted.of(dossier, position=done.position)

    def _is_ours(self, done: Request, work: UnitOfWork) -> bool:
        """Return whether this call stored it, in an attempt whose outcome was unknown."""
        if done.key not in work.tried:
            return False
        events = self.events.get(dossier_id(done.code), gt=done.version - 1, lte=done.version)
        return any(work.is_ours(done, cast("Event", event).recorded_at) for event in events)

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

    def _save(self, work: UnitOfWork) -> dict[tuple[str, int], int]:
        """Store it and give the position of each event, by its code and version.

        The library's own `save` does the same by way of eight objects an event.
        """
        events = [
            cast("Event", event)
            for dossier in work.dossiers.values()
            for event in dossier.collect_events()
        ]
        positions = self.store.insert_events(
            [to_stored(event) for event in events],
            requests=tuple(work.requests.values()),
            new_keys={one: key for one, key in work.new_keys.items() if one in work.dossiers},
            erased_keys=work.erased,
            forgotten=work.forgotten,
        )
        self.past.stored(work.seen, positions or ())
        self._stored()
        return {
            (event.code, event.originator_version): position
            for event, position in zip(events, positions or (), strict=True)
        }

    def _conflict(self, post: Envelope) -> ConflictError:
        code = post.message.code
        dossier = self._load(code) if code else None
        return VersionConflictError(dossier.version) if dossier else CodeTakenError()

    def _tick(self) -> datetime:
        self._last_recorded_at = max(self._last_recorded_at, self._now().astimezone(UTC))
        return self._last_recorded_at


def _replay(dossier: Dossier | None, events: Iterable[Event]) -> Dossier | None:
    return Dossier.replay(dossier, events)
