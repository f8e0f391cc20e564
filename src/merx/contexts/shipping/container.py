"""Wiring of shipping."""

from dependency_injector import containers, providers

from merx.contexts.shipping.adapters.http import (
    MethodsController,
    RatesController,
    ServiceabilityController,
    ZonesController,
)
from merx.contexts.shipping.adapters.memory import MemoryShippingQueries, MemoryShippingUow
from merx.contexts.shipping.adapters.postgres import PostgresShippingQueries, PostgresShippingUow
from merx.contexts.shipping.usecases.facade import CheckServiceabilityHandler, ShippingFacade
from merx.contexts.shipping.usecases.methods import ChangeMethodHandler, CreateMethodHandler, RemoveMethodHandler
from merx.contexts.shipping.usecases.rates import ChangeRateHandler, CreateRateHandler, RemoveRateHandler
from merx.contexts.shipping.usecases.rules import CurrentRules
from merx.contexts.shipping.usecases.seed import SeedShippingHandler
from merx.contexts.shipping.usecases.zones import ChangeZoneHandler, CreateZoneHandler, RemoveZoneHandler


class ShippingContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()

    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresShippingUow, infra.database, infra.outbox),
        memory=providers.Factory(MemoryShippingUow, infra.store, infra.outbox),
    )
    queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresShippingQueries, infra.reader),
        memory=providers.Singleton(MemoryShippingQueries, infra.store),
    )
    rules = providers.Singleton(CurrentRules, queries, infra.clock)

    create_zone = providers.Singleton(CreateZoneHandler, uow.provider, rules)
    change_zone = providers.Singleton(ChangeZoneHandler, uow.provider, rules)
    remove_zone = providers.Singleton(RemoveZoneHandler, uow.provider, rules)
    create_method = providers.Singleton(CreateMethodHandler, uow.provider, rules)
    change_method = providers.Singleton(ChangeMethodHandler, uow.provider, rules)
    remove_method = providers.Singleton(RemoveMethodHandler, uow.provider, rules)
    create_rate = providers.Singleton(CreateRateHandler, uow.provider, rules)
    change_rate = providers.Singleton(ChangeRateHandler, uow.provider, rules)
    remove_rate = providers.Singleton(RemoveRateHandler, uow.provider, rules)
    check_serviceability = providers.Singleton(CheckServiceabilityHandler, rules)
    seed_shipping = providers.Singleton(SeedShippingHandler, uow.provider, rules)
    api = providers.Singleton(ShippingFacade, rules)

    controllers = providers.Object((ServiceabilityController, ZonesController, MethodsController, RatesController))
    handlers = providers.Dict(
        shipping_queries=queries,
        check_serviceability=check_serviceability,
        create_zone=create_zone,
        change_zone=change_zone,
        remove_zone=remove_zone,
        create_method=create_method,
        change_method=change_method,
        remove_method=remove_method,
        create_rate=create_rate,
        change_rate=change_rate,
        remove_rate=remove_rate,
    )
    subscribers = providers.List()
