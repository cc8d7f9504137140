"""Issues dossier codes from leased blocks, so that processes need no common lock."""

from collections.abc import Callable
from datetime import date, datetime
from threading import Lock

from tracker.application.ports import CodeBlocks
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.codes import CodeBlock, DossierCode
from tracker.domain.errors import NotAllowedError


class NotYourCodeError(NotAllowedError):
    """This code is not in a block leased to this sender."""


class CodeAllocator:
    """Issues the codes of one process, and checks the codes that senders bring."""

    def __init__(
        self, blocks: CodeBlocks, *, holder: str, block_size: int, now: Callable[[], datetime]
    ) -> None:
        """Lease blocks of `block_size` numbers as `holder`, which names this process."""
        self._blocks = blocks
        self._holder = holder
        self._block_size = block_size
        self._now = now
        self._open: dict[tuple[str, date], tuple[CodeBlock, int]] = {}
        self._lock = Lock()

    def next_code(self, agency: str, day: date) -> DossierCode:
        """Return a code that was never used."""
        with self._lock:
            block, sequence = self._open.get((agency, day), (None, 0))
            if block is None or sequence > block.last:
                block = self._blocks.lease(
                    agency=agency,
                    day=day,
                    size=self._block_size,
                    leased_to=self._holder,
                    leased_at=self._now(),
                )
                sequence = block.first
            self._open[agency, day] = (block, sequence + 1)
            return DossierCode.issue(agency, day, sequence)

    def check_own(self, code: DossierCode, actor: Actor) -> None:
        """Raise `NotYourCodeError` unless this actor may send this code.

        The portal and administrators may send codes that were issued centrally.
        """
        if actor.role in {Role.PORTAL, Role.ADMINISTRATOR}:
            return
        if not self.is_leased_to(code, actor):
            raise NotYourCodeError

    def is_leased_to(self, code: DossierCode, actor: Actor) -> bool:
        """Return whether the code is in a block leased to this actor."""
        block = self._blocks.block_of(code.agency, code.day, code.sequence)
        return block is not None and block.leased_to == actor.id and block.holds(code)

    def close(self) -> None:
        """Record the remaining numbers of the open blocks as unused for ever."""
        with self._lock:
            for block, following in self._open.values():
                self._blocks.record_unused(block.id, range(following, block.last + 1))
            self._open.clear()
