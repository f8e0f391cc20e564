"""Wiring of payments."""

from collections.abc import Callable

from dependency_injector import containers, providers

from merx.contexts.orders.events import OrderCancelled
from merx.contexts.payments.adapters import http, memory, postgres, subscribers
from merx.contexts.payments.adapters.invariants import PROMISES
from merx.contexts.payments.adapters.personal_data import MATTERS, ROWS, TABLES, memory_matters
from merx.contexts.payments.domain.methods import CashOnDeliveryPolicy
from merx.contexts.payments.usecases.collect import CollectCashHandler
from merx.contexts.payments.usecases.facade import PaymentsFacade
from merx.infra.invariants import in_memory, on_postgres
from merx.infra.outbox.events import Subscriber
from merx.infra.personal_data import MemoryPersonalData, PostgresPersonalData
from merx.kernel.ports import UnitOfWork


def heard_by(uow: Callable[[], UnitOfWork], call_off: subscribers.CallOff) -> list[Subscriber]:
    return [Subscriber("payments.on_order_cancelled", OrderCancelled, call_off.on_order_cancelled, uow)]


class PaymentsContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()

    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(postgres.PostgresPaymentsUow, infra.database, infra.outbox),
        memory=providers.Factory(memory.MemoryPaymentsUow, infra.store, infra.outbox),
    )
    queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(postgres.PostgresPaymentQueries, infra.reader),
        memory=providers.Singleton(memory.MemoryPaymentQueries, infra.store),
    )
    inserts = providers.Selector(
        infra.storage,
        postgres=providers.Object(postgres.open_payments),
        memory=providers.Object(memory.open_payments),
    )
    cash = providers.Singleton(CashOnDeliveryPolicy)
    api = providers.Singleton(PaymentsFacade, inserts=inserts, cash=cash)
    collect_cash = providers.Singleton(CollectCashHandler, uow=uow.provider, clock=infra.clock)
    call_off = providers.Singleton(subscribers.CallOff, clock=infra.clock)

    personal_data = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresPersonalData, "payments", uow.provider, TABLES, None, MATTERS),
        memory=providers.Singleton(MemoryPersonalData, "payments", uow.provider, TABLES, ROWS, None, memory_matters),
    )
    invariants = providers.Selector(
        infra.storage,
        postgres=providers.Callable(on_postgres, PROMISES, infra.reader),
        memory=providers.Callable(in_memory, PROMISES, infra.store),
    )
    controllers = providers.Object((http.PaymentController,))
    handlers = providers.Dict(payments=api, payment_queries=queries, collect_cash=collect_cash)
    subscribers = providers.Callable(heard_by, uow.provider, call_off)
