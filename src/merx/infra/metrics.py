"""Prometheus metrics. Requests are counted in plain dictionaries, for a client-library observation costs several µs."""

from bisect import bisect_left
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

# Litestar adds the charset to text types.
CONTENT_TYPE = "text/plain; version=0.0.4"

# Upper bounds in seconds. A cached answer takes a millisecond, a checkout tens, a provider call seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# Domain and worker metrics register here: `Counter("merx_orders_placed_total", "…", registry=registry)`.
registry = CollectorRegistry()


class RequestMetrics(Collector):
    """Count and duration of requests by method, route template and status class."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, int], list[float]] = {}
        self.in_flight = 0

    def observe(self, method: str, template: str, status: int, seconds: float) -> None:
        row = self._seen.get((method, template, status // 100))
        if row is None:
            # Callers can invent methods; each must not become a series of its own.
            known = method if method in _METHODS else "OTHER"
            row = self._seen.setdefault((known, template, status // 100), [0.0] * (len(BUCKETS) + 2))
        row[bisect_left(BUCKETS, seconds)] += 1
        row[-1] += seconds

    def collect(self) -> Iterable[Metric]:
        labels = ["method", "route", "status"]
        count = CounterMetricFamily("merx_http_requests", "Requests answered", labels=labels)
        duration = HistogramMetricFamily("merx_http_request_seconds", "Time to the end of the answer", labels=labels)
        for (method, template, status), row in list(self._seen.items()):
            values = [method, template, f"{status}xx"]
            total = 0.0
            buckets = []
            for bound, number in zip((*map(str, BUCKETS), "+Inf"), row, strict=False):
                total += number
                buckets.append((bound, total))
            count.add_metric(values, total)
            duration.add_metric(values, buckets, sum_value=row[-1])
        yield count
        yield duration
        yield GaugeMetricFamily("merx_http_requests_in_flight", "Requests being answered", value=self.in_flight)


class Exposition:
    """All metrics of the process as text."""

    def __init__(self, *collectors: Collector) -> None:
        self._own = CollectorRegistry()
        ProcessCollector(registry=self._own)
        PlatformCollector(registry=self._own)
        for collector in collectors:
            self._own.register(collector)

    def text(self) -> bytes:
        return generate_latest(self._own) + generate_latest(registry)
