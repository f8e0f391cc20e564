"""The way into checkout: one request, combined with those that wait beside it."""

from merx.contexts.orders.usecases.checkout import PlaceOrderBatch
from merx.contexts.orders.usecases.combiner import Combiner
from merx.contexts.orders.usecases.commands import CheckoutAnswer, CheckoutRequest


class PlaceOrderHandler:
    """Raises what keeps the cart from becoming an order: CartIncomplete, CartChanged, SoldOut, NotForSale …"""

    def __init__(self, batch: PlaceOrderBatch) -> None:
        self._combine: Combiner[CheckoutRequest, CheckoutAnswer] = Combiner(batch)

    async def __call__(self, request: CheckoutRequest) -> CheckoutAnswer:
        return await self._combine(request)
