"""What was turned away, by class of route."""

from prometheus_client import Counter

from merx.infra.metrics import registry

LIMITED = Counter("merx_requests_limited_total", "Requests beyond a rate limit", ["limit"], registry=registry)
SHED = Counter("merx_requests_shed_total", "Requests turned away from a full process", ["limit"], registry=registry)
