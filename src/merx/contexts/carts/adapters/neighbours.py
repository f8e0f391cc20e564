"""The neighbours' facades in the words of carts."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from merx.contexts.carts.domain.offer import Offer, ShippingOffer
from merx.contexts.catalog.api import CatalogApi, SellableVariant
from merx.contexts.inventory.api import InventoryApi
from merx.contexts.shipping.api import Parcel, ShippingApi
from merx.infra.batching import MAX_IN_FLIGHT
from merx.kernel.errors import Unavailable
from merx.kernel.money import Money


@dataclass(frozen=True, slots=True)
class _Question:
    variant_ids: Sequence[UUID]
    answer: asyncio.Future[dict[UUID, Offer]]


class CatalogOffers:
    """Questions of one instant travel to the catalogue together: every cart write asks, mostly about a few variants."""

    def __init__(self, catalog: CatalogApi) -> None:
        self._catalog = catalog
        self._waiting: list[_Question] = []
        self._running = 0
        # The event loop keeps weak references to tasks only.
        self._tasks: set[asyncio.Task[None]] = set()

    async def find(self, variant_ids: Sequence[UUID]) -> dict[UUID, Offer]:
        question = _Question(variant_ids, asyncio.get_running_loop().create_future())
        self._waiting.append(question)
        if self._running < MAX_IN_FLIGHT:
            self._running += 1
            task = asyncio.create_task(self._pump())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await question.answer

    async def _pump(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, []
                await self._ask(asked)
        finally:
            self._running -= 1

    async def _ask(self, asked: list[_Question]) -> None:
        wanted = {key for question in asked for key in question.variant_ids}
        try:
            found = await self._catalog.variants(list(wanted))
            offers = {key: _offer(variant) for key, variant in found.items()}
        except BaseException as error:
            for question in asked:
                if not question.answer.done():
                    question.answer.set_exception(error if isinstance(error, Exception) else Unavailable())
            if not isinstance(error, Exception):
                raise
            return
        for question in asked:
            if not question.answer.done():
                question.answer.set_result({key: offers[key] for key in question.variant_ids if key in offers})


def _offer(variant: SellableVariant) -> Offer:
    return Offer(
        variant.variant_id,
        variant.product_id,
        variant.product_name,
        variant.product_slug,
        variant.sku,
        variant.options,
        variant.price,
        variant.on_sale,
        variant.available,
        variant.weight_grams,
    )


@dataclass(frozen=True, slots=True)
class InventoryStockLevels:
    inventory: InventoryApi

    async def available(self, variant_ids: Sequence[UUID]) -> Mapping[UUID, int]:
        return await self.inventory.available(variant_ids)


@dataclass(frozen=True, slots=True)
class ShippingContextQuotes:
    shipping: ShippingApi

    async def offers(
        self, country: str, postal_code: str, items_total: Money, weight_grams: int
    ) -> list[ShippingOffer]:
        options = await self.shipping.options(Parcel(country, postal_code, items_total, weight_grams))
        return [ShippingOffer(o.method_id, o.code, o.name, o.price, o.days_min, o.days_max) for o in options]
