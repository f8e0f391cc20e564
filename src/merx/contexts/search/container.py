"""Wiring of search."""

from datetime import timedelta
from typing import Any

from dependency_injector import containers, providers

from merx.contexts.search.adapters.http import SearchController
from merx.contexts.search.adapters.memory import MemorySearchIndex
from merx.contexts.search.adapters.neighbours import CatalogProducts
from merx.contexts.search.adapters.subscribers import Listener, subscribers
from merx.contexts.search.adapters.tantivy.index import FolderSearchIndex
from merx.contexts.search.usecases.find_products import FindProductsHandler
from merx.contexts.search.usecases.keep_index import IndexKeeper
from merx.contexts.search.usecases.reindex import ReindexHandler
from merx.contexts.search.usecases.request_reindex import RequestReindexHandler
from merx.contexts.search.usecases.suggest import SuggestHandler
from merx.infra.health import Probe
from merx.infra.memory import MemoryUow
from merx.infra.outbox.jobs import Job
from merx.infra.postgres import PostgresUow


class SearchContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()
    catalog: providers.Dependency[Any] = providers.Dependency()

    index = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(FolderSearchIndex, infra.settings.provided.search_folder),
        memory=providers.Singleton(MemorySearchIndex),
    )
    products = providers.Singleton(CatalogProducts, catalog)
    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresUow, infra.database, infra.outbox),
        memory=providers.Factory(MemoryUow, infra.store, infra.outbox),
    )

    find_products = providers.Singleton(FindProductsHandler, index)
    suggest_products = providers.Singleton(SuggestHandler, index)
    request_reindex = providers.Singleton(RequestReindexHandler, uow.provider, infra.clock)
    reindex = providers.Singleton(ReindexHandler, index, products)
    keeper = providers.Singleton(
        IndexKeeper, index, products, reindex, pause=infra.settings.provided.search_refresh_seconds
    )
    listener = providers.Singleton(Listener, keeper)

    controllers = providers.Object((SearchController,))
    handlers = providers.Dict(
        find_products=find_products,
        suggest_products=suggest_products,
        request_reindex=request_reindex,
        shop_currency=infra.settings.provided.currency,
    )
    subscribers = providers.Callable(subscribers, listener)
    schedule = providers.List(
        # A folder that was lost or that an upgrade made useless.
        providers.Factory(
            Job, name="search.ensure_index", every=timedelta(minutes=5), handler=listener.provided.on_check_due
        ),
        # Heals whatever drifted, and takes the tombstones away.
        providers.Factory(
            Job,
            name="search.rebuild_index",
            every=timedelta(days=1),
            offset=timedelta(hours=3, minutes=30),
            handler=listener.provided.on_rebuild_due,
        ),
    )
    probes = providers.List(
        providers.Factory(Probe, name="search", check=index.provided.probe, required=False),
    )
