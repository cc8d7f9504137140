"""What a worker tells Prometheus: how far the relay and the read models are."""

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
    """A read model that knows how far it is."""

    def position(self, partition: str) -> int:
        """Return the last position that is in it."""


class WorkMetrics:
    """The metrics of one worker."""

    def __init__(
        self,
        models: Mapping[str, Positioned],
        ends: Callable[[], KafkaFeed],
        gauges: Iterable[Collector],
    ) -> None:
        """Tell of these read models and gauges.

        `ends` gives a feed to ask where Kafka's partitions end.
        """
        self._registry = CollectorRegistry()

        def gauge(name: str, what: str) -> Gauge:
            return Gauge(name, what, registry=self._registry)

        self._position = gauge("tracker_relay_position", "The last event that is in Kafka.")
        self._lag = gauge("tracker_relay_lag", "How far Kafka is behind the store.")
        self._age = gauge(
            "tracker_relay_oldest_unpublished_seconds", "How long the next event has waited."
        )
        self._publishing = gauge("tracker_relay_publishing", "1 while this relay publishes.")
        self._posts = Counter(
            "tracker_inbox_posts", "Posts from the inbox.", ["outcome"], registry=self._registry
        )
        if models:
            self._registry.register(_Lags(models, ends))
        for one in gauges:
            self._registry.register(one)

    def record_relay(self, state: RelayState) -> None:
        """Note where the relay is."""
        self._position.set(state.position)
        self._lag.set(state.lag)
        self._age.set(state.oldest_waiting_s)
        self._publishing.set(state.standing is RelayCondition.PUBLISHING)

    def record_post(self, outcome: str) -> None:
        """Count a post from the inbox."""
        self._posts.labels(outcome).inc()

    @contextmanager
    def served(self, port: int) -> Iterator[None]:
        """Serve them on this port of this machine meanwhile; 0 serves nothing."""
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
    """Asks, when it is asked, how far each read model is behind each partition's end."""

    def __init__(self, models: Mapping[str, Positioned], ends: Callable[[], KafkaFeed]) -> None:
        self._models = models
        self._new_feed = ends
        self._feed: KafkaFeed | None = None
        self._lock = Lock()

    def collect(self) -> Iterable[Metric]:
        """Return the gauges."""
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
        """Name nothing beforehand: Kafka is asked only when the metrics are."""
        return ()
