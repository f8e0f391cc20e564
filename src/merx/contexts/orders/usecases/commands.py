"""What customers and staff can ask of an order."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from merx.contexts.orders.ports.neighbours import RequestKey
from merx.kernel.actor import Actor
from merx.kernel.model import Command
from merx.kernel.money import Money
from merx.kernel.text import LINE

_Words = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z")]


class PlaceOrder(Command, frozen=True):
    """`expected_total` is what the shopper saw and agreed to; another total is refused with the present one."""

    cart_id: UUID
    payment_method: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,40}\Z")]
    expected_total: Money


class CheckoutRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`opens_cart` is True when the caller proved the cart's guest token."""

    command: PlaceOrder
    actor: Actor
    opens_cart: bool
    key: RequestKey


class CheckoutAnswer(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    replayed: bool


class CancelOrder(Command, frozen=True):
    reason: _Words = ""


class ShippedLine(Command, frozen=True):
    line_id: UUID
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]


class ShipOrder(Command, frozen=True):
    """Without `lines` everything that is open goes."""

    carrier: Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE)]
    tracking_number: Annotated[str, Meta(max_length=100, pattern=r"^[\x20-\x7e]*\Z")] = ""
    lines: Annotated[list[ShippedLine], Meta(max_length=500)] = []


class NoteOnOrder(Command, frozen=True):
    note: Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"^[^\x00]+\Z")]
