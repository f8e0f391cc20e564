"""Wiring of the inventory."""

from collections.abc import Callable

from dependency_injector import containers, providers

from merx.contexts.catalog.events import ProductsPublished, VariantsAdded
from merx.contexts.inventory.adapters import http, subscribers
from merx.contexts.inventory.adapters.invariants import promises
from merx.contexts.inventory.adapters.memory import MemoryInventoryQueries, MemoryInventoryUow, MemoryStockLedger
from merx.contexts.inventory.adapters.postgres import (
    PostgresInventoryQueries,
    PostgresInventoryUow,
    PostgresStockLedger,
)
from merx.contexts.inventory.domain.write_off import WriteOffLimit
from merx.contexts.inventory.usecases.facade import InventoryFacade
from merx.contexts.inventory.usecases.stock import WRITE_OFF, CountStockHandler
from merx.contexts.orders.events import OrderCancelled, OrderShipped
from merx.infra.outbox.events import Subscriber
from merx.kernel.ports import UnitOfWork


def heard_by(uow: Callable[[], UnitOfWork], give_back: subscribers.GiveBack) -> list[Subscriber]:
    return [
        Subscriber("inventory.on_products_published", ProductsPublished, subscribers.keep_stock, uow),
        Subscriber("inventory.on_variants_added", VariantsAdded, subscribers.keep_stock, uow),
        Subscriber("inventory.on_order_cancelled", OrderCancelled, give_back.on_order_cancelled, uow),
        Subscriber("inventory.on_order_shipped", OrderShipped, give_back.on_order_shipped, uow),
    ]


class InventoryContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()

    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresInventoryUow, infra.database, infra.outbox),
        memory=providers.Factory(MemoryInventoryUow, infra.store, infra.outbox),
    )
    queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresInventoryQueries, infra.reader),
        memory=providers.Singleton(MemoryInventoryQueries, infra.store),
    )
    ledgers = providers.Selector(
        infra.storage,
        postgres=providers.Object(PostgresStockLedger),
        memory=providers.Object(MemoryStockLedger),
    )
    api = providers.Singleton(InventoryFacade, ledgers=ledgers, levels=queries, clock=infra.clock)
    count_stock = providers.Singleton(
        CountStockHandler,
        uow=uow.provider,
        clock=infra.clock,
        limit=providers.Singleton(WriteOffLimit, infra.settings.provided.second_person_write_off_units),
        second=infra.second_person,
    )
    approved = providers.Dict({WRITE_OFF.name: count_stock.provided.approved})
    give_back = providers.Singleton(subscribers.GiveBack, clock=infra.clock)

    invariants = providers.Callable(promises, queries)
    controllers = providers.Object((http.InventoryController,))
    handlers = providers.Dict(inventory_queries=queries, count_stock=count_stock)
    subscribers = providers.Callable(heard_by, uow.provider, give_back)
