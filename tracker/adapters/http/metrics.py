"""What is counted and timed, as verbs in the domain's words."""

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
    """The metrics of one application, kept apart from those of any other in this process."""

    def __init__(
        self,
        watched: Mapping[str, Watched],
        now: Callable[[], datetime],
        gauges: Iterable[Collector],
    ) -> None:
        """Count, and tell when asked of these gauges and how far these read models are."""
        self._registry = CollectorRegistry()
        self._intakes = Counter(
            "tracker_intakes",
            "Dossiers posted, by channel and what became of it.",
            ["channel", "outcome"],
            registry=self._registry,
        )
        self._steps = Counter(
            "tracker_steps",
            "Steps posted, by step and what became of it.",
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
        for one in (_Projections(watched, now), *gauges):
            self._registry.register(one)
        # A metric's child is found once: its look-up takes a lock and costs more than its count.
        self._intake = cache(self._intakes.labels)
        self._step = cache(self._steps.labels)
        self._lookup = cache(self._lookups.labels)
        self._request = cache(self._requests.labels)

    def watch_requests(self, in_progress: Callable[[], int]) -> None:
        """Ask here how many requests are in progress, each time the metrics are read."""
        self._in_progress.set_function(lambda: max(0, in_progress() - 1))

    def record_intake(self, channel: str, outcome: str) -> None:
        """Count a dossier posted."""
        self._intake(channel, outcome).inc()

    def record_step(self, step: str, outcome: str) -> None:
        """Count a step posted."""
        self._step(step, outcome).inc()

    def record_lookups(self, outcome: str, count: int) -> None:
        """Count look-ups by code."""
        if count:
            self._lookup(outcome).inc(count)

    def observe_http(self, route: str, status: int, seconds: float) -> None:
        """Count and time a request; `route` is the template, never the address itself."""
        self._request(route, str(status)).observe(seconds)

    def exposition(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self._registry)


class _Projections(Collector):
    """Asks the read models how far they are, each time the metrics are read."""

    def __init__(self, watched: Mapping[str, Watched], now: Callable[[], datetime]) -> None:
        self._watched = watched
        self._now = now

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        position = GaugeMetricFamily(
            "tracker_projection_position", "The last event in the read model.", labels=["projection"]
        )
        behind = GaugeMetricFamily(
            "tracker_projection_behind_events", "Events not yet in it.", labels=["projection"]
        )
        age = GaugeMetricFamily(
            "tracker_projection_behind_seconds", "Since the oldest of those.", labels=["projection"]
        )
        for name, one in self._watched.items():
            freshness = one.freshness(self._now())
            position.add_metric([name], freshness.position)
            behind.add_metric([name], freshness.behind)
            age.add_metric([name], freshness.age_seconds)
        yield from (position, behind, age)


class LogLag(Collector):
    """Asks how far the signed log is behind the store, each time the metrics are read."""

    def __init__(self, lag: Callable[[], Lag]) -> None:
        """Ask here."""
        self._lag = lag

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: the store is asked only when the metrics are."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Return both, or the first alone where nothing was ever signed."""
        lag = self._lag()
        yield GaugeMetricFamily(
            "tracker_log_lag", "Events stored and not under a signed checkpoint.", lag.events
        )
        if lag.age_seconds is not None:
            yield GaugeMetricFamily(
                "tracker_log_checkpoint_age_seconds",
                "Since the newest checkpoint was signed.",
                lag.age_seconds,
            )
