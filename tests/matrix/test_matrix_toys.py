"""The matrix itself: routes that forget something are found out, each by what it forgot."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import Scope

from merx.bootstrap.api import create_app
from merx.contexts.orders.ports.queries import OrderQueries, OrderView
from merx.contexts.orders.usecases.commands import CancelOrder
from merx.contexts.orders.usecases.fulfil import CancelOrderHandler
from merx.infra.http.auth import GuestProof, customer, guest_or_owner, public, signed_in, staff
from merx.infra.http.parts import HttpParts
from merx.kernel.actor import Actor
from merx.kernel.errors import Conflict, Forbidden, NotFound
from merx.kernel.model import Command
from tests.infra.http.routes import routes_of
from tests.matrix import columns, nested
from tests.matrix.callers import Caller
from tests.matrix.entry import Entry, Target, at
from tests.matrix.fields import undeclared
from tests.matrix.people import Person
from tests.matrix.play import failures, name_of
from tests.matrix.shop import SETTINGS, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Reorder(Command, frozen=True):
    like: UUID


class Loose(msgspec.Struct):
    """Takes what it does not know, and leaves it."""

    like: UUID


class Forgetful(Controller):
    """Each of these routes has been written before, in some shop."""

    path = "/forgetful/{order_id:uuid}"

    @get("/no-owner", guards=[customer])
    async def no_owner(self, order_id: FromPath[UUID], order_queries: NamedDependency[OrderQueries]) -> OrderView:
        return await order_queries.order(order_id)

    @get("/none-is-none", guards=[guest_or_owner])
    async def none_is_none(
        self, order_id: FromPath[UUID], order_queries: NamedDependency[OrderQueries], actor: NamedDependency[Actor]
    ) -> OrderView:
        """A guest's order has no customer, and neither has staff."""
        order = await order_queries.order(order_id)
        if order.customer_id != actor.customer_id:
            raise NotFound
        return order

    @get("/any-token", guards=[guest_or_owner])
    async def any_token(
        self,
        order_id: FromPath[UUID],
        order_queries: NamedDependency[OrderQueries],
        actor: NamedDependency[Actor],
        scope: Scope,
    ) -> OrderView:
        order = await order_queries.order(order_id)
        owner = order.customer_id is not None and order.customer_id == actor.customer_id
        if not owner and b"x-order-token" not in dict(scope["headers"]):
            raise NotFound
        return order

    @get("/tells", guards=[guest_or_owner])
    async def tells(
        self,
        order_id: FromPath[UUID],
        order_queries: NamedDependency[OrderQueries],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
    ) -> OrderView:
        """Says what there is to those who may not see it."""
        order = await order_queries.order(order_id)
        if proof.opens("order", order_id) or (order.customer_id and order.customer_id == actor.customer_id):
            return order
        raise NotFound(f"the order of {order.email} is not yours")

    @get("/forbids", guards=[signed_in])
    async def forbids(
        self, order_id: FromPath[UUID], order_queries: NamedDependency[OrderQueries], actor: NamedDependency[Actor]
    ) -> OrderView:
        """403 says that there is something."""
        order = await order_queries.order(order_id)
        if order.customer_id != actor.customer_id:
            raise Forbidden
        return order

    @post("/late", guards=[public], status_code=200)
    async def late(
        self,
        order_id: FromPath[UUID],
        order_queries: NamedDependency[OrderQueries],
        cancel_order: NamedDependency[CancelOrderHandler],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
    ) -> OrderView:
        """Looks who it is when the work is done."""
        await cancel_order(actor, order_id, CancelOrder(), opens_order=True)
        order = await order_queries.order(order_id)
        if proof.opens("order", order_id) or (order.customer_id and order.customer_id == actor.customer_id):
            return order
        raise NotFound

    @get("/open", guards=[public])
    async def wide_open(self, order_id: FromPath[UUID], order_queries: NamedDependency[OrderQueries]) -> dict[str, str]:
        return {"to": (await order_queries.order(order_id)).email}

    @get("/other-right", guards=[signed_in])
    async def other_right(
        self, order_id: FromPath[UUID], order_queries: NamedDependency[OrderQueries], actor: NamedDependency[Actor]
    ) -> OrderView:
        """Asks for a right that everybody in the office has."""
        actor.must_may("catalog:read")
        return await order_queries.order(order_id)

    @post("/reorder", guards=[customer], status_code=200)
    async def reorder(
        self, order_id: FromPath[UUID], data: JSONBody[Reorder], order_queries: NamedDependency[OrderQueries]
    ) -> OrderView:
        """Takes somebody else's order for a template."""
        return await order_queries.order(data.like)

    @post("/compare", guards=[customer], status_code=200)
    async def compare(
        self,
        order_id: FromPath[UUID],
        data: JSONBody[Reorder],
        actor: NamedDependency[Actor],
        order_queries: NamedDependency[OrderQueries],
    ) -> None:
        """Tells the orders of others from those that are not there."""
        if (await order_queries.order(data.like)).customer_id != actor.customer_id:
            raise Conflict("not yours")

    @post("/loose", guards=[public], status_code=200)
    async def loose(self, order_id: FromPath[UUID], data: JSONBody[Loose]) -> dict[str, str]:
        return {"like": str(data.like)}

    @get("/sound", guards=[staff("orders:read")])
    async def sound(self, order_id: FromPath[UUID], order_queries: NamedDependency[OrderQueries]) -> OrderView:
        return await order_queries.order(order_id)


class Beside(msgspec.Struct):
    """The container of the shop, with other routes."""

    shop: Shop

    def http_parts(self) -> HttpParts:
        app = self.shop.app
        return HttpParts(
            access_tokens=app.infra.access_tokens(),
            guest_tokens=app.infra.guest_tokens(),
            idempotency=app.infra.idempotency(),
            api_keys=app.api_key_door,
            staff_rights=app.contexts.identity.staff_door(),
            controllers=[Forgetful],
            dependencies=app.handlers,
        )


def order(_: Shop, person: Person) -> Target:
    return at(order_id=person.order["id"])


GUESTS_TOO = Entry(order, guests=True)
# A word of the complaint, and who causes it.
TOYS: dict[str, tuple[Entry, str, set[Caller]]] = {
    "no-owner": (Entry(order), "must get 404, got 200", {Caller.other}),
    "none-is-none": (
        GUESTS_TOO,
        "must get 404, got 200",
        {Caller.staff, Caller.barred, Caller.key, Caller.nobodys_key},
    ),
    "any-token": (GUESTS_TOO, "must get 404, got 200", {Caller.other_guest, Caller.forger}),
    "tells": (GUESTS_TOO, "reads of Gil Guestling: gil.guest@example.com", {Caller.other, Caller.other_guest}),
    "forbids": (Entry(order), "must get 404, got 403", {Caller.other}),
    "late": (GUESTS_TOO, "refused, and yet changed", {Caller.anonymous, Caller.other, Caller.forger}),
    "open": (Entry(order), "must get 404, got 200", {Caller.anonymous, Caller.other}),
    "other-right": (Entry(order, right="orders:read"), "must get 403, got 200", {Caller.staff_without, Caller.barred}),
}


@pytest.fixture(scope="module")
def routes(shop: Shop) -> dict[str, Any]:
    api = create_app(SETTINGS, Beside(shop))
    shop.client.app = api
    return {access.path.rsplit("/", 1)[1]: access for access in api.routes if "forgetful" in access.path}


async def test_forgetful_routes_are_found_out(shop: Shop, routes: dict[str, Any]):
    unseen = []
    for name, (entry, complaint, callers) in TOYS.items():
        found = await failures(shop, routes[name], entry)
        unseen += [f"{name}: {who}" for who in callers if not _said(found, who, complaint)]
    assert unseen == []


def _said(lines: list[str], caller: Caller, complaint: str) -> bool:
    return any(f", {caller}: " in line and complaint in line for line in lines)


async def test_forgotten_ids_in_bodies_are_found_out(shop: Shop, routes: dict[str, Any]):
    described = {str(route): route for route in routes_of(shop.client.app)}
    entry = Entry(lambda _, person: at({"like": person.order["id"]}, order_id=person.order["id"]))

    async def found(name: str) -> str:
        lines, _ = await nested.failures(shop, routes[name], described[name_of(routes[name])], entry)
        return "\n".join(lines)

    order_id = shop.owner.order["id"]
    assert f"Bob Otherby with body like={order_id} of Ada Ownersen: got 200" in await found("reorder")
    assert f"with body like={order_id} of Ada Ownersen: got 409 resource.conflict, and an unknown" in await found(
        "compare"
    )


async def test_a_body_that_takes_anything_is_found_out(shop: Shop, routes: dict[str, Any]):
    described = {str(route): route for route in routes_of(shop.client.app)}
    entry = Entry(lambda _, person: at({"like": person.order["id"]}, order_id=person.order["id"]))
    found, tried = await columns.failures(shop, routes["loose"], described[name_of(routes["loose"])], entry)
    assert len(found) == tried > 10
    assert any(": is_staff: 200" in line for line in found)


async def test_a_sound_route_passes(shop: Shop, routes: dict[str, Any]):
    assert await failures(shop, routes["sound"], Entry(order)) == []


async def test_what_is_not_there_is_no_proof(shop: Shop, routes: dict[str, Any]):
    """Everybody is refused a thing that does not exist: the owner must get it."""
    found = await failures(shop, routes["sound"], Entry(lambda shop, person: at(order_id=person.cart["id"])))
    assert any(f"{Caller.staff}: must get a good answer, got 404" in line for line in found)


async def test_all_is_as_before_in_the_end(shop: Shop, routes: dict[str, Any]):
    before = shop.memory.fingerprint()
    await failures(shop, routes["late"], GUESTS_TOO)
    assert shop.memory.fingerprint() == before


async def test_an_entry_says_why_it_differs():
    with pytest.raises(ValueError, match="because"):
        Entry(order, differs={Caller.other: 200})


async def test_names_are_those_of_the_messages(routes: dict[str, Any]):
    assert name_of(routes["sound"]) == "GET /api/v1/forgetful/{order_id}/sound"


async def test_a_field_that_nobody_published_is_found_out():
    order = [{"$ref": "#/components/schemas/OrderView"}]
    address = {"city": "Here", "geo": {"lat": 1}}
    seen = {"id": "1", "lines": [{"sku": "S", "cost_price": 1}], "address": address, "risk": "high"}
    assert sorted(undeclared(seen, order)) == ["address.geo", "lines.cost_price", "risk"]
    either = [
        {"oneOf": [{"$ref": "#/components/schemas/VariantStock"}, {"$ref": "#/components/schemas/AvailabilityView"}]}
    ]
    stock = {"variant_id": "1", "available": 1, "on_hand": 2, "locations": [{"on_hand": 2}]}
    assert list(undeclared(stock, either)) == []
    assert list(undeclared(stock, either, {"VariantStock"})) == ["on_hand", "locations"]
