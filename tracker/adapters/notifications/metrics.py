"""Prometheus gauges of notifications: the waiting, their age, and the dead ones."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tracker.application.notifications.dispatcher import Backlog


class NotificationGauges(Collector):
    """Reads the unsent notifications each time the metrics are read."""

    def __init__(
        self, backlogs: Callable[[], Sequence[Backlog]], now: Callable[[], datetime]
    ) -> None:
        """Read the numbers from `backlogs`."""
        self._backlogs = backlogs
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that registration does not query the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Return the gauges."""
        waiting = GaugeMetricFamily(
            "tracker_messages_waiting", "Messages still to be sent.", labels=["target"]
        )
        age = GaugeMetricFamily(
            "tracker_messages_oldest_waiting_seconds",
            "Age of the oldest message still to be sent.",
            labels=["target"],
        )
        dead = GaugeMetricFamily(
            "tracker_messages_dead",
            "Messages that failed for good and were not retried.",
            labels=["target"],
        )
        now = self._now()
        for backlog in self._backlogs():
            waiting.add_metric([backlog.target], backlog.waiting)
            waited = (now - backlog.oldest_at).total_seconds() if backlog.oldest_at else 0
            age.add_metric([backlog.target], waited)
            dead.add_metric([backlog.target], backlog.dead)
        yield from (waiting, age, dead)
