"""Wiring of operations. Jobs and invariants belong to other contexts: the application hands them in."""

from typing import Any

from dependency_injector import containers, providers

from merx.contexts.operations.adapters.dead_letters import OutboxDeadLetterQueries
from merx.contexts.operations.adapters.http import DeadLettersController, InvariantsController, JobsController
from merx.contexts.operations.adapters.memory import MemoryJobQueries, MemoryOperationsUow
from merx.contexts.operations.adapters.postgres import PostgresJobQueries, PostgresOperationsUow
from merx.contexts.operations.usecases.dead_letters import RetryDeadLettersHandler
from merx.contexts.operations.usecases.invariants import CheckInvariantsHandler
from merx.contexts.operations.usecases.jobs import SteerJobHandler


class OperationsContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()
    all_jobs: providers.Dependency[Any] = providers.Dependency()
    all_invariants: providers.Dependency[Any] = providers.Dependency()

    job_queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresJobQueries, infra.reader, all_jobs.provider),
        memory=providers.Singleton(MemoryJobQueries, infra.store, all_jobs.provider),
    )
    dead_letter_queries = providers.Singleton(OutboxDeadLetterQueries, infra.deliveries)
    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresOperationsUow, infra.database, infra.outbox, all_jobs.provider),
        memory=providers.Factory(MemoryOperationsUow, infra.store, infra.outbox, all_jobs.provider),
    )
    steer_job = providers.Singleton(SteerJobHandler, uow=uow.provider, clock=infra.clock)
    retry_dead_letters = providers.Singleton(RetryDeadLettersHandler, uow=uow.provider)
    check_invariants = providers.Singleton(
        CheckInvariantsHandler, invariants=all_invariants.provider, clock=infra.clock
    )

    controllers = providers.Object((JobsController, DeadLettersController, InvariantsController))
    handlers = providers.Dict(
        job_queries=job_queries,
        dead_letter_queries=dead_letter_queries,
        steer_job=steer_job,
        retry_dead_letters=retry_dead_letters,
        check_invariants=check_invariants,
        operations_clock=infra.clock,
    )
    subscribers = providers.List()
