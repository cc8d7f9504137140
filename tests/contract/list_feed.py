"""A feed that reads a list, for tests of its readers."""

from collections.abc import Sequence

from tests.contract.random_lives import records
from tracker.domain.dossier.events.event import Event
from tracker.projections.model.feed import Record


class ListFeed:
    """Returns the events of a list in order; a test may make `read` end early."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.upto = len(events)

    def partitions(self) -> Sequence[str]:
        return ("list",)

    def ready(self) -> Sequence[str]:
        return self.partitions()

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:
        return records(self.events)[after : min(after + limit, self.upto)]

    def wait(self, seconds: float) -> None:
        return

    def wake(self) -> None:
        return
