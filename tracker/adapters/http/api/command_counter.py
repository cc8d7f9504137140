"""Counts what was posted, by what became of it."""

from functools import lru_cache

from tracker.adapters.http.concurrency.group_commit import Result
from tracker.adapters.http.metrics import Metrics
from tracker.adapters.http.schema.problems import kind_of
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.intake import Intake
from tracker.application.commands.step_context import StepCommand
from tracker.domain.network.network import Network, NotAReceptionPlaceError, channel_of


class CommandCounter:
    """Tells the metrics of each post, in the domain's words."""

    def __init__(self, metrics: Metrics, network: Network) -> None:
        """Count here; the network tells an office's channel."""
        self._metrics = metrics
        self._network = network
        self._channel_of = lru_cache(maxsize=4096)(
            self._channel
        )  # the network does not change while we run

    def note(self, post: Envelope, result: Result) -> None:
        """Count this post."""
        outcome = outcome_of(result)
        if isinstance(post.message, Intake):
            office = post.message.received_at or post.actor.office
            self._metrics.record_intake(self._channel_of(office), outcome)
        elif isinstance(post.message, StepCommand):
            self._metrics.record_step(getattr(post.message, "step", ""), outcome)

    def _channel(self, office_id: str) -> str:
        office = self._network.offices.get(office_id)
        try:
            return channel_of(office.kind).value if office else "none"
        except NotAReceptionPlaceError:
            return "none"


def outcome_of(result: Result) -> str:
    """Name what became of a post: created, duplicate, or the kind of problem."""
    if isinstance(result, Accepted):
        return "duplicate" if result.duplicate else "created"
    return kind_of(result).name
