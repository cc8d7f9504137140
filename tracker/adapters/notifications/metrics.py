"""What Prometheus is told of messages: how many wait, for how long, and how many were given up."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tracker.application.notifications.dispatcher import Backlog


class NotificationGauges(Collector):
    """Asks what is not sent, each time the metrics are read."""

    def __init__(
        self, backlogs: Callable[[], Sequence[Backlog]], now: Callable[[], datetime]
    ) -> None:
        """Ask `backlogs`."""
        self._backlogs = backlogs
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: the database is asked only when the metrics are."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Return the gauges."""
        waiting = GaugeMetricFamily(
            "tracker_messages_waiting", "Messages still to be sent.", labels=["target"]
        )
        age = GaugeMetricFamily(
            "tracker_messages_oldest_waiting_seconds",
            "Since we heard of what the oldest of those tells.",
            labels=["target"],
        )
        dead = GaugeMetricFamily(
            "tracker_messages_dead",
            "Messages given up, until they are retried.",
            labels=["target"],
        )
        now = self._now()
        for one in self._backlogs():
            waiting.add_metric([one.target], one.waiting)
            waited = (now - one.oldest_at).total_seconds() if one.oldest_at else 0
            age.add_metric([one.target], waited)
            dead.add_metric([one.target], one.dead)
        yield from (waiting, age, dead)
