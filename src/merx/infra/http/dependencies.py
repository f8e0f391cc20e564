"""The bridge from the container to handlers. `@inject` on handlers is forbidden: its marker reads as a query parameter.

Handlers take `NamedDependency[...]` arguments; the application registers `provide(container.place_order)` by name.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from litestar import Litestar
from litestar.datastructures import Headers
from litestar.di import Provide
from litestar.params import SkipValidationMarker
from litestar.routes import HTTPRoute
from litestar.types import Empty, Scope

from merx.infra.http.auth import GUEST_HEADERS, GuestProof
from merx.infra.tokens import GuestTokens
from merx.kernel.actor import Actor


def provide(make: Callable[[], Any]) -> Provide:
    """A dependency that is `make()` for every request; a container provider (`container.place_order`) fits."""

    async def dependency() -> Any:
        return make()

    return Provide(dependency)


async def current_actor(scope: Scope) -> Actor:
    actor: Actor = scope["state"]["actor"]
    return actor


def guest_proof(tokens: GuestTokens) -> Provide:
    async def dependency(scope: Scope) -> GuestProof:
        headers = Headers.from_scope(scope)
        sent = {kind: headers[name] for kind, name in GUEST_HEADERS.items() if name in headers}
        return GuestProof(tokens, sent)

    return Provide(dependency)


def settle_dependencies(app: Litestar) -> None:
    """Make injected arguments cheap, and let their types be Protocols. Call once all routes are registered.

    Litestar opens a task group for dependencies that do not need each other, which costs five times the request
    (107 against 14 µs for five): ours never wait for anything, so they are resolved one after the other. It also
    checks each with isinstance at every request, which a Protocol refuses: the type checker has done that already.
    """
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler, model in route.route_handler_map.values():
            model.dependency_batches = [{item} for batch in model.dependency_batches for item in _by_key(batch)]
            injected = {item.key for batch in model.dependency_batches for item in batch}
            fields = handler.parsed_fn_signature.parameters
            for name in injected & fields.keys():
                fields[name] = replace(fields[name], metadata=(*fields[name].metadata, SkipValidationMarker()))
            # Built again on next use, from the fields just marked.
            handler._signature_model = Empty  # noqa: SLF001


def _by_key(batch: set[Any]) -> list[Any]:
    return sorted(batch, key=lambda item: str(item.key))
