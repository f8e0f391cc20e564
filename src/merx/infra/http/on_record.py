"""What the frame itself puts into the audit trail: what staff is about to change in the place of a customer, and what
was refused to callers without the right. Requests are named without anything that a caller typed, but ids.
"""

from uuid import UUID

from litestar import Litestar
from litestar.routes import HTTPRoute
from loguru import logger

from merx.infra.http.asgi import Scope
from merx.infra.http.callers import InPlace, RefusedRequests
from merx.kernel.actor import Actor

# Set in scope["state"] to the slug of an answer 403.
REFUSED_AS = "refused_as"


class Operations:
    """`PATCH /api/v1/users/me/addresses/0190…`: the template of the route, with those of its values that are UUIDs.

    A value that is none stays as `{address_id}`; a path of no route is left out. Found before routing, too.
    """

    def __init__(self, app: Litestar) -> None:
        self._routes: dict[int, list[tuple[str, ...]]] = {}
        for route in app.routes:
            if isinstance(route, HTTPRoute):
                parts = tuple(part if isinstance(part, str) else f"{{{part.name}}}" for part in route.path_components)
                self._routes.setdefault(len(parts), []).append(parts)
        for known in self._routes.values():
            # The router takes a fixed part before a value, from the left on.
            known.sort(key=lambda parts: [part.startswith("{") for part in parts])

    def name(self, method: str, path: str) -> str:
        sent = [part for part in path.split("/") if part]
        for parts in self._routes.get(len(sent), ()):
            if all(part.startswith("{") or part == given for part, given in zip(parts, sent, strict=True)):
                return f"{method} /" + "/".join(map(_told, parts, sent))
        return method


def _told(part: str, given: str) -> str:
    if part.startswith("{"):
        try:
            return str(UUID(given))
        except ValueError:
            pass
    return part


class OnRecord:
    def __init__(self, operations: Operations, in_place: InPlace | None, refused: RefusedRequests | None) -> None:
        self._operations = operations
        self._in_place = in_place
        self._refused = refused

    async def in_place(self, actor: Actor, method: str, path: str) -> None:
        """Before the change. Raises Unavailable: what cannot be put on record is not done."""
        if self._in_place is not None:
            await self._in_place.note(actor, self._operations.name(method, path))

    async def refused(self, method: str, scope: Scope) -> None:
        """After the answer, which waits for nothing. Never raises: there is nobody left to tell."""
        state = scope.get("state", {})
        actor = state.get("actor")
        if self._refused is None or not isinstance(actor, Actor):
            return
        operation = self._operations.name(method, scope["path"])
        try:
            await self._refused.request(actor, operation, state.get(REFUSED_AS, ""))
        except Exception as error:
            logger.bind(request_id=actor.request_id).warning("a refusal is not on record: {}", type(error).__name__)
