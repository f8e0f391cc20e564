"""What other contexts may ask of orders."""

from typing import Protocol
from uuid import UUID


class OrdersApi(Protocol):
    async def has_bought(self, customer_id: UUID, product_id: UUID) -> bool:
        """True when an order of that customer with that product was placed and not cancelled."""
        ...
