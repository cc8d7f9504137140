"""The base class of commands on existing dossiers, and the context that they run in."""

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
    """What a command needs besides the dossier: a stamp, a seal for texts, a clock and checks."""

    stamp: Stamp
    seal_text: Callable[[str, str], Sealed]
    clock: Callable[[], Clock]
    check_office: Callable[[str], object]
    check_department: Callable[[str], object]
    check_carrier: Callable[[str], object]

    def seal(self, field: str, text: str | None) -> Sealed | None:
        """Return the sealed text, or `None` if there is no text."""
        return None if text is None else self.seal_text(field, text)


class StepCommand(Command):
    """A command on an existing dossier. `code` may be omitted if the URL contains it."""

    code: Code | None = None

    @abstractmethod
    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Call the method of the dossier that decides this command."""
