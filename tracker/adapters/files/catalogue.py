"""Read the catalogue from `procedures.csv`, `papers.csv` and `agent_openings.csv`."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Self

from tracker.adapters.files.spans import each_after_the_longest
from tracker.adapters.files.tables import Problems, Row, Table, read_table, version_of
from tracker.domain.deadlines.time_rules import (
    OfficeHours,
    PausePolicy,
    ProcessingTime,
    TimeRule,
    TimeUnit,
)
from tracker.domain.network.procedures import (
    AgentOpening,
    Catalogue,
    Level,
    PaperForm,
    PaperRequired,
    ProcedureVersion,
)

PROCEDURE_COLUMNS = (
    "code",
    "version",
    "valid_from",
    "valid_to",
    "name",
    "name_en",
    "level",
    "decided_by",
    "amount",
    "unit",
    "hours",
    "cut_off",
    "pause_policy",
    "fee",
    "sensitive",
    "legal_basis",
)
PAPER_COLUMNS = ("procedure", "version", "name", "form", "quantity")
OPENING_COLUMNS = ("procedure", "opened_on", "closed_on", "decision")


def load_catalogue(directory: Path) -> Catalogue:
    """Return the catalogue. Raise one `DataFilesError` with every fault of its three files.

    `load_service_data` checks that the deciding offices exist.
    """
    problems = Problems()
    catalogue = CatalogueTables.read(directory, problems).catalogue()
    problems.raise_if_any()
    return catalogue


@dataclass(frozen=True)
class CatalogueTables:
    """The three tables of the catalogue before they are combined."""

    procedures: Table
    papers: Table
    openings: Table
    problems: Problems

    @classmethod
    def read(cls, directory: Path, problems: Problems) -> Self:
        """Read the three files and note the faults in each."""
        return cls(
            read_table(directory / "procedures.csv", PROCEDURE_COLUMNS, problems),
            read_table(directory / "papers.csv", PAPER_COLUMNS, problems),
            read_table(directory / "agent_openings.csv", OPENING_COLUMNS, problems),
            problems,
        )

    def catalogue(self) -> Catalogue:
        """Return a catalogue of the valid rows, and note faults between the tables."""
        self.procedures.refuse_repeats("code", "version")
        self.papers.refuse_repeats("procedure", "version", "name")
        if self.procedures.complete and not self.procedures.rows:
            self.problems.note(self.procedures.file, 1, "there is no procedure")
        versions = self.procedures.built(_version)
        papers = self._papers()
        openings = self.openings.built(_opening)
        _refuse_overlapping_versions(versions)
        _refuse_overlapping_openings(openings)
        for row, opening in openings:
            if not self.procedures.knows(code=opening.procedure):
                row.fault(f"procedure {opening.procedure} is not in {self.procedures.file}")
        return Catalogue(
            versions=(
                replace(version, papers=papers.get((version.code, version.version), ()))
                for _, version in versions
            ),
            openings=(opening for _, opening in openings),
            digest=version_of((self.procedures, self.papers, self.openings)),
        )

    def _papers(self) -> dict[tuple[str, int], tuple[PaperRequired, ...]]:
        papers: dict[tuple[str, int], tuple[PaperRequired, ...]] = {}
        for row, paper in self.papers.built(_paper):
            code, version = row.cells["procedure"], row.cells["version"]
            if self.procedures.knows(code=code, version=version):
                key = code, int(version)
                papers[key] = (*papers.get(key, ()), paper)
            else:
                row.fault(f"procedure {code} version {version} is not in {self.procedures.file}")
        return papers


def _version(row: Row) -> ProcedureVersion:
    valid_from, valid_to = row.span("valid_from", "valid_to")
    version = row.number("version")
    if version == 0:
        row.fault("versions are counted from 1")
    return ProcedureVersion(
        code=row.id("code"),
        version=version,
        valid_from=valid_from,
        valid_to=valid_to,
        name=row.text("name"),
        name_en=row.text("name_en"),
        level=row.word("level", Level),
        decided_by=row.text("decided_by"),
        rule=_rule(row),
        fee=row.number("fee"),
        papers=(),
        sensitive=row.yes("sensitive"),
        legal_basis=row.text("legal_basis"),
    )


def _rule(row: Row) -> TimeRule:
    processing_time = None
    if row.cells["amount"] or row.cells["unit"]:
        processing_time = ProcessingTime(row.number("amount"), row.word("unit", TimeUnit))
    hours = _hours(row)
    cut_off = row.clock("cut_off") if row.cells["cut_off"] else None
    pause_policy = row.word("pause_policy", PausePolicy)
    return TimeRule(processing_time, hours, cut_off, pause_policy)


def _hours(row: Row) -> OfficeHours:
    sessions = []
    for session in row.text("hours").split():
        begins, dash, ends = session.partition("-")
        if dash:
            sessions.append((row.clock_of("hours", begins), row.clock_of("hours", ends)))
        else:
            row.fault(f"hours {session!r} is not like 07:00-11:30")
    return OfficeHours(tuple(sessions))


def _paper(row: Row) -> PaperRequired:
    row.text("procedure")
    row.number("version")
    quantity = row.number("quantity")
    if quantity == 0 and not row.faulty:
        row.fault("quantity is 0")
    return PaperRequired(row.text("name"), row.word("form", PaperForm), quantity)


def _opening(row: Row) -> AgentOpening:
    opened_on, closed_on = row.span("opened_on", "closed_on")
    return AgentOpening(row.text("procedure"), opened_on, closed_on, row.text("decision"))


def _refuse_overlapping_versions(versions: list[tuple[Row, ProcedureVersion]]) -> None:
    for (before_row, before), (row, version) in each_after_the_longest(
        versions,
        group=lambda version: version.code,
        first=lambda version: version.valid_from,
        last=lambda version: version.valid_to or date.max,
    ):
        this, that = f"version {version.version} of {version.code}", f"version {before.version}"
        if before.in_force_on(version.valid_from):
            row.fault(f"{this} overlaps {that} of line {before_row.line}")
        elif version.version < before.version:
            row.fault(f"{this} comes after {that}")


def _refuse_overlapping_openings(openings: list[tuple[Row, AgentOpening]]) -> None:
    for (before_row, before), (row, opening) in each_after_the_longest(
        openings,
        group=lambda opening: opening.procedure,
        first=lambda opening: opening.opened_on,
        last=lambda opening: opening.closed_on or date.max,
    ):
        if before.holds_on(opening.opened_on):
            row.fault(f"{opening.procedure} is already open by line {before_row.line}")
