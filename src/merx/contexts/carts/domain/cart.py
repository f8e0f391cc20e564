"""The cart: lines, where they go, and how. Prices stay in the catalogue; a line remembers the one its shopper saw."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.contexts.carts.api import CartStatus
from merx.contexts.carts.domain.errors import (
    CartClosed,
    LineNotFound,
    NotOnSale,
    OtherCurrency,
    QuantityLimit,
    TooManyLines,
    UnknownVariant,
)
from merx.contexts.carts.domain.offer import Offer, ShippingOffer
from merx.kernel.address import Address, email_in_one_form
from merx.kernel.errors import FieldError, KeyReused
from merx.kernel.ids import new_id
from merx.kernel.model import Entity, Value

MAX_QUANTITY = 999
MAX_LINES = 200
# Attempts that a cart remembers; a client repeats the last one or two, not the fortieth.
MAX_ATTEMPTS = 32
# Digests of what was asked once.
SECRET = frozenset({"attempts"})


class CartLine(msgspec.Struct, kw_only=True):
    """`seen_price` is the unit price at the last write of the line, in minor units of the cart's currency."""

    id: UUID
    variant_id: UUID
    quantity: int
    seen_price: int


class Attempt(Value, frozen=True):
    """A request that must count once. `key` and `fingerprint` (of its body) are digests."""

    key: str
    fingerprint: str


class ShippingChoice(Value, frozen=True):
    """The shopper's choice and the price seen with it. What it costs now is asked for whenever it matters."""

    method_id: UUID
    code: str
    name: str
    days_min: int
    days_max: int
    seen_price: int


class Cart(Entity):
    """No `customer_id` means a guest's: whoever holds its token may use it."""

    currency: str
    created_at: datetime
    updated_at: datetime
    status: CartStatus = CartStatus.active
    customer_id: UUID | None = None
    email: str | None = None
    address: Address | None = None
    shipping: ShippingChoice | None = None
    lines: list[CartLine] = msgspec.field(default_factory=list)
    attempts: list[Attempt] = msgspec.field(default_factory=list)
    merged_into: UUID | None = None
    completed_at: datetime | None = None

    def copy(self) -> "Cart":
        """Changing the copy leaves this one as it is."""
        lines = [msgspec.structs.replace(line) for line in self.lines]
        return msgspec.structs.replace(self, lines=lines, attempts=list(self.attempts))

    def must_be_active(self) -> None:
        """Raises CartClosed."""
        if self.status is not CartStatus.active:
            raise CartClosed(f"the cart is {self.status}")

    def line(self, line_id: UUID) -> CartLine:
        """Raises LineNotFound."""
        for line in self.lines:
            if line.id == line_id:
                return line
        raise LineNotFound

    def line_of(self, variant_id: UUID) -> CartLine | None:
        for line in self.lines:
            if line.variant_id == variant_id:
                return line
        return None

    def first_time(self, attempt: Attempt) -> bool:
        """False for an attempt that was counted before; remembers it otherwise. Raises KeyReused."""
        for known in self.attempts:
            if known.key == attempt.key:
                if known.fingerprint != attempt.fingerprint:
                    raise KeyReused
                return False
        self.attempts = [*self.attempts[1 - MAX_ATTEMPTS :], attempt]
        return True

    def add(self, offer: Offer | None, quantity: int) -> None:
        """Units of a variant; the same variant again adds up. `None` is a variant the catalogue does not know.

        Raises UnknownVariant, NotOnSale, OtherCurrency, QuantityLimit, TooManyLines, CartClosed.
        """
        self.must_be_active()
        sold = self._sold(offer)
        line = self.line_of(sold.variant_id)
        if line is None:
            if len(self.lines) >= MAX_LINES:
                raise TooManyLines(f"a cart holds {MAX_LINES} lines", extra={"limit": MAX_LINES})
            line = CartLine(id=new_id(), variant_id=sold.variant_id, quantity=0, seen_price=0)
            self.lines.append(line)
        wanted = line.quantity + quantity
        if wanted > MAX_QUANTITY:
            raise QuantityLimit(
                f"a line holds {MAX_QUANTITY} units; the cart has {line.quantity}",
                extra={"limit": MAX_QUANTITY, "quantity": line.quantity},
            )
        line.quantity = wanted
        line.seen_price = sold.price.amount

    def change(self, line_id: UUID, quantity: int, offer: Offer | None) -> None:
        """Set the quantity. Fewer units are always allowed, more only while the variant is sold.

        Raises LineNotFound, CartClosed, and as `add`.
        """
        self.must_be_active()
        line = self.line(line_id)
        if quantity > line.quantity:
            self._sold(offer)
        line.quantity = quantity
        if offer is not None and offer.sold_in(self.currency):
            line.seen_price = offer.price.amount

    def remove(self, line_id: UUID) -> None:
        """Raises LineNotFound, CartClosed."""
        self.must_be_active()
        self.lines.remove(self.line(line_id))

    def deliver_to(self, email: str, address: Address) -> None:
        """Raises CartClosed, and Invalid for an e-mail that is too long as it is kept."""
        self.must_be_active()
        # One letter has one form, as in accounts: what a guest ordered is found by the e-mail that she proves later.
        self.email = email_in_one_form(email)
        self.address = address

    def ship_with(self, offer: ShippingOffer) -> None:
        """Raises CartClosed."""
        self.must_be_active()
        self.shipping = ShippingChoice(
            method_id=offer.method_id,
            code=offer.code,
            name=offer.name,
            days_min=offer.days_min,
            days_max=offer.days_max,
            seen_price=offer.price.amount,
        )

    def _sold(self, offer: Offer | None) -> Offer:
        if offer is None:
            raise UnknownVariant(fields=(FieldError("variant_id", "is no variant of this shop"),))
        if not offer.on_sale:
            raise NotOnSale
        if offer.price.currency != self.currency:
            raise OtherCurrency(
                f"sold in {offer.price.currency}, the cart is in {self.currency}",
                fields=(FieldError("variant_id", f"is not sold in {self.currency}"),),
            )
        return offer
