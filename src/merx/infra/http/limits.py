"""How much one caller may ask for. Browsing is counted by each process, what changes something by all together.

Without an account the address counts, and a guest's token besides: tokens can be made up, addresses cannot. Many
people share an address, so it may do several times as much as one of them.
"""

import math
from hashlib import blake2b

from merx.infra.http.auth import GUEST_HEADERS
from merx.infra.http.problems import RawHeaders
from merx.infra.http.route_classes import RouteClass, RouteClasses
from merx.infra.limits.buckets import Ask, Buckets, Limit, Taken
from merx.infra.limits.local import LocalBuckets
from merx.infra.limits.metrics import LIMITED
from merx.infra.limits.networks import network_of
from merx.infra.settings import Settings
from merx.kernel.actor import Actor
from merx.kernel.errors import RateLimited

_GUEST_HEADERS = tuple(header.encode() for header in GUEST_HEADERS.values())
# Counted by address for those who signed in, too: accounts are cheap, and stolen cards are tried from few addresses.
_BY_BOTH = frozenset({RouteClass.checkout, RouteClass.login})


class RateLimits:
    """Raises RateLimited when a bucket is empty; a refused request costs nobody a token."""

    def __init__(self, settings: Settings, classes: RouteClasses, shared: Buckets, local: LocalBuckets) -> None:
        self._classes = classes
        self._shared = shared
        self._local = local
        each = {
            RouteClass.browse: settings.limit_browse,
            RouteClass.write: settings.limit_write,
            RouteClass.checkout: settings.limit_checkout,
            RouteClass.login: settings.limit_login,
            RouteClass.staff: settings.limit_staff,
            RouteClass.webhook: settings.limit_webhook,
        }
        factor = settings.limit_address_factor
        self._one = {kind: Limit(tokens) for kind, tokens in each.items()}
        self._address = {kind: Limit(tokens * factor) for kind, tokens in each.items()}

    def read(self, actor: Actor, address: str) -> Taken:
        kind = RouteClass.staff if actor.is_staff else RouteClass.browse
        if actor.account_id is not None:
            ask = (f"{kind}:{actor.account_id.int:x}", self._one[kind])
        else:
            ask = (f"{kind}@{network_of(address)}", self._address[kind])
        return self._checked(kind, self._local.take_now((ask,)))

    async def write(self, method: str, path: str, actor: Actor, address: str, by_name: dict[bytes, bytes]) -> Taken:
        """For every method that is no read."""
        kind = self._classes.declared(method, path)
        if kind is None:
            kind = RouteClass.staff if actor.is_staff else RouteClass.write
        asks = self._asks(kind, actor, address, by_name)
        if kind is RouteClass.webhook:
            # Providers send many at once, prove themselves by a signature and must not wait.
            return self._checked(kind, self._local.take_now(asks))
        return self._checked(kind, await self._shared.take(asks))

    async def any_read(self, path: str, actor: Actor, address: str, by_name: dict[bytes, bytes]) -> Taken:
        """A read that signs somebody in is counted by all processes together."""
        if not self._classes.is_sign_in(path):
            return self.read(actor, address)
        kind = RouteClass.login
        return self._checked(kind, await self._shared.take(self._asks(kind, actor, address, by_name)))

    def stranger(self, address: str) -> None:
        """Somebody whose token is not valid: it costs as much as browsing."""
        self.read(Actor.anonymous(), address)

    def _asks(self, kind: RouteClass, actor: Actor, address: str, by_name: dict[bytes, bytes]) -> list[Ask]:
        asks: list[Ask] = []
        if actor.account_id is not None:
            asks.append((f"{kind}:{actor.account_id.int:x}", self._one[kind]))
            if kind not in _BY_BOTH:
                return asks
        else:
            for header in _GUEST_HEADERS:
                token = by_name.get(header)
                if token is not None:
                    asks.append((f"{kind}#{blake2b(token, digest_size=12).hexdigest()}", self._one[kind]))
        asks.append((f"{kind}@{network_of(address)}", self._address[kind]))
        return asks

    @staticmethod
    def _checked(kind: RouteClass, taken: Taken) -> Taken:
        if not taken.allowed:
            LIMITED.labels(kind).inc()
            raise Limited(taken)
        return taken


class Limited(RateLimited):
    """With what the caller should know to come back in time."""

    def __init__(self, taken: Taken) -> None:
        super().__init__("Too many requests, try again later.", retry_after=max(1, math.ceil(taken.wait)))
        self.taken = taken


def limit_headers(taken: Taken) -> RawHeaders:
    return [
        (b"ratelimit-limit", b"%d" % taken.limit),
        (b"ratelimit-remaining", b"%d" % taken.remaining),
        (b"ratelimit-reset", b"%d" % math.ceil(taken.reset)),
    ]
