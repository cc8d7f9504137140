"""One run of the bench: what its scenarios are told, and the large archive that they share."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from loadtests.bench import machine
from loadtests.bench.archived import Archive
from loadtests.bench.figures import Figure

STATUS = "status"
"""The read model that look-ups ask."""


@dataclass(frozen=True)
class Invited:
    """An archive, and who may come to it: what `tracker demo` said before it was filled."""

    archive: Archive
    demo: str


@dataclass
class Run:
    """What was asked for. `sizes`, in dossiers: the archive grows from one to the next."""

    rounds: int
    seconds: float
    minutes: float
    sizes: Sequence[int]
    picture: Path | None
    results: Path
    told: Callable[[str], None]
    ending: ExitStack = field(default_factory=ExitStack)
    """What ends with the run."""

    @cached_property
    def invited(self) -> Invited:
        """The large archive, as yet empty but for a demo: filled by whoever needs it first."""
        site = self.ending.enter_context(machine.on_postgres())
        demo = site.command("demo")
        return Invited(Archive(site), demo)

    def large_archive(self) -> Archive:
        """Give it with all its dossiers in it, and all of them in the status."""
        archive = self.invited.archive
        archive.grow(self.sizes[-1], self.told)
        archive.follow([STATUS], self.told)
        return archive


Scenario = Callable[[Run], list[Figure]]
