"""Places, people and times that the service data allow in the demo."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from tracker.application.service import Service
from tracker.domain.deadlines.time_rules import OfficeHours
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.postal import s10_check_digit
from tracker.domain.errors import RefusedError
from tracker.domain.network.admission import check_admission
from tracker.domain.network.network import Channel, Office, OfficeKind, channel_of
from tracker.domain.network.procedures import ProcedureVersion

_HOURS = OfficeHours()
_WEIGHTS = {
    Channel.COUNTER: 42,
    Channel.AGENT: 18,
    Channel.ONLINE: 18,
    Channel.COLLABORATOR: 10,
    Channel.KIOSK: 6,
    Channel.MOBILE: 6,
}
_ROLES = {
    OfficeKind.AGENT_POINT: Role.AGENT,
    OfficeKind.TEAM: Role.COLLABORATOR,
    OfficeKind.KIOSK: Role.KIOSK,
    OfficeKind.PORTAL: Role.PORTAL,
}
_S10_OF_TEN = 9
_DAYTIME = range(7, 21)
"""The hours at which people are awake."""


@dataclass(frozen=True)
class Intake:
    """A possible intake: its time, actor, office and procedure."""

    at: datetime
    actor: Actor
    office: Office
    procedure: ProcedureVersion


class Town:
    """Choose offices, people and times from the service data."""

    def __init__(self, service: Service, rng: Random) -> None:
        """Choose with this random generator."""
        self._service = service
        self._rng = rng
        self._zone = service.calendar.zone

    def intake(self, about: datetime) -> Intake | None:
        """Return a random intake near this time that the rules allow; `None` if none was found."""
        channel = self._rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        at = self._hour(about, channel)
        day = self._service.local_day(at)
        offices = [
            office
            for office in self._service.network.offices.values()
            if office.kind is not OfficeKind.DEPARTMENT
            and channel_of(office.kind) is channel
            and self._service.network.is_open(office.id, day)
        ]
        if channel is Channel.MOBILE:
            offices = [one for one in offices if self._service.network.stops(one.id, day)]
        if not offices:
            return None
        office = self._rng.choice(offices)
        if channel is Channel.MOBILE:
            stop = self._rng.choice(self._service.network.stops(office.id, day))
            at = self._between(day, stop.starts_at, stop.ends_at)
        actor = self._actor_at(office, day)
        procedure = self._procedure(office, actor, day) if actor else None
        return Intake(at, actor, office, procedure) if actor and procedure else None

    def staff(self, office_id: str) -> Actor:
        """Return a clerk of this office."""
        return Actor(Role.STAFF, f"demo-staff-{office_id.lower()}", office_id)

    def desk(self, day: date) -> Actor:
        """Return a clerk of any branch that is open."""
        branches = [one for one in self._of_kind(OfficeKind.BRANCH) if one.exists_on(day)]
        return self.staff(self._rng.choice(branches).id)

    def portal(self) -> Actor:
        """Return the portal."""
        return Actor(Role.PORTAL, "demo-portal", self._of_kind(OfficeKind.PORTAL)[0].id)

    def carrier(self, day: date) -> Actor:
        """Return a carrier that works on this day."""
        partners = [
            one
            for one in self._service.network.partners.values()
            if one.carrier and one.exists_on(day)
        ]
        partner = self._rng.choice(partners).id
        return Actor(Role.CARRIER, f"demo-carrier-{partner.lower()}", partner=partner)

    def another_department(self, but: str) -> str:
        """Return a department that is not this one."""
        others = [one.id for one in self._of_kind(OfficeKind.DEPARTMENT) if one.id != but]
        return self._rng.choice(others)

    def parcel_number(self) -> str:
        """Return a parcel number: mostly a valid S10 number, sometimes a carrier's number."""
        serial = f"{self._rng.randrange(10**8):08d}"
        if self._rng.randint(1, 10) > _S10_OF_TEN:
            return f"DEMO{serial}"
        return f"R{self._rng.choice('ABCDR')}{serial}{s10_check_digit(serial)}VN"

    def at_desk(self, moment: datetime) -> datetime:
        """Return this moment if the desks are open, else one soon after they open."""
        local = moment.astimezone(self._zone)
        day, calendar = local.date(), self._service.calendar
        if calendar.is_working(day):
            for opens, closes in _HOURS.sessions:
                if local.time() < opens:
                    return self._soon(day, opens)
                if local.time() < closes:
                    return local
        return self._soon(calendar.next_working_day(day), _HOURS.opens)

    def by_day(self, moment: datetime) -> datetime:
        """Return this moment if it is in the daytime, else one in the next morning."""
        local = moment.astimezone(self._zone)
        if _DAYTIME.start <= local.hour < _DAYTIME.stop:
            return local
        day = local.date() + timedelta(days=local.hour >= _DAYTIME.stop)
        return self._soon(day, time(_DAYTIME.start))

    def closing(self, moment: datetime, days: int) -> datetime:
        """Return the closing time this number of working days after a moment."""
        day = self._service.calendar.add_working_days(self._service.local_day(moment), days)
        return datetime.combine(day, _HOURS.closes, self._zone)

    def _hour(self, about: datetime, channel: Channel) -> datetime:
        if channel in {Channel.COUNTER, Channel.AGENT}:
            return self.at_desk(about)
        return self._between(self._service.local_day(about), time(7), time(21))

    def _between(self, day: date, first: time, last: time) -> datetime:
        start, end = (datetime.combine(day, one, self._zone) for one in (first, last))
        return start + (end - start) * self._rng.random()

    def _soon(self, day: date, opens: time) -> datetime:
        opening = datetime.combine(day, opens, self._zone)
        return opening + timedelta(minutes=self._rng.randint(1, 100), seconds=self._rng.random())

    def _actor_at(self, office: Office, day: date) -> Actor | None:
        role = _ROLES.get(office.kind, Role.STAFF)
        if role is not Role.COLLABORATOR:
            return Actor(role, f"demo-{role}-{office.id.lower()}", office.id, office.partner or "")
        members = [
            one.id
            for one in self._service.network.collaborators.values()
            if one.team == office.id and one.serves_on(day) and one.is_trained_on(day)
        ]
        return Actor(role, self._rng.choice(members), office.id) if members else None

    def _procedure(self, office: Office, actor: Actor, day: date) -> ProcedureVersion | None:
        open_here: list[ProcedureVersion] = []
        for one in self._service.catalogue.in_force_on(day):
            try:
                check_admission(
                    self._service.network,
                    self._service.catalogue,
                    office_id=office.id,
                    collaborator_id=actor.id if actor.role is Role.COLLABORATOR else None,
                    procedure_code=one.code,
                    on=day,
                )
            except RefusedError:
                continue
            open_here.append(one)
        return self._rng.choice(open_here) if open_here else None

    def _of_kind(self, kind: OfficeKind) -> Sequence[Office]:
        return [one for one in self._service.network.offices.values() if one.kind is kind]
