"""Wiring of audit."""

from datetime import timedelta

from dependency_injector import containers, providers

from merx.contexts.audit.adapters.folder import FolderAnchors
from merx.contexts.audit.adapters.http import AuditController
from merx.contexts.audit.adapters.invariants import promises
from merx.contexts.audit.adapters.memory import MemoryAnchors, MemoryAuditQueries
from merx.contexts.audit.adapters.personal_data import ROWS, TABLES
from merx.contexts.audit.adapters.postgres import PostgresAuditQueries
from merx.contexts.audit.usecases.anchor import AnchorTrailHandler
from merx.contexts.audit.usecases.verify import VerifyTrailHandler
from merx.infra.memory import MemoryUow
from merx.infra.outbox.jobs import Job
from merx.infra.personal_data import MemoryPersonalData, PostgresPersonalData
from merx.infra.postgres import PostgresUow


class AuditContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()

    queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresAuditQueries, infra.reader),
        memory=providers.Singleton(MemoryAuditQueries, infra.store),
    )
    anchors = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(FolderAnchors, infra.settings.provided.anchor_folder),
        memory=providers.Singleton(MemoryAnchors),
    )
    verify_trail = providers.Singleton(
        VerifyTrailHandler, queries=queries, anchors=anchors, seals=infra.trail_seals.provider
    )
    anchor_trail = providers.Singleton(
        AnchorTrailHandler, queries=queries, anchors=anchors, verify=verify_trail, clock=infra.clock
    )

    # The trail is written by the units of work of others; this one only reads.
    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresUow, infra.database, infra.outbox),
        memory=providers.Factory(MemoryUow, infra.store, infra.outbox),
    )
    personal_data = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresPersonalData, "audit", uow.provider, TABLES),
        memory=providers.Singleton(MemoryPersonalData, "audit", uow.provider, TABLES, ROWS),
    )

    invariants = providers.Callable(promises, verify_trail, infra.clock)
    controllers = providers.Object((AuditController,))
    handlers = providers.Dict(audit_queries=queries, verify_trail=verify_trail, audit_clock=infra.clock)
    subscribers = providers.List()
    schedule = providers.List(
        # Just after midnight in UTC a day is over, and once an hour: what came after the last anchor is what somebody
        # who rewrites the database could leave out unseen.
        providers.Factory(
            Job, name="audit.anchor", every=timedelta(hours=1), offset=timedelta(minutes=1), handler=anchor_trail
        ),
    )
