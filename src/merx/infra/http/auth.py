"""Who may call a route. Every route declares one rule as a guard; a route without one stops the start.

    class Orders(Controller):
        path = "/orders"

        @get("/{order_id:uuid}", guards=[guest_or_owner], …)
        @post("/{order_id:uuid}/shipments", guards=[staff("orders:write")], …)

A rule closes the door early and says for whom the route is. What a caller may do with one particular order is decided
where the order is known, in the use case.

A right may have limits, which the door cannot judge. Without `limits` a rule lets in those whose right has none; with
`staff("payments:write", limits=(Limit.amount,))` it lets in all who hold the right, and the use case has to ask
`actor.must_may("payments:write", amount=...)`.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import HTTPRoute
from loguru import logger

from merx.infra.guest_tokens import GuestTokens
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import Forbidden, MerxError, NotFound, SecondFactorNeeded, Unauthenticated, Unavailable
from merx.kernel.rights import Limit

_NOBODY = "send `Authorization: Bearer …` with the access token of POST /api/v1/auth/login, or an API key"
_AS_GUEST = "nothing is shown without an account or the token of the cart or order: `X-Cart-Token`, `X-Order-Token`"

_Connection = ASGIConnection[Any, Any, Any, Any]

# The header that carries the token of each kind of thing a guest may own.
GUEST_HEADERS = {"cart": "x-cart-token", "order": "x-order-token"}


def actor_of(connection: _Connection) -> Actor:
    """Who calls, as the middleware found out."""
    actor = connection.scope["state"].get("actor")
    return actor if isinstance(actor, Actor) else Actor.anonymous()


class Undecided(Unavailable):
    """A rule failed where it should have answered. Nobody is let in by accident."""

    slug = "auth.undecided"
    title = "Whether you may could not be found out"


def refusal_of(error: Exception) -> MerxError:
    """What a check of who may come in raised. One that failed itself lets nobody in, and somebody must look at it."""
    if isinstance(error, MerxError):
        return error
    logger.opt(exception=error).error("a check of who may come in failed: {}", type(error).__name__)
    return Undecided()


class Rule(msgspec.Struct, frozen=True):
    """`name` is one of public, signed_in, customer, staff, guest_or_owner; `permission` belongs to staff.

    `limits` are those that the use case behind the route asks for.

    `fresh`: only soon after the caller proved who it is. `alive`: only while the session of the token goes on, which is
    looked up. A token is good for minutes after its session ended, which must be no time to make it good for longer.
    `limited`: also for staff that still owes a second factor.
    """

    name: str
    permission: str = ""
    limits: tuple[Limit, ...] = ()
    fresh: bool = False
    alive: bool = False
    limited: bool = False

    async def __call__(self, connection: _Connection, _handler: BaseRouteHandler) -> None:
        self.check(connection)

    def check(self, connection: _Connection) -> None:
        """Raises Unauthenticated, Forbidden or NotFound, and Undecided for any failure of its own.

        StepUpNeeded and SecondFactorNeeded are of the first two.
        """
        try:
            self._check(connection)
        except Exception as error:
            raise refusal_of(error) from error.__cause__

    def _check(self, connection: _Connection) -> None:
        if self.name == "public":
            return
        actor = actor_of(connection)
        if actor.is_limited and not self.limited:
            raise SecondFactorNeeded
        anonymous = actor.kind is ActorKind.anonymous
        if self.name == "guest_or_owner":
            # Without an account and without any token nothing can be shown: the same answer as for an unknown id.
            if anonymous and not any(header in connection.headers for header in GUEST_HEADERS.values()):
                raise NotFound(_AS_GUEST)
            return
        if anonymous:
            raise Unauthenticated(_NOBODY)
        if self.name == "customer" and actor.kind is not ActorKind.customer:
            raise Forbidden("this is for customers")
        if self.name == "staff":
            if not actor.is_staff:
                raise Forbidden("this is for staff")
            if self.limits:
                actor.must_hold(self.permission)
            else:
                actor.must_may(self.permission)
        if self.fresh:
            actor.must_be_fresh()


public = Rule("public")
signed_in = Rule("signed_in")
customer = Rule("customer")
guest_or_owner = Rule("guest_or_owner")


def staff(permission: str, *, limits: tuple[Limit, ...] = (), fresh: bool = False) -> Rule:
    """Staff and API keys that hold `permission`, such as `orders:write`. With `limits` the use case asks too."""
    return Rule("staff", permission, limits, fresh, alive=fresh)


def fresh(rule: Rule) -> Rule:
    """The same callers, soon after they proved who they are: `guards=[fresh(signed_in)]`."""
    return msgspec.structs.replace(rule, fresh=True, alive=True)


def alive(rule: Rule) -> Rule:
    """The same callers, while the session of their token goes on: for what ends a change that began `fresh`."""
    return msgspec.structs.replace(rule, alive=True)


def even_limited(rule: Rule) -> Rule:
    """The same callers, and staff that still owes a second factor: for what leads out of that."""
    return msgspec.structs.replace(rule, limited=True)


class GuestProof:
    """Which carts and orders the caller can open with the tokens it sent. Handlers pass the answer to the use case."""

    __slots__ = ("_sent", "_tokens")

    def __init__(self, tokens: GuestTokens, sent: dict[str, str]) -> None:
        self._tokens = tokens
        self._sent = sent

    def opens(self, kind: str, subject_id: UUID) -> bool:
        """True when the caller holds the token of this `cart` or `order`. Raises Undecided."""
        try:
            return self._tokens.check(kind, subject_id, self._sent.get(kind))
        except Exception as error:
            raise refusal_of(error) from error.__cause__


class RouteAccess(msgspec.Struct, frozen=True):
    """One line of the access matrix."""

    method: str
    path: str
    rule: Rule
    handler: HTTPRouteHandler


def route_rules(handler: HTTPRouteHandler) -> list[Rule]:
    """All rules of a route, the outermost layer first. All are checked: an inner rule can only narrow."""
    return [guard for layer in handler.ownership_layers for guard in layer.guards or () if isinstance(guard, Rule)]


def handlers_of(controller: type[Controller]) -> list[BaseRouteHandler]:
    """Its routes, and those that it inherits. `inspect.getmembers` asks the class for each name, ten times as long."""
    members = {name: each for layer in reversed(controller.__mro__) for name, each in vars(layer).items()}
    return [each for each in members.values() if isinstance(each, BaseRouteHandler)]


def limits_of(controllers: Iterable[type[Controller]]) -> dict[str, frozenset[Limit]]:
    """Every permission that a route of these asks for, with the limits that some use case behind them knows."""
    found: dict[str, frozenset[Limit]] = {}
    for controller in controllers:
        layers = [vars(controller).get("guards") or (), *(handler.guards or () for handler in handlers_of(controller))]
        for rule in [rule for guards in layers for rule in guards if isinstance(rule, Rule) and rule.permission]:
            found[rule.permission] = found.get(rule.permission, frozenset()) | frozenset(rule.limits)
    return found


class OpenRoutes(RuntimeError):
    """Routes that do not say who may call them."""


def check_routes_closed(app: Litestar) -> list[RouteAccess]:
    """The access matrix of all routes. Raises OpenRoutes that lists every route without a rule."""
    found: list[RouteAccess] = []
    missing: list[str] = []
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            missing.append(f"{route.path} ({type(route).__name__})")
            continue
        for method, (handler, _) in sorted(route.route_handler_map.items()):
            if rules := route_rules(handler):
                found.append(RouteAccess(str(method), route.path_format, rules[-1], handler))
            elif method != "OPTIONS":  # made by Litestar, answers the allowed methods and nothing else
                missing.append(f"{method} {route.path_format}")
    if missing:
        raise OpenRoutes("these routes declare no access rule: " + ", ".join(sorted(missing)))
    return found
