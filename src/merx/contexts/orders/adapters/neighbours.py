"""Other contexts in the words of orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from merx.contexts.carts.api import CartsApi, CartStatus
from merx.contexts.catalog.api import CatalogApi
from merx.contexts.inventory.api import AllocationRequest, InventoryApi
from merx.contexts.orders.ports.neighbours import (
    Bill,
    CartLine,
    LockedCart,
    Missing,
    Offer,
    ShippingOffer,
    StockWish,
)
from merx.contexts.payments.api import OpenPayment, PaymentsApi
from merx.contexts.shipping.api import Parcel, ShippingApi
from merx.infra.failpoints import failpoint
from merx.infra.guest_tokens import GuestTokens
from merx.kernel.model import Event
from merx.kernel.money import Money
from merx.kernel.ports import Transaction


@dataclass(frozen=True, slots=True)
class CartsOfCheckout:
    api: CartsApi

    async def lock(self, tx: Transaction, cart_ids: Sequence[UUID]) -> dict[UUID, LockedCart]:
        return {
            cart_id: LockedCart(
                cart.id,
                cart.status is CartStatus.active,
                cart.status is CartStatus.completed,
                cart.customer_id,
                cart.currency,
                cart.email,
                cart.address,
                cart.shipping_method_id,
                [CartLine(line.variant_id, line.quantity) for line in cart.lines],
            )
            for cart_id, cart in (await self.api.lock(tx, cart_ids)).items()
        }

    async def complete(self, tx: Transaction, cart_ids: Sequence[UUID], at: datetime) -> None:
        await self.api.complete(tx, cart_ids, at)


@dataclass(frozen=True, slots=True)
class CatalogPrices:
    api: CatalogApi

    async def offers(self, variant_ids: Sequence[UUID]) -> Mapping[UUID, Offer]:
        return {
            variant_id: Offer(
                variant_id, v.product_id, v.product_name, v.sku, v.options, v.price, v.on_sale, v.weight_grams
            )
            for variant_id, v in (await self.api.variants(variant_ids)).items()
        }


@dataclass(frozen=True, slots=True)
class InventoryHolds:
    api: InventoryApi

    async def allocate(
        self, tx: Transaction, wishes: Sequence[StockWish]
    ) -> tuple[list[tuple[Missing, ...]], list[Event]]:
        requests = [AllocationRequest(wish.order_id, wish.quantities) for wish in wishes]
        outcomes, events = await self.api.allocate(tx, requests)
        failpoint("checkout.after-stock")
        gaps = [tuple(Missing(s.variant_id, s.wanted, s.available) for s in o.shortages) for o in outcomes]
        return gaps, events


@dataclass(frozen=True, slots=True)
class ShippingRates:
    api: ShippingApi

    async def offers(
        self, country: str, postal_code: str, items_total: Money, weight_grams: int
    ) -> list[ShippingOffer]:
        options = await self.api.options(Parcel(country, postal_code, items_total, weight_grams))
        return [ShippingOffer(option.method_id, option.code, option.name, option.price) for option in options]


@dataclass(frozen=True, slots=True)
class PaymentsOfCheckout:
    api: PaymentsApi

    def offers(self, method: str, amount: Money, country: str) -> bool:
        return any(offer.code == method and offer.offline for offer in self.api.methods(amount, country))

    async def open(self, tx: Transaction, bills: Sequence[Bill], at: datetime) -> None:
        payments = [OpenPayment(bill.payment_id, bill.order_id, bill.method, bill.amount) for bill in bills]
        await self.api.open(tx, payments, at)


@dataclass(frozen=True, slots=True)
class GuestOrderTokens:
    tokens: GuestTokens

    def issue(self, order_id: UUID) -> str:
        return self.tokens.issue("order", order_id)
