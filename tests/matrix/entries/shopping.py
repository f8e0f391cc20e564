"""Carts, orders, payments."""

from tests.matrix.callers import Caller
from tests.matrix.entry import Entries, Entry, Target, asks, at
from tests.matrix.people import Person
from tests.matrix.shop import Shop

_CARTS = "/api/v1/carts"
_CART = f"{_CARTS}/{{cart_id}}"
_ORDERS = "/api/v1/orders"
_ORDER = f"{_ORDERS}/{{order_id}}"
_PAYMENTS = "/api/v1/payments"


def _cart(_: Shop, person: Person) -> Target:
    return at(cart_id=person.cart["id"])


def _order(_: Shop, person: Person) -> Target:
    return at(order_id=person.order["id"])


def _guests_cart(shop: Shop, _: Person) -> Target:
    return Target(body={"cart_id": shop.guest.cart["id"]}, headers={"x-cart-token": shop.guest.headers["x-cart-token"]})


def _collection(_: Shop, person: Person) -> Target:
    return at({"payment_id": person.sent["payment_id"], "amount": person.sent["total"], "reference": "R-1"})


ENTRIES: Entries = {
    f"POST {_CARTS}": Entry(),
    f"GET {_CARTS}/current": Entry(),
    # The token of the guest's cart is the proof, whoever signs in with it.
    f"POST {_CARTS}/merge": Entry(_guests_cart),
    f"GET {_CART}": Entry(_cart, guests=True),
    f"POST {_CART}/lines": Entry(
        lambda shop, person: at({"variant_id": shop.catalogue["variant"]}, cart_id=person.cart["id"]), guests=True
    ),
    f"PATCH {_CART}/lines/{{line_id}}": Entry(
        lambda _, person: at({"quantity": 3}, cart_id=person.cart["id"], line_id=person.line_id), guests=True
    ),
    f"DELETE {_CART}/lines/{{line_id}}": Entry(
        lambda _, person: at(cart_id=person.cart["id"], line_id=person.line_id), guests=True
    ),
    f"PUT {_CART}/address": Entry(
        lambda _, person: at({"email": person.email, "address": person.address}, cart_id=person.cart["id"]),
        guests=True,
    ),
    f"GET {_CART}/shipping-options": Entry(_cart, guests=True),
    f"PUT {_CART}/shipping": Entry(
        lambda _, person: at({"method_id": person.method_id}, cart_id=person.cart["id"]),
        guests=True,
    ),
    f"POST {_ORDERS}": Entry(lambda _, person: at(person.checkout), guests=True),
    f"GET {_ORDERS}": Entry(right="orders:read"),
    f"GET {_ORDER}": Entry(_order, guests=True, right="orders:read"),
    f"POST {_ORDER}/cancel": Entry(
        lambda _, person: at({}, order_id=person.order["id"]), guests=True, right="orders:write"
    ),
    f"POST {_ORDER}/shipments": Entry(lambda _, person: at({"carrier": "DHL"}, order_id=person.order["id"])),
    f"POST {_ORDER}/shipments/{{shipment_id}}/deliver": Entry(
        lambda _, person: at(order_id=person.sent["id"], shipment_id=person.sent["shipments"][0]["id"])
    ),
    f"POST {_ORDER}/notes": Entry(lambda _, person: at({"note": "called"}, order_id=person.order["id"])),
    f"GET {_ORDER}/timeline": Entry(_order),
    f"GET {_PAYMENTS}/methods": Entry(asks(amount=4599, currency="USD", country="US")),
    f"GET {_PAYMENTS}/{{payment_id}}": Entry(lambda _, person: at(payment_id=person.order["payment_id"])),
    f"POST {_PAYMENTS}/cod/collections": Entry(
        _collection, differs={Caller.key: 403}, because="a program that moves money needs step-up:waive as well"
    ),
}
