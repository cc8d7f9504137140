"""One run of the bench: the settings of its scenarios, and the large archive that they share."""

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
    """An archive, and the output of `tracker demo`, with keys, from before it was filled."""

    archive: Archive
    demo: str


@dataclass
class Run:
    """The settings of a run. `sizes`, in dossiers: the archive grows from one to the next."""

    rounds: int
    seconds: float
    minutes: float
    sizes: Sequence[int]
    picture: Path | None
    results: Path
    say: Callable[[str], None]
    ending: ExitStack = field(default_factory=ExitStack)
    """Everything that is closed at the end of the run."""

    @cached_property
    def invited(self) -> Invited:
        """The large archive. It starts with a demo; the first scenario that needs more fills it."""
        site = self.ending.enter_context(machine.on_postgres())
        demo = site.command("demo")
        return Invited(Archive(site), demo)

    def large_archive(self, *names: str) -> Archive:
        """Return the archive with all its dossiers, and these read models up to date."""
        archive = self.invited.archive
        archive.grow(self.sizes[-1], self.say)
        archive.follow(names, self.say)
        return archive


Scenario = Callable[[Run], list[Figure]]


def what_it_measures(scenario: Scenario) -> str:
    """Return the first line of a scenario's docstring."""
    return (scenario.__doc__ or "").partition("\n")[0]


def measured(scenarios: Mapping[str, Scenario], run: Run) -> list[Figure]:
    """Run scenarios in turn and print each result at once.

    A scenario that fails is printed and has its own line in the table; the others still run.
    """
    figures: list[Figure] = []
    for name, scenario in scenarios.items():
        run.say(f"{name}: {what_it_measures(scenario)}")
        began = time.monotonic()
        try:
            found = scenario(run)
        except Exception as error:  # noqa: BLE001  it is printed, and counts as missed
            run.say(traceback.format_exc())
            found = [broken(name, error)]
        for figure in found:
            run.say(figure.line())
        run.say(f"  {name} took {time.monotonic() - began:,.0f} s")
        figures += found
    return figures
