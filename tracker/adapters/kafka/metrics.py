"""A worker's Prometheus metrics: the progress of the relay, the inbox and the read models."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tracker.adapters.kafka.reader.feed import KafkaFeed
from tracker.adapters.kafka.relay.relay import RelayCondition, RelayState


class Positioned(Protocol):
    """A read model that knows its position."""

    def position(self, partition: str) -> int:
        """Return the position of the last applied event of a partition."""


class WorkMetrics:
    """The metrics of one worker."""

    def __init__(
        self,
        models: Mapping[str, Positioned],
        ends: Callable[[], KafkaFeed],
        gauges: Iterable[Collector],
    ) -> None:
        """Collect the metrics of these read models and gauges.

        `ends` returns a feed that knows where Kafka's partitions end.
        """
        self._registry = CollectorRegistry()

        def gauge(name: str, description: str) -> Gauge:
            return Gauge(name, description, registry=self._registry)

        self._position = gauge("tracker_relay_position", "The last event that is in Kafka.")
        self._lag = gauge("tracker_relay_lag", "How far Kafka is behind the store.")
        self._age = gauge(
            "tracker_relay_oldest_unpublished_seconds", "How long the next event has waited."
        )
        self._publishing = gauge("tracker_relay_publishing", "1 while this relay publishes.")
        self._inbox_outcomes = Counter(
            "tracker_inbox_posts", "Posts from the inbox.", ["outcome"], registry=self._registry
        )
        if models:
            self._registry.register(_Lags(models, ends))
        for collector in gauges:
            self._registry.register(collector)

    def record_relay(self, state: RelayState) -> None:
        """Record the state of the relay."""
        self._position.set(state.position)
        self._lag.set(state.lag)
        self._age.set(state.oldest_waiting_s)
        self._publishing.set(state.condition is RelayCondition.PUBLISHING)

    def record_inbox_outcome(self, outcome: str) -> None:
        """Count an inbox record by its outcome."""
        self._inbox_outcomes.labels(outcome).inc()

    @contextmanager
    def served(self, port: int) -> Iterator[None]:
        """Serve the metrics on this port of 127.0.0.1 while the context lasts. 0 serves nothing."""
        if not port:
            yield
            return
        server, thread = start_http_server(port, "127.0.0.1", self._registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Lags(Collector):
    """Computes at each scrape how far each read model is behind the end of each partition."""

    def __init__(self, models: Mapping[str, Positioned], ends: Callable[[], KafkaFeed]) -> None:
        self._models = models
        self._new_feed = ends
        self._feed: KafkaFeed | None = None
        self._lock = Lock()

    def collect(self) -> Iterable[Metric]:
        """Return the position and lag of each read model and partition."""
        positions = GaugeMetricFamily(
            "tracker_projection_offset",
            "The last Kafka offset in the read model.",
            labels=["projection", "partition"],
        )
        lags = GaugeMetricFamily(
            "tracker_projection_behind_records",
            "Records in Kafka that are not in the read model.",
            labels=["projection", "partition"],
        )
        with self._lock:
            self._feed = self._feed or self._new_feed()
            heads = self._feed.heads() if self._feed.partitions() else {}
        for name, model in self._models.items():
            for partition, head in heads.items():
                position = model.position(partition)
                positions.add_metric([name, partition], position)
                lags.add_metric([name, partition], max(0, head - position))
        return (positions, lags)

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that registration makes no request to Kafka."""
        return ()
