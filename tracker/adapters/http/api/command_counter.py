"""Count posted commands by outcome."""

from functools import lru_cache

from tracker.adapters.http.concurrency.group_commit import Result
from tracker.adapters.http.metrics import Metrics
from tracker.adapters.http.schema.problems import kind_of
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.intake import Intake
from tracker.application.commands.step_context import StepCommand
from tracker.domain.network.network import Network, NotAReceptionPlaceError, channel_of


class CommandCounter:
    """Counts each command in the metrics, with the terms of the domain."""

    def __init__(self, metrics: Metrics, network: Network) -> None:
        """Count in these metrics; `network` knows the channel of each office."""
        self._metrics = metrics
        self._network = network
        # The network does not change while the service runs.
        self._channel_of = lru_cache(maxsize=4096)(self._channel)

    def count(self, envelope: Envelope, result: Result) -> None:
        """Count a command and its result."""
        outcome = outcome_of(result)
        if isinstance(envelope.command, Intake):
            office = envelope.command.received_at or envelope.actor.office
            self._metrics.record_intake(self._channel_of(office), outcome)
        elif isinstance(envelope.command, StepCommand):
            self._metrics.record_step(getattr(envelope.command, "step", ""), outcome)

    def _channel(self, office_id: str) -> str:
        office = self._network.offices.get(office_id)
        try:
            return channel_of(office.kind).value if office else "none"
        except NotAReceptionPlaceError:
            return "none"


def outcome_of(result: Result) -> str:
    """Return the outcome of a command: created, duplicate, or the name of the problem."""
    if isinstance(result, Accepted):
        return "duplicate" if result.duplicate else "created"
    return kind_of(result).name
