"""What the inventory hears: new variants, parcels that left, orders that were called off."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from merx.contexts.catalog.events import ProductsPublished, VariantsAdded
from merx.contexts.inventory.domain.stock import Movement, MovementKind
from merx.contexts.inventory.ports.repositories import InventoryUow
from merx.contexts.orders.events import OrderCancelled, OrderShipped
from merx.kernel.ports import Clock


async def keep_stock(event: ProductsPublished | VariantsAdded, uow: InventoryUow) -> None:
    """Stock is kept for every variant from the start, at zero."""
    await uow.stock.open(list(event.variant_ids))


@dataclass(frozen=True, slots=True)
class GiveBack:
    clock: Clock

    async def on_order_cancelled(self, event: OrderCancelled, uow: InventoryUow) -> None:
        await self._move(uow, event.id, event.order_id, event.quantities, sent=False)

    async def on_order_shipped(self, event: OrderShipped, uow: InventoryUow) -> None:
        await self._move(uow, event.id, event.order_id, event.quantities, sent=True)

    async def _move(
        self, uow: InventoryUow, cause: UUID, order_id: UUID, quantities: Mapping[UUID, int], *, sent: bool
    ) -> None:
        shelf = await uow.stock.lock(sorted(quantities))
        if await uow.stock.followed(cause):
            return
        allocations = [a for a in await uow.stock.allocations(order_id) if a.variant_id in shelf]
        moved = shelf.give_back(allocations, quantities, sent=sent)
        movements = [
            Movement(
                variant_id=item.variant_id,
                location_id=item.location_id,
                kind=MovementKind.shipped if sent else MovementKind.released,
                on_hand=-item.quantity if sent else 0,
                allocated=-item.quantity,
                order_id=order_id,
                actor="system",
                cause=cause,
            )
            for item in moved
        ]
        await uow.stock.write(shelf, movements, allocations)
        uow.emit(*shelf.events(self.clock))
