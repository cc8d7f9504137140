"""What every step message is, and what it is handed when it is carried out."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from tracker.application.commands.intake import Command
from tracker.application.commands.text_types import Code
from tracker.domain.dossier.clock import Clock
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.values import Sealed, Stamp


@dataclass(frozen=True)
class StepContext:
    """What a step needs beside the dossier: a stamp, the seal of its texts, and the clock."""

    stamp: Stamp
    seal_text: Callable[[str, str], Sealed]
    clock: Callable[[], Clock]
    check_office: Callable[[str], object]
    check_department: Callable[[str], object]
    check_carrier: Callable[[str], object]

    def seal(self, field: str, text: str | None) -> Sealed | None:
        """Seal a text that may be missing."""
        return None if text is None else self.seal_text(field, text)


class StepCommand(Command):
    """One step on a dossier that exists; in an address with a code, `code` may be left out."""

    code: Code | None = None

    @abstractmethod
    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Ask the dossier for the decision this message stands for."""
