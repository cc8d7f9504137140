"""One run of the bench: what its scenarios are told, and the large archive that they share."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from loadtests.bench.archive.installation import Archive
from loadtests.bench.harness import machine
from loadtests.bench.harness.figures import Figure, broken

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

    def large_archive(self, *names: str) -> Archive:
        """Give it with all its dossiers in it, and all of them in these read models."""
        archive = self.invited.archive
        archive.grow(self.sizes[-1], self.told)
        archive.follow(names, self.told)
        return archive


Scenario = Callable[[Run], list[Figure]]


def what_it_measures(scenario: Scenario) -> str:
    """Give the first line of what a scenario says of itself."""
    return (scenario.__doc__ or "").partition("\n")[0]


def measured(scenarios: Mapping[str, Scenario], run: Run) -> list[Figure]:
    """Run scenarios in turn, and tell at once what came of each.

    One that breaks is told, has a line of its own, and keeps no other from being measured.
    """
    figures: list[Figure] = []
    for name, scenario in scenarios.items():
        run.told(f"{name}: {what_it_measures(scenario)}")
        began = time.monotonic()
        try:
            found = scenario(run)
        except Exception as error:  # noqa: BLE001  it is told, and counts as missed
            run.told(traceback.format_exc())
            found = [broken(name, error)]
        for figure in found:
            run.told(figure.line())
        run.told(f"  {name} took {time.monotonic() - began:,.0f} s")
        figures += found
    return figures
