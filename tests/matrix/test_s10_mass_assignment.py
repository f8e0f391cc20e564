"""Nobody writes a column that the route does not offer: every column of the database is tried on every body."""

from collections.abc import Iterator

import pytest

from merx.infra.http.auth import RouteAccess
from tests.infra.http.examples import structs_in
from tests.infra.http.routes import Route, routes_of
from tests.matrix.columns import columns_of, failures
from tests.matrix.entries.everything import ENTRIES
from tests.matrix.play import name_of
from tests.matrix.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Of the shop and not of its customers: no body of theirs has such a field, whatever it does with it.
OF_THE_SHOP = {
    "role", "roles", "permissions", "scopes", "is_staff", "kind", "status", "state", "customer_id", "account_id",
    "user_id", "price", "unit_price", "amount", "total", "discount", "currency", "items_total", "shipping_total",
    "captured", "refunded", "paid_at", "placed_at", "cancelled_at", "created_at", "updated_at", "version", "number",
    "payment_id", "email_verified_at", "credentials_version", "password_hash", "on_hand", "allocated", "available",
}  # fmt: skip
# What a customer may say of these, and why that gives no power.
SAID_BY_CUSTOMERS = {
    ("POST /api/v1/carts", "currency"),  # of the prices to see; the prices themselves come from the catalogue
    ("POST /api/v1/orders", "amount"),  # what the shopper agreed to: another total than the shop's is refused
    ("POST /api/v1/orders", "currency"),
}


def with_bodies(shop: Shop) -> Iterator[tuple[RouteAccess, Route]]:
    described = {str(route): route for route in routes_of(shop.api)}
    for access in shop.api.routes:
        route = described[name_of(access)]
        if route.body is not None and not route.raw and name_of(access) in ENTRIES:
            yield access, route


async def test_s10_no_column_can_be_written_that_a_route_does_not_offer(shop: Shop):
    found: list[str] = []
    tried: dict[str, int] = {}
    for access, route in with_bodies(shop):
        wrong, count = await failures(shop, access, route, ENTRIES[name_of(access)])
        found += wrong
        tried[name_of(access)] = count
    assert found == [], "\n" + "\n".join(found[:100])
    assert len(tried) > 30
    assert sum(tried.values()) > 1000
    register = next(access for access, _ in with_bodies(shop) if access.path.endswith("/auth/register"))
    assert {"password_hash", "permissions", "email_verified_at", "role"} <= set(columns_of(register))


async def test_s10_customers_say_nothing_that_is_the_shops_to_say(shop: Shop):
    said = set()
    for access, route in with_bodies(shop):
        if access.rule.name != "staff":
            names = {field.encode_name for _, _, fields in structs_in(route.body) for field in fields}
            said |= {(name_of(access), name) for name in names & OF_THE_SHOP}
    assert said == SAID_BY_CUSTOMERS
