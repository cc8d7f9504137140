"""The catalogue of procedures in dated versions.

A version's first and last day are both included; a last day of None means "until further notice".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from tracker.domain.deadlines.time_rules import TimeRule
from tracker.domain.errors import RefusedError, UnknownError


class UnknownProcedureError(UnknownError):
    """There is no such procedure, or no such version of it."""


class ProcedureNotInForceError(RefusedError):
    """The procedure is not in force on this day."""


class Level(StrEnum):
    """The level of government that decides."""

    CITY = "city"
    COMMUNE = "commune"


class PaperForm(StrEnum):
    """The form in which a paper must be submitted."""

    ORIGINAL = "original"
    CERTIFIED_COPY = "certified_copy"
    COPY = "copy"


@dataclass(frozen=True)
class PaperRequired:
    """A paper that the applicant must bring, and the number of copies."""

    name: str
    form: PaperForm
    quantity: int


@dataclass(frozen=True)
class ProcedureVersion:
    """A procedure between two days. A dossier keeps the version under which it was received.

    `decided_by` is the default deciding office. `fee` is in Vietnamese dong. The name of a
    `sensitive` procedure reveals something private about the applicant.
    """

    code: str
    version: int
    valid_from: date
    valid_to: date | None
    name: str
    name_en: str
    level: Level
    decided_by: str
    rule: TimeRule
    fee: int
    papers: tuple[PaperRequired, ...]
    sensitive: bool
    legal_basis: str

    def in_force_on(self, day: date) -> bool:
        """Return whether this version is in force on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class AgentOpening:
    """A decision that lets agents receive a procedure from `opened_on` to before `closed_on`."""

    procedure: str
    opened_on: date
    closed_on: date | None
    decision: str

    def holds_on(self, day: date) -> bool:
        """Return whether agents may receive the procedure on `day`; `closed_on` is excluded."""
        return self.opened_on <= day and (self.closed_on is None or day < self.closed_on)


class Catalogue:
    """All procedures of one version of the data, indexed by code and day."""

    def __init__(
        self,
        *,
        versions: Iterable[ProcedureVersion],
        openings: Iterable[AgentOpening],
        digest: str,
    ) -> None:
        """Store the data; `digest` identifies the files it was read from.

        The reader of the files checks that versions of one procedure do not overlap.
        """
        by_code: dict[str, list[ProcedureVersion]] = {}
        for version in sorted(versions, key=lambda version: (version.code, version.version)):
            by_code.setdefault(version.code, []).append(version)
        self.procedures: Mapping[str, tuple[ProcedureVersion, ...]] = MappingProxyType(
            {code: tuple(versions_of) for code, versions_of in by_code.items()},
        )
        self.openings = tuple(openings)
        self.digest = digest
        self._openings_of: dict[str, list[AgentOpening]] = {}
        for opening in self.openings:
            self._openings_of.setdefault(opening.procedure, []).append(opening)

    def versions_of(self, code: str) -> tuple[ProcedureVersion, ...]:
        """Return every version of the procedure, oldest first, or raise UnknownProcedureError."""
        try:
            return self.procedures[code]
        except KeyError:
            raise UnknownProcedureError from None

    def version(self, code: str, number: int) -> ProcedureVersion:
        """Return the version with this number, or raise UnknownProcedureError."""
        for version in self.versions_of(code):
            if version.version == number:
                return version
        raise UnknownProcedureError

    def version_on(self, code: str, day: date) -> ProcedureVersion:
        """Return the version in force on `day`.

        Raise UnknownProcedureError for an unknown procedure, and ProcedureNotInForceError if no
        version is in force on that day.
        """
        versions = self.versions_of(code)
        for version in versions:
            if version.in_force_on(day):
                return version
        message = f"Procedure {code} ({versions[-1].name}) is not in force on {day}."
        raise ProcedureNotInForceError(message)

    def in_force_on(self, day: date) -> tuple[ProcedureVersion, ...]:
        """Return the procedure versions in force on `day`, ordered by code."""
        return tuple(
            version
            for versions in self.procedures.values()
            for version in versions
            if version.in_force_on(day)
        )

    def open_to_agents(self, code: str, day: date) -> bool:
        """Return whether agent points may receive the procedure on `day`.

        Raise UnknownProcedureError for an unknown procedure.
        """
        self.versions_of(code)
        return any(opening.holds_on(day) for opening in self._openings_of.get(code, ()))
