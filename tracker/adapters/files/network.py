"""Read the network from `offices.csv`, `partners.csv`, `collaborators.csv` and `timetable.csv`."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tracker.adapters.files.spans import each_after_the_longest
from tracker.adapters.files.tables import Problems, Row, Table, read_table, version_of
from tracker.domain.network.network import (
    KINDS_UNDER_A_BRANCH,
    Collaborator,
    Network,
    Office,
    OfficeKind,
    Partner,
    Stop,
)

OFFICE_COLUMNS = (
    "id",
    "kind",
    "name",
    "name_en",
    "parent",
    "partner",
    "agency",
    "phone",
    "address",
    "valid_from",
    "valid_to",
)
PARTNER_COLUMNS = ("id", "name", "carrier", "valid_from", "valid_to")
COLLABORATOR_COLUMNS = ("id", "team", "term_from", "term_to", "trained_on")
STOP_COLUMNS = ("office", "weekday", "on", "starts_at", "ends_at", "place")
WEEKDAYS = ("", "mon", "tue", "wed", "thu", "fri", "sat", "sun")

_AGENCY = re.compile(r"(?:[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.)?[A-Z][0-9]{2}(?:\.[0-9]{2})*")


def load_network(directory: Path) -> Network:
    """Return the network. Raise one `DataFilesError` with every fault of its four files."""
    problems = Problems()
    network = NetworkTables.read(directory, problems).network()
    problems.raise_if_any()
    return network


@dataclass(frozen=True)
class NetworkTables:
    """The four tables of the network before they are combined."""

    offices: Table
    partners: Table
    collaborators: Table
    timetable: Table
    problems: Problems

    @classmethod
    def read(cls, directory: Path, problems: Problems) -> Self:
        """Read the four files and note the faults in each."""
        return cls(
            read_table(directory / "offices.csv", OFFICE_COLUMNS, problems),
            read_table(directory / "partners.csv", PARTNER_COLUMNS, problems),
            read_table(directory / "collaborators.csv", COLLABORATOR_COLUMNS, problems),
            read_table(directory / "timetable.csv", STOP_COLUMNS, problems),
            problems,
        )

    def network(self) -> Network:
        """Return a network of the valid rows, and note faults between the tables."""
        for table in (self.offices, self.partners, self.collaborators):
            table.refuse_repeats("id")
        if self.offices.complete and not self.offices.rows:
            self.problems.note(self.offices.file, 1, "there is no office")
        offices = self.offices.built(_office)
        partners = self.partners.built(_partner)
        collaborators = self.collaborators.built(_collaborator)
        stops = self.timetable.built(_stop)
        for row, office in offices:
            self._check_parent(row, office)
            self._check_partner(row, office)
        for row, collaborator in collaborators:
            self.check_kind(row, "team", collaborator.team, OfficeKind.TEAM)
        for row, stop in stops:
            self.check_kind(row, "office", stop.office, OfficeKind.MOBILE)
        _refuse_two_places_at_once(stops)
        return Network(
            offices=(office for _, office in offices),
            partners=(partner for _, partner in partners),
            collaborators=(collaborator for _, collaborator in collaborators),
            timetable=(stop for _, stop in stops),
            version=version_of(
                (self.offices, self.partners, self.collaborators, self.timetable),
            ),
        )

    def check_kind(self, row: Row, column: str, office_id: str, kind: OfficeKind) -> None:
        """Note a fault of `row` unless `office_id` is an office of this kind."""
        if not self.offices.knows(id=office_id):
            row.fault(f"{column} {office_id} is not in {self.offices.file}")
            return
        kinds = {
            office.cells["kind"] for office in self.offices.rows if office.cells["id"] == office_id
        } & set(OfficeKind)
        if kinds and kind not in kinds:
            row.fault(f"{column} {office_id} is a {min(kinds)}, not a {kind}")

    def _check_parent(self, row: Row, office: Office) -> None:
        if office.kind not in KINDS_UNDER_A_BRANCH:
            if office.parent is not None:
                row.fault(f"a {office.kind} has no parent, but {office.parent} is given")
        elif office.parent is None:
            row.fault(f"a {office.kind} needs a branch as its parent")
        else:
            self.check_kind(row, "parent", office.parent, OfficeKind.BRANCH)

    def _check_partner(self, row: Row, office: Office) -> None:
        if office.kind is not OfficeKind.AGENT_POINT:
            if office.partner is not None:
                row.fault(f"a {office.kind} has no partner, but {office.partner} is given")
        elif office.partner is None:
            row.fault(f"an {office.kind} needs a partner")
        elif not self.partners.knows(id=office.partner):
            row.fault(f"partner {office.partner} is not in {self.partners.file}")


def _office(row: Row) -> Office:
    valid_from, valid_to = row.span("valid_from", "valid_to")
    agency = row.text("agency")
    if agency and not _AGENCY.fullmatch(agency):
        row.fault(f"agency {agency!r} is not like H26 or H26.05")
    return Office(
        id=row.id("id"),
        kind=row.word("kind", OfficeKind),
        name=row.text("name"),
        name_en=row.text("name_en"),
        parent=row.text_or_none("parent"),
        partner=row.text_or_none("partner"),
        agency=agency,
        phone=row.text("phone"),
        address=row.text_or_none("address"),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _partner(row: Row) -> Partner:
    valid_from, valid_to = row.span("valid_from", "valid_to")
    return Partner(
        id=row.id("id"),
        name=row.text("name"),
        carrier=row.yes("carrier"),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _collaborator(row: Row) -> Collaborator:
    term_from, term_to = row.span("term_from", "term_to")
    return Collaborator(
        id=row.id("id"),
        team=row.text("team"),
        term_from=term_from,
        term_to=term_to if term_to is not None else row.day("term_to"),
        trained_on=row.day_or_none("trained_on"),
    )


def _stop(row: Row) -> Stop:
    weekday = row.cells["weekday"]
    if weekday not in WEEKDAYS:
        row.fault(f"weekday {weekday!r} is none of {', '.join(WEEKDAYS[1:])}")
        weekday = ""
    return Stop(
        office=row.text("office"),
        weekday=WEEKDAYS.index(weekday) or None,
        on=row.day_or_none("on"),
        starts_at=row.clock("starts_at"),
        ends_at=row.clock("ends_at"),
        place=row.text("place"),
    )


def _refuse_two_places_at_once(stops: list[tuple[Row, Stop]]) -> None:
    for (before_row, before), (row, stop) in each_after_the_longest(
        stops,
        group=lambda stop: (stop.office, stop.on, stop.weekday),
        first=lambda stop: stop.starts_at,
        last=lambda stop: stop.ends_at,
    ):
        if stop.starts_at < before.ends_at:
            row.fault(f"{stop.office} is still at the stop of line {before_row.line}")
