"""What a process counted of the requests to one route."""

from merx.bootstrap.api import Api


def counted(app: Api, route: str) -> dict[str, int]:
    """Requests by class of their status, such as `2xx`."""
    return {
        sample.labels["status"]: int(sample.value)
        for metric in app.metrics.collect()
        if metric.name == "merx_http_requests"
        for sample in metric.samples
        if sample.labels["route"] == route
    }
