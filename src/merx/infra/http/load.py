"""A full process turns callers away at once: who waits in a queue that only grows is served too late to be of use.

Some places are kept for carts, checkout and webhooks: an order is worth more than a page, and a provider's message
that a payment went through must not be lost in the crowd.
"""

import itertools

from merx.infra.http.asgi import Scope
from merx.infra.http.lag import LoopLag
from merx.infra.http.problems import Failure, unavailable
from merx.infra.http.route_classes import RouteClasses
from merx.infra.limits.metrics import SHED
from merx.infra.settings import Settings

# Those who were turned away together should not come back together.
_RETRY_AFTER = (1, 2, 3)


class LoadGate:
    """`open_to_all` is the number of requests at once up to which all are alike; the places beyond it are kept
    for the routes that say so.

    Requests that only wait (for the database, for a hash) may fill all places. A process whose loop falls behind has no
    time for so many: it takes no more than `busy_in_flight` then. From `asked_from` on `refuses` has to be asked.
    `arriving` counts those of them whose body is on its way: they wait for their own caller, and take nobody's place.
    `spared` paths are always let in: probes that fail under load would get a busy process killed.
    """

    def __init__(
        self,
        settings: Settings,
        classes: RouteClasses,
        spared: frozenset[str] = frozenset(),
        lag: LoopLag | None = None,
    ) -> None:
        self.open_to_all = settings.max_in_flight - settings.reserved_in_flight
        self.asked_from = min(self.open_to_all, settings.busy_in_flight)
        self.lag = lag or LoopLag()
        self.arriving = 0
        self._longest_lag = settings.busy_lag_ms / 1000
        self._most = settings.max_in_flight
        self._classes = classes
        self._spared = spared
        self._answers = itertools.cycle([unavailable(after, "Too busy, try again shortly.") for after in _RETRY_AFTER])

    def refuses(self, scope: Scope, in_flight: int) -> Failure | None:
        """The answer for a request that finds no place."""
        in_flight -= self.arriving
        if in_flight < (self.open_to_all if self.lag.seconds <= self._longest_lag else self.asked_from):
            return None
        path: str = scope["path"]
        if path in self._spared:
            return None
        method: str = scope["method"]
        if in_flight < self._most and self._classes.keeps_place(method, path):
            return None
        SHED.labels(self._classes.declared(method, path) or "other").inc()
        return next(self._answers)

    def refuses_to_wait(self) -> Failure | None:
        """The answer for a request whose body is not here yet: each takes memory, so they are no more than places."""
        return next(self._answers) if self.arriving >= self._most else None
