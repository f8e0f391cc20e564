"""Wiring of orders. The one context that joins others in its transaction gets their facades as neighbours."""

from collections.abc import Callable
from typing import Any

from dependency_injector import containers, providers

from merx.contexts.identity.events import EmailChanged, EmailVerified
from merx.contexts.orders.adapters import http, keys, neighbours, subscribers
from merx.contexts.orders.adapters.invariants import PROMISES
from merx.contexts.orders.adapters.memory import MemoryOrderQueries, MemoryOrdersUow
from merx.contexts.orders.adapters.personal_data import (
    MATTERS,
    ROWS,
    TABLES,
    TRACES,
    memory_matters,
    memory_traces,
)
from merx.contexts.orders.adapters.postgres import EMAIL_KEYS, PostgresOrderQueries, PostgresOrdersUow
from merx.contexts.orders.usecases.checkout import PlaceOrderBatch
from merx.contexts.orders.usecases.facade import OrdersFacade
from merx.contexts.orders.usecases.fulfil import CancelOrderHandler, ShipOrderHandler
from merx.contexts.orders.usecases.place_order import PlaceOrderHandler
from merx.contexts.payments.events import PaymentSucceeded
from merx.infra.invariants import in_memory, on_postgres
from merx.infra.outbox.events import Subscriber
from merx.infra.personal_data import MemoryPersonalData, PostgresPersonalData
from merx.kernel.ports import UnitOfWork


def heard_by(uow: Callable[[], UnitOfWork], settle: subscribers.Settle) -> list[Subscriber]:
    return [
        Subscriber("orders.on_email_verified", EmailVerified, subscribers.on_email_verified, uow),
        Subscriber("orders.on_email_changed", EmailChanged, subscribers.on_email_changed, uow),
        Subscriber("orders.on_payment_succeeded", PaymentSucceeded, settle.on_payment_succeeded, uow),
    ]


class OrdersContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()
    carts: providers.Dependency[Any] = providers.Dependency()
    catalog: providers.Dependency[Any] = providers.Dependency()
    inventory: providers.Dependency[Any] = providers.Dependency()
    shipping: providers.Dependency[Any] = providers.Dependency()
    payments: providers.Dependency[Any] = providers.Dependency()

    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresOrdersUow, infra.database, infra.outbox),
        memory=providers.Factory(MemoryOrdersUow, infra.store, infra.outbox),
    )
    queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresOrderQueries, infra.reader),
        memory=providers.Singleton(MemoryOrderQueries, infra.store),
    )
    api = providers.Singleton(OrdersFacade, queries=queries)

    batch = providers.Singleton(
        PlaceOrderBatch,
        uow=uow.provider,
        clock=infra.clock,
        carts=providers.Singleton(neighbours.CartsOfCheckout, carts),
        prices=providers.Singleton(neighbours.CatalogPrices, catalog),
        stock=providers.Singleton(neighbours.InventoryHolds, inventory),
        shipping=providers.Singleton(neighbours.ShippingRates, shipping),
        payments=providers.Singleton(neighbours.PaymentsOfCheckout, payments),
        answers=providers.Singleton(keys.KeptAnswers, infra.answers),
        tokens=providers.Singleton(neighbours.GuestOrderTokens, infra.guest_tokens),
        queries=queries,
    )
    place_order = providers.Singleton(PlaceOrderHandler, batch)
    cancel_order = providers.Singleton(CancelOrderHandler, uow=uow.provider, clock=infra.clock)
    ship_order = providers.Singleton(ShipOrderHandler, uow=uow.provider, clock=infra.clock)
    settle = providers.Singleton(subscribers.Settle, clock=infra.clock)

    personal_data = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresPersonalData, "orders", uow.provider, TABLES, TRACES, MATTERS, EMAIL_KEYS),
        memory=providers.Singleton(
            MemoryPersonalData, "orders", uow.provider, TABLES, ROWS, memory_traces, memory_matters
        ),
    )
    invariants = providers.Selector(
        infra.storage,
        postgres=providers.Callable(on_postgres, PROMISES, infra.reader),
        memory=providers.Callable(in_memory, PROMISES, infra.store),
    )
    controllers = providers.Object((http.OrderController,))
    handlers = providers.Dict(
        order_queries=queries,
        place_order=place_order,
        cancel_order=cancel_order,
        ship_order=ship_order,
    )
    subscribers = providers.Callable(heard_by, uow.provider, settle)
