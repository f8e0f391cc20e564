"""The control of every race for stock: a shop that looks first and takes later, without a lock in between.

Everything else is the real thing. When this one does not sell too much, the race proves nothing.
"""

import asyncio
import os
from collections.abc import Sequence
from uuid import UUID

from dependency_injector import providers

from merx.bootstrap.api import Api, create_app
from merx.bootstrap.container import App
from merx.contexts.inventory.adapters.postgres.ledger import PostgresStockLedger
from merx.contexts.inventory.domain.stock import Shelf, Stock
from merx.contexts.orders.usecases.checkout import PlaceOrderBatch
from merx.contexts.orders.usecases.commands import CheckoutAnswer, CheckoutRequest
from merx.infra.postgres import compiled
from merx.infra.settings import load_settings

_LOOK = compiled(
    """
    select variant_id, location_id, on_hand, allocated, sequence from inventory.stock
     where variant_id = any(cast(:ids as uuid[]))
    """
)
THINKING_SECONDS = 0.02


class CarelessLedger(PostgresStockLedger):
    async def lock(self, variant_ids: Sequence[UUID]) -> Shelf:
        rows = await self._tx.fetch(_LOOK, ids=list(variant_ids))
        await asyncio.sleep(THINKING_SECONDS)
        return Shelf(
            Stock(variant_id=row[0], location_id=row[1], on_hand=row[2], allocated=row[3], sequence=row[4])
            for row in rows
        )


class OneByOne:
    """Checkout without the combiner: a transaction for each request."""

    def __init__(self, batch: PlaceOrderBatch) -> None:
        self._batch = batch

    async def __call__(self, request: CheckoutRequest) -> CheckoutAnswer:
        (answer,) = await self._batch([request])
        if isinstance(answer, Exception):
            raise answer
        return answer


def made_careless(app: App) -> App:
    """The same application, before anything of it was used."""
    app.contexts.inventory.ledgers.override(providers.Object(CarelessLedger))
    app.contexts.orders.place_order.override(providers.Singleton(OneByOne, app.contexts.orders.batch))
    return app


def careless_api() -> Api:
    """For uvicorn; reads `MERX_*`."""
    settings = load_settings(os.environ)
    return create_app(settings, made_careless(App(settings)))
