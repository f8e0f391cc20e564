"""Wiring of carts."""

from datetime import timedelta
from typing import Any

from dependency_injector import containers, providers

from merx.contexts.carts.adapters.http import CartsController
from merx.contexts.carts.adapters.memory import MemoryCartReads, MemoryCartsUow, MemoryCheckoutCarts
from merx.contexts.carts.adapters.neighbours import CatalogOffers, InventoryStockLevels, ShippingContextQuotes
from merx.contexts.carts.adapters.personal_data import ROWS, TABLES, TRACES, memory_traces
from merx.contexts.carts.adapters.postgres import (
    EMAIL_KEYS,
    CombinedCartEdits,
    PostgresCartReads,
    PostgresCartsUow,
    PostgresCheckoutCarts,
)
from merx.contexts.carts.usecases.delivery import (
    ChooseShippingHandler,
    ListShippingOptionsHandler,
    SetAddressHandler,
)
from merx.contexts.carts.usecases.edit_lines import AddLineHandler, ChangeLineHandler, RemoveLineHandler
from merx.contexts.carts.usecases.forget_guest_carts import ForgetGuestCartsHandler
from merx.contexts.carts.usecases.merge_carts import MergeCartsHandler
from merx.contexts.carts.usecases.open_cart import OpenCartHandler, ReadCartHandler
from merx.contexts.carts.usecases.screen import CartScreen
from merx.contexts.carts.usecases.single_edits import SingleCartEdits
from merx.infra.outbox.jobs import Job
from merx.infra.personal_data import MemoryPersonalData, PostgresPersonalData
from merx.infra.postal import I18nPostalRules


class CartsContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()
    catalog: providers.Dependency[Any] = providers.Dependency()
    inventory: providers.Dependency[Any] = providers.Dependency()
    shipping: providers.Dependency[Any] = providers.Dependency()

    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresCartsUow, infra.database, infra.outbox),
        memory=providers.Factory(MemoryCartsUow, infra.store, infra.outbox),
    )
    reads = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresCartReads, infra.reader),
        memory=providers.Singleton(MemoryCartReads, infra.store),
    )
    single_edits = providers.Singleton(SingleCartEdits, uow.provider)
    edits = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(CombinedCartEdits, uow.provider, single_edits),
        memory=single_edits,
    )
    api = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresCheckoutCarts),
        memory=providers.Singleton(MemoryCheckoutCarts),
    )
    offers = providers.Singleton(CatalogOffers, catalog)
    stock = providers.Singleton(InventoryStockLevels, inventory)
    quotes = providers.Singleton(ShippingContextQuotes, shipping)
    screen = providers.Singleton(CartScreen, offers, stock, quotes)

    open_cart = providers.Singleton(
        OpenCartHandler, uow.provider, reads, screen, infra.clock, infra.settings.provided.currency
    )
    read_cart = providers.Singleton(ReadCartHandler, reads, screen, infra.settings.provided.currency)
    add_line = providers.Singleton(AddLineHandler, edits, reads, offers, screen, infra.clock)
    change_line = providers.Singleton(ChangeLineHandler, edits, reads, offers, screen, infra.clock)
    remove_line = providers.Singleton(RemoveLineHandler, edits, screen, infra.clock)
    set_address = providers.Singleton(
        SetAddressHandler, edits, screen, infra.clock, providers.Singleton(I18nPostalRules)
    )
    list_shipping_options = providers.Singleton(ListShippingOptionsHandler, read_cart, screen)
    choose_shipping = providers.Singleton(ChooseShippingHandler, edits, read_cart, screen, infra.clock)
    merge_carts = providers.Singleton(MergeCartsHandler, uow.provider, reads, offers, stock, screen, infra.clock)

    personal_data = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresPersonalData, "carts", uow.provider, TABLES, TRACES, keys=EMAIL_KEYS),
        memory=providers.Singleton(MemoryPersonalData, "carts", uow.provider, TABLES, ROWS, memory_traces),
    )
    controllers = providers.Object((CartsController,))
    handlers = providers.Dict(
        open_cart=open_cart,
        read_cart=read_cart,
        add_cart_line=add_line,
        change_cart_line=change_line,
        remove_cart_line=remove_line,
        set_cart_address=set_address,
        list_shipping_options=list_shipping_options,
        choose_cart_shipping=choose_shipping,
        merge_carts=merge_carts,
        cart_tokens=infra.guest_tokens,
    )
    subscribers = providers.List()
    schedule = providers.List(
        providers.Factory(
            Job,
            name="carts.forget-guest-carts",
            every=timedelta(minutes=10),
            handler=providers.Singleton(ForgetGuestCartsHandler, infra.clock, infra.settings.provided.guest_cart_days),
            uow=uow.provider,
        )
    )
