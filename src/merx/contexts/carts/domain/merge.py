"""A guest signs in: what was put into the guest's cart goes into the customer's."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from merx.contexts.carts.api import CartStatus
from merx.contexts.carts.domain.cart import MAX_LINES, MAX_QUANTITY, Cart, CartLine
from merx.contexts.carts.domain.offer import Offer
from merx.kernel.ids import new_id


class Added(msgspec.Struct, frozen=True):
    variant_id: UUID
    quantity: int


class Capped(msgspec.Struct, frozen=True):
    """`wanted` units were to be added, `added` were: stock or the limit of a line allowed no more."""

    variant_id: UUID
    wanted: int
    added: int


class Dropped(msgspec.Struct, frozen=True):
    """`reason` is not_on_sale, out_of_stock or too_many_lines."""

    variant_id: UUID
    quantity: int
    reason: str


class MergeResult(msgspec.Struct, frozen=True):
    added: list[Added] = msgspec.field(default_factory=list)
    capped: list[Capped] = msgspec.field(default_factory=list)
    dropped: list[Dropped] = msgspec.field(default_factory=list)


def merge(guest: Cart, own: Cart, offers: Mapping[UUID, Offer | None]) -> MergeResult:
    """Quantities of the same variant add up, as far as stock and limits go; the guest's cart ends.

    `offers` has None for a variant that is gone; a variant that was not looked up is taken as it is. What the
    customer's cart lacks of email, address and shipping choice comes from the guest's. Raises CartClosed.
    """
    guest.must_be_active()
    own.must_be_active()
    result = MergeResult()
    for line in guest.lines:
        _move(line, own, offers, result)
    own.email = own.email or guest.email
    own.address = own.address or guest.address
    own.shipping = own.shipping or guest.shipping
    guest.status = CartStatus.merged
    guest.merged_into = own.id
    return result


def _move(line: CartLine, own: Cart, offers: Mapping[UUID, Offer | None], result: MergeResult) -> None:
    variant_id, wanted = line.variant_id, line.quantity
    offer = offers.get(variant_id)
    if variant_id in offers and (offer is None or not offer.sold_in(own.currency)):
        result.dropped.append(Dropped(variant_id, wanted, "not_on_sale"))
        return
    present = own.line_of(variant_id)
    held = present.quantity if present else 0
    room = max(0, min(MAX_QUANTITY, offer.available if offer else MAX_QUANTITY) - held)
    added = min(wanted, room)
    if present is None and added == 0:
        result.dropped.append(Dropped(variant_id, wanted, "out_of_stock"))
        return
    if present is None:
        if len(own.lines) >= MAX_LINES:
            result.dropped.append(Dropped(variant_id, wanted, "too_many_lines"))
            return
        own.lines.append(CartLine(id=new_id(), variant_id=variant_id, quantity=added, seen_price=line.seen_price))
    else:
        present.quantity += added
    if added < wanted:
        result.capped.append(Capped(variant_id, wanted, added))
    else:
        result.added.append(Added(variant_id, added))
