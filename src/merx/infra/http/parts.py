"""What the composition root hands to the HTTP frame."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from litestar import Controller

from merx.infra.cache import ByteCache
from merx.infra.guest_tokens import GuestTokens
from merx.infra.health import Probe
from merx.infra.http.callers import ApiKeys, InPlace, LiveSessions, RefusedRequests, StaffRights
from merx.infra.idempotency.store import IdempotencyStore
from merx.infra.limits.buckets import Buckets
from merx.infra.tokens import AccessTokens

Hook = Callable[[], Awaitable[None]]


class HttpParts(msgspec.Struct, frozen=True, kw_only=True):
    """`dependencies` are the objects handlers name with `NamedDependency`, or a Litestar `Provide`.

    `idempotency` keeps the answers of routes that declare `once`; it may be absent where there is no such route.

    `buckets` count for all processes; without them this process counts alone.

    `on_startup` runs before the first request is let in, `on_shutdown` after the last one was answered, each in order.
    """

    access_tokens: AccessTokens
    guest_tokens: GuestTokens
    idempotency: IdempotencyStore | None = None
    controllers: Sequence[type[Controller]] = ()
    dependencies: Mapping[str, Any] = {}
    probes: Sequence[Probe] = ()
    cache: ByteCache | None = None
    api_keys: ApiKeys | None = None
    staff_rights: StaffRights | None = None
    in_place: InPlace | None = None
    refused_requests: RefusedRequests | None = None
    live_sessions: LiveSessions | None = None
    buckets: Buckets | None = None
    on_startup: Sequence[Hook] = ()
    on_shutdown: Sequence[Hook] = ()


class HttpSource(Protocol):
    """The application's container, as far as the frame needs it."""

    def http_parts(self) -> HttpParts: ...
