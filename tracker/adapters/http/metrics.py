"""The metrics of the HTTP adapter; their methods are verbs in the terms of the domain."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tracker.adapters.http.schema.freshness import Watched
from tracker.application.audit.proofs import Lag

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of one application, separate from other applications in this process."""

    def __init__(
        self,
        watched: Mapping[str, Watched],
        now: Callable[[], datetime],
        gauges: Iterable[Collector],
    ) -> None:
        """Expose these gauges and the positions of these read models too."""
        self._registry = CollectorRegistry()
        self._intakes = Counter(
            "tracker_intakes",
            "Intakes posted, by channel and outcome.",
            ["channel", "outcome"],
            registry=self._registry,
        )
        self._steps = Counter(
            "tracker_steps",
            "Steps posted, by step and outcome.",
            ["step", "outcome"],
            registry=self._registry,
        )
        self._lookups = Counter(
            "tracker_lookups", "Look-ups by code.", ["outcome"], registry=self._registry
        )
        self._requests = Histogram(
            "tracker_http_request_seconds",
            "Requests, by route and status.",
            ["route", "status"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._in_progress = Gauge(
            "tracker_http_requests_in_progress",
            "Requests in progress, without the one that reads the metrics.",
            registry=self._registry,
        )
        for collector in (_Projections(watched, now), *gauges):
            self._registry.register(collector)
        # Cache the child of each label set: `labels` takes a lock and costs more than the count.
        self._intake = cache(self._intakes.labels)
        self._step = cache(self._steps.labels)
        self._lookup = cache(self._lookups.labels)
        self._request = cache(self._requests.labels)

    def watch_requests(self, in_progress: Callable[[], int]) -> None:
        """Call `in_progress` each time the metrics are read."""
        self._in_progress.set_function(lambda: max(0, in_progress() - 1))

    def record_intake(self, channel: str, outcome: str) -> None:
        """Count a posted intake."""
        self._intake(channel, outcome).inc()

    def record_step(self, step: str, outcome: str) -> None:
        """Count a posted step."""
        self._step(step, outcome).inc()

    def record_lookups(self, outcome: str, count: int) -> None:
        """Count look-ups by code."""
        if count:
            self._lookup(outcome).inc(count)

    def observe_http(self, route: str, status: int, seconds: float) -> None:
        """Count and time a request. `route` is the template of the path, never the path itself."""
        self._request(route, str(status)).observe(seconds)

    def exposition(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return generate_latest(self._registry)


class _Projections(Collector):
    """Reads the positions of the read models each time the metrics are read."""

    def __init__(self, watched: Mapping[str, Watched], now: Callable[[], datetime]) -> None:
        self._watched = watched
        self._now = now

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        position = GaugeMetricFamily(
            "tracker_projection_position",
            "Position of the last event in the read model.",
            labels=["projection"],
        )
        behind = GaugeMetricFamily(
            "tracker_projection_behind_events",
            "Events stored but not yet in the read model.",
            labels=["projection"],
        )
        age = GaugeMetricFamily(
            "tracker_projection_behind_seconds",
            "Age of the oldest event that is not yet in the read model.",
            labels=["projection"],
        )
        for name, watched in self._watched.items():
            freshness = watched.freshness(self._now())
            position.add_metric([name], freshness.position)
            behind.add_metric([name], freshness.behind)
            age.add_metric([name], freshness.age_seconds)
        yield from (position, behind, age)


class LogLag(Collector):
    """Measures how far the signed log is behind the store, each time the metrics are read."""

    def __init__(self, lag: Callable[[], Lag]) -> None:
        """Measure with `lag`."""
        self._lag = lag

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registration must not query the store."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield both gauges, or only the first if no checkpoint was ever signed."""
        lag = self._lag()
        yield GaugeMetricFamily(
            "tracker_log_lag", "Events stored but not under a signed checkpoint.", lag.events
        )
        if lag.age_seconds is not None:
            yield GaugeMetricFamily(
                "tracker_log_checkpoint_age_seconds",
                "Age of the newest signed checkpoint.",
                lag.age_seconds,
            )
