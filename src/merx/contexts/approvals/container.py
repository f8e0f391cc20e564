"""Wiring of approvals. What is asked for belongs to other contexts: they bring who carries it out."""

from dependency_injector import containers, providers

from merx.contexts.approvals.adapters.http import ApprovalsController
from merx.contexts.approvals.adapters.memory import MemoryApprovalQueries
from merx.contexts.approvals.adapters.postgres import PostgresApprovalQueries
from merx.contexts.approvals.usecases.decide import DecideHandler
from merx.infra.memory import MemoryUow
from merx.infra.postgres import PostgresUow


class ApprovalsContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()
    carriers: providers.Dependency[dict[str, object]] = providers.Dependency()

    queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresApprovalQueries, infra.reader),
        memory=providers.Singleton(MemoryApprovalQueries, infra.store),
    )
    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresUow, infra.database, infra.outbox),
        memory=providers.Factory(MemoryUow, infra.store, infra.outbox),
    )
    decide = providers.Singleton(
        DecideHandler,
        uow=uow.provider,
        second=infra.second_person,
        queries=queries,
        carriers=carriers,
        clock=infra.clock,
    )

    controllers = providers.Object((ApprovalsController,))
    handlers = providers.Dict(approval_queries=queries, decide=decide, approval_clock=infra.clock)
    subscribers = providers.List()
