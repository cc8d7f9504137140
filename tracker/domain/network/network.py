"""The network of offices that help with, receive and decide dossiers, with their dates.

A first day and a last day are both included; a last day of None means "until further notice".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from types import MappingProxyType

from tracker.domain.errors import InvalidInputError, RefusedError, UnknownError


class UnknownOfficeError(UnknownError):
    """There is no such office."""


class UnknownPartnerError(UnknownError):
    """There is no such partner."""


class UnknownCollaboratorError(UnknownError):
    """There is no such collaborator."""


class NotAReceptionPlaceError(RefusedError):
    """A department decides dossiers; it does not receive them."""


class OfficeKind(StrEnum):
    """The kind of an office."""

    DEPARTMENT = "department"
    BRANCH = "branch"
    POINT = "point"
    AGENT_POINT = "agent_point"
    TEAM = "team"
    KIOSK = "kiosk"
    MOBILE = "mobile"
    PORTAL = "portal"


class Channel(StrEnum):
    """One of the six channels through which a dossier arrives."""

    COUNTER = "counter"
    AGENT = "agent"
    COLLABORATOR = "collaborator"
    KIOSK = "kiosk"
    MOBILE = "mobile"
    ONLINE = "online"


_CHANNELS: Mapping[OfficeKind, Channel] = MappingProxyType(
    {
        OfficeKind.BRANCH: Channel.COUNTER,
        OfficeKind.POINT: Channel.COUNTER,
        OfficeKind.AGENT_POINT: Channel.AGENT,
        OfficeKind.TEAM: Channel.COLLABORATOR,
        OfficeKind.KIOSK: Channel.KIOSK,
        OfficeKind.MOBILE: Channel.MOBILE,
        OfficeKind.PORTAL: Channel.ONLINE,
    },
)

KINDS_UNDER_A_BRANCH = frozenset(
    {
        OfficeKind.POINT,
        OfficeKind.AGENT_POINT,
        OfficeKind.TEAM,
        OfficeKind.KIOSK,
        OfficeKind.MOBILE,
    },
)
"""The kinds with a branch as parent; the others have no parent."""


def channel_of(kind: OfficeKind) -> Channel:
    """Return the channel of a dossier received at an office of this kind.

    Raise NotAReceptionPlaceError for a department, which has none.
    """
    channel = _CHANNELS.get(kind)
    if channel is None:
        raise NotAReceptionPlaceError
    return channel


@dataclass(frozen=True)
class Office:
    """An office that helps, receives or decides; its codes begin with `agency` ("H26.05")."""

    id: str
    kind: OfficeKind
    name: str
    name_en: str
    parent: str | None
    partner: str | None
    agency: str
    phone: str
    address: str | None
    valid_from: date
    valid_to: date | None

    def exists_on(self, day: date) -> bool:
        """Return whether the office exists on `day`, regardless of its partner."""
        return _within(day, self.valid_from, self.valid_to)


@dataclass(frozen=True)
class Partner:
    """A company that runs agent points; a `carrier` also delivers results by post."""

    id: str
    name: str
    carrier: bool
    valid_from: date
    valid_to: date | None

    def exists_on(self, day: date) -> bool:
        """Return whether the partner works with the city on `day`."""
        return _within(day, self.valid_from, self.valid_to)


@dataclass(frozen=True)
class Collaborator:
    """A member of a ward's team, known only by a number, who serves for a term."""

    id: str
    team: str
    term_from: date
    term_to: date
    trained_on: date | None

    def serves_on(self, day: date) -> bool:
        """Return whether `day` lies in the term."""
        return _within(day, self.term_from, self.term_to)

    def is_trained_on(self, day: date) -> bool:
        """Return whether the collaborator was trained by `day`."""
        return self.trained_on is not None and self.trained_on <= day


@dataclass(frozen=True)
class Stop:
    """A stop of a mobile office: weekly on `weekday` (Monday is 1) or once on a date."""

    office: str
    weekday: int | None
    on: date | None
    starts_at: time
    ends_at: time
    place: str

    def __post_init__(self) -> None:
        """Raise InvalidInputError unless it has one day and ends after it starts."""
        if (self.weekday is None) == (self.on is None):
            message = "a stop has either a weekday or a date"
            raise InvalidInputError(message)
        if self.ends_at <= self.starts_at:
            message = f"ends_at {self.ends_at:%H:%M} is not after starts_at {self.starts_at:%H:%M}"
            raise InvalidInputError(message)


class Network:
    """All offices, partners and collaborators of one version of the data."""

    def __init__(
        self,
        *,
        offices: Iterable[Office],
        partners: Iterable[Partner],
        collaborators: Iterable[Collaborator],
        timetable: Iterable[Stop],
        version: str,
    ) -> None:
        """Store the data; `version` is the digest of the files it was read from."""
        self.offices: Mapping[str, Office] = MappingProxyType(
            {office.id: office for office in offices}
        )
        self.partners: Mapping[str, Partner] = MappingProxyType(
            {partner.id: partner for partner in partners}
        )
        self.collaborators: Mapping[str, Collaborator] = MappingProxyType(
            {collaborator.id: collaborator for collaborator in collaborators},
        )
        self.timetable = tuple(timetable)
        self.version = version

    def office(self, office_id: str) -> Office:
        """Return the office, or raise UnknownOfficeError."""
        try:
            return self.offices[office_id]
        except KeyError:
            raise UnknownOfficeError from None

    def public_face(self, office_id: str) -> Office | None:
        """Return the office that the public may see: the branch above, if there is one.

        The exact agent point or kiosk could reveal where a person lives or shops. Return `None` for
        an unknown office.
        """
        office = self.offices.get(office_id)
        if office and office.kind in KINDS_UNDER_A_BRANCH and office.parent:
            return self.offices.get(office.parent)
        return office

    def partner(self, partner_id: str) -> Partner:
        """Return the partner, or raise UnknownPartnerError."""
        try:
            return self.partners[partner_id]
        except KeyError:
            raise UnknownPartnerError from None

    def collaborator(self, collaborator_id: str) -> Collaborator:
        """Return the collaborator, or raise UnknownCollaboratorError."""
        try:
            return self.collaborators[collaborator_id]
        except KeyError:
            raise UnknownCollaboratorError from None

    def partner_of(self, office: Office) -> Partner | None:
        """Return the partner that runs this agent point; None for any other office."""
        return None if office.partner is None else self.partner(office.partner)

    def partner_id_of(self, office_id: str) -> str:
        """Return the id of the partner that runs this office; empty if there is none."""
        office = self.offices.get(office_id)
        return (office.partner if office else None) or ""

    def is_open(self, office_id: str, day: date) -> bool:
        """Return whether the office and its partner exist on `day`.

        Office hours and the timetable of a mobile office do not matter.
        """
        office = self.office(office_id)
        partner = self.partner_of(office)
        return office.exists_on(day) and (partner is None or partner.exists_on(day))

    def stops(self, office_id: str, day: date) -> tuple[Stop, ...]:
        """Return the stops of a mobile office on `day`, earliest first.

        Stops for the exact date replace the weekly stops.
        """
        office = self.office(office_id)
        own_stops = [stop for stop in self.timetable if stop.office == office.id]
        dated = [stop for stop in own_stops if stop.on == day]
        weekly = [stop for stop in own_stops if stop.weekday == day.isoweekday()]
        return tuple(sorted(dated or weekly, key=lambda stop: stop.starts_at))


def _within(day: date, first: date, last: date | None) -> bool:
    return first <= day and (last is None or day <= last)
