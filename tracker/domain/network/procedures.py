"""The catalogue of procedures: what may be applied for, in dated versions.

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
    """In what form a paper has to be handed in."""

    ORIGINAL = "original"
    CERTIFIED_COPY = "certified_copy"
    COPY = "copy"


@dataclass(frozen=True)
class PaperRequired:
    """A paper the applicant has to bring, and how many of it."""

    name: str
    form: PaperForm
    quantity: int


@dataclass(frozen=True)
class ProcedureVersion:
    """A procedure as it stands between two days; a dossier keeps the version it came in under.

    `decided_by` is the competent office where nothing else is said. `fee` is in Vietnamese dong.
    The name of a `sensitive` procedure says something private about whoever applies for it.
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
        """Return whether this version holds on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class AgentOpening:
    """A decision that agents may take a procedure in: from `opened_on` to before `closed_on`."""

    procedure: str
    opened_on: date
    closed_on: date | None
    decision: str

    def holds_on(self, day: date) -> bool:
        """Return whether agents may take the procedure in on `day`; not any more on `closed_on`."""
        return self.opened_on <= day and (self.closed_on is None or day < self.closed_on)


class Catalogue:
    """All procedures of one version of the data, found by code and by day."""

    def __init__(
        self,
        *,
        versions: Iterable[ProcedureVersion],
        openings: Iterable[AgentOpening],
        digest: str,
    ) -> None:
        """Keep the parts; `digest` names the state of the data they were read from.

        Versions of one procedure do not overlap: whoever reads the data sees to that.
        """
        by_code: dict[str, list[ProcedureVersion]] = {}
        for one in sorted(versions, key=lambda each: (each.code, each.version)):
            by_code.setdefault(one.code, []).append(one)
        self.procedures: Mapping[str, tuple[ProcedureVersion, ...]] = MappingProxyType(
            {code: tuple(found) for code, found in by_code.items()},
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
        for one in self.versions_of(code):
            if one.version == number:
                return one
        raise UnknownProcedureError

    def version_on(self, code: str, day: date) -> ProcedureVersion:
        """Return the version that holds on `day`.

        Raises UnknownProcedureError where there is no such procedure,
        and ProcedureNotInForceError where none of its versions holds on that day.
        """
        versions = self.versions_of(code)
        for one in versions:
            if one.in_force_on(day):
                return one
        message = f"Procedure {code} ({versions[-1].name}) is not in force on {day}."
        raise ProcedureNotInForceError(message)

    def in_force_on(self, day: date) -> tuple[ProcedureVersion, ...]:
        """List what may be applied for on `day`, by code."""
        return tuple(
            one for versions in self.procedures.values() for one in versions if one.in_force_on(day)
        )

    def open_to_agents(self, code: str, day: date) -> bool:
        """Return whether agent points may take the procedure in on `day`.

        Raises UnknownProcedureError where there is no such procedure.
        """
        self.versions_of(code)
        return any(opening.holds_on(day) for opening in self._openings_of.get(code, ()))
