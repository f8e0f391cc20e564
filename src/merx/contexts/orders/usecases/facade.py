"""OrdersApi."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.orders.ports.queries import OrderQueries


@dataclass(frozen=True, slots=True)
class OrdersFacade:
    queries: OrderQueries

    async def has_bought(self, customer_id: UUID, product_id: UUID) -> bool:
        return await self.queries.has_bought(customer_id, product_id)
