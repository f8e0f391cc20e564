"""Wiring of the catalogue."""

from collections.abc import Callable

from dependency_injector import containers, providers

from merx.contexts.catalog.adapters import http, subscribers
from merx.contexts.catalog.adapters.memory import MemoryCatalog, MemoryCatalogQueries, MemoryCatalogUow
from merx.contexts.catalog.adapters.postgres import PostgresCatalog, PostgresCatalogQueries, PostgresCatalogUow
from merx.contexts.catalog.domain.price_limit import PriceLimit
from merx.contexts.catalog.events import ProductsChanged, ProductsPublished, ProductsWithdrawn
from merx.contexts.catalog.usecases.change_status import ChangeStatusHandler
from merx.contexts.catalog.usecases.edit_product import EDIT, CreateProductHandler, EditProductHandler
from merx.contexts.catalog.usecases.edit_taxonomy import CreateCategoryHandler, EditBrandHandler, EditCategoryHandler
from merx.contexts.catalog.usecases.import_catalogue import ImportCatalogueHandler
from merx.contexts.inventory.events import StockChanged
from merx.infra.outbox.events import Subscriber
from merx.kernel.ports import UnitOfWork


def heard_by(uow: Callable[[], UnitOfWork]) -> list[Subscriber]:
    counted = (ProductsPublished, ProductsChanged, ProductsWithdrawn)
    return [
        Subscriber("catalog.on_stock_changed", StockChanged, subscribers.on_stock_changed, uow),
        *(
            Subscriber(f"catalog.count_products.{event.__name__}", event, subscribers.count_products, uow)
            for event in counted
        ),
    ]


class CatalogContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()

    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresCatalogUow, infra.database, infra.outbox),
        memory=providers.Factory(MemoryCatalogUow, infra.store, infra.outbox),
    )
    queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresCatalogQueries, infra.reader),
        memory=providers.Singleton(MemoryCatalogQueries, infra.store),
    )
    api = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresCatalog, infra.reader),
        memory=providers.Singleton(MemoryCatalog, infra.store),
    )

    create_product = providers.Singleton(CreateProductHandler, uow=uow.provider, clock=infra.clock)
    edit_product = providers.Singleton(
        EditProductHandler,
        uow=uow.provider,
        clock=infra.clock,
        limit=providers.Singleton(PriceLimit, infra.settings.provided.second_person_price_percent),
        second=infra.second_person,
    )
    approved = providers.Dict({EDIT.name: edit_product.provided.approved})
    change_status = providers.Singleton(ChangeStatusHandler, uow=uow.provider, clock=infra.clock)
    create_category = providers.Singleton(CreateCategoryHandler, uow=uow.provider)
    edit_category = providers.Singleton(EditCategoryHandler, uow=uow.provider, clock=infra.clock)
    edit_brand = providers.Singleton(EditBrandHandler, uow=uow.provider, clock=infra.clock)
    import_catalogue = providers.Singleton(ImportCatalogueHandler, uow=uow.provider, clock=infra.clock)

    controllers = providers.Object(
        (
            http.ProductController,
            http.CategoryController,
            http.BrandController,
            http.StaffProducts,
            http.StaffCategories,
            http.StaffBrands,
        )
    )
    handlers = providers.Dict(
        catalog_queries=queries,
        create_product=create_product,
        edit_product=edit_product,
        change_product_status=change_status,
        create_category=create_category,
        edit_category=edit_category,
        edit_brand=edit_brand,
    )
    subscribers = providers.Callable(heard_by, uow.provider)
