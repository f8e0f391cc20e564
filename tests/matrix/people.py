"""Whose things they are: two customers and two guests who have the same kinds of things, staff, and programs."""

from typing import Any
from uuid import UUID

import msgspec

PASSWORD = "correct horse battery"


class Person(msgspec.Struct, kw_only=True):
    """`headers` prove who calls; for a guest they are the tokens of this cart and order alone.

    `cart` is ready for checkout. `order` was placed, `sent` has a parcel on its way. `words` are what nobody else may
    read: an answer with one of them shows something of this person.
    """

    name: str
    email: str
    account_id: UUID | None = None
    headers: dict[str, str] = {}
    session_id: str = ""
    refresh_token: str = ""
    address: dict[str, Any] = {}
    address_id: str = ""
    cart: dict[str, Any] = {}
    order: dict[str, Any] = {}
    sent: dict[str, Any] = {}
    words: list[str] = []

    @property
    def line_id(self) -> str:
        return str(self.cart["lines"][0]["id"])

    @property
    def method_id(self) -> str:
        return str(self.cart["shipping"]["method"]["id"])

    @property
    def checkout(self) -> dict[str, Any]:
        """The body that orders the cart."""
        return {"cart_id": self.cart["id"], "payment_method": "cod", "expected_total": self.cart["total"]}

    def ids(self) -> set[str]:
        """Ids of everything that belongs to this person and to nobody else."""
        lines = [line["id"] for thing in (self.cart, self.order, self.sent) for line in thing["lines"]]
        found = {
            self.session_id,
            self.address_id,
            str(self.account_id or ""),
            *(thing["id"] for thing in (self.cart, self.order, self.sent)),
            *(thing["payment_id"] for thing in (self.order, self.sent)),
            *(shipment["id"] for shipment in self.sent["shipments"]),
            *lines,
        }
        return found - {""}


def postal_address(name: str, street: str) -> dict[str, Any]:
    return {
        "name": name, "line1": street, "city": "San Francisco", "country": "US", "region": "CA", "postal_code": "94105",
        "phone": "",
    }  # fmt: skip
