"""What identity forgets, and when."""

from datetime import timedelta
from typing import Any

from dependency_injector import containers, providers

from merx.contexts.identity.usecases.forget_codes import ForgetCodesHandler
from merx.contexts.identity.usecases.forget_invitations import ForgetInvitationsHandler
from merx.contexts.identity.usecases.forget_provider_sign_ins import ForgetProviderSignInsHandler
from merx.contexts.identity.usecases.forget_sessions import ForgetSessionsHandler
from merx.infra.outbox.jobs import Job


class HousekeepingContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()
    uow: providers.Dependency[Any] = providers.Dependency()

    schedule = providers.List(
        providers.Factory(
            Job,
            name="identity.forget-sessions",
            every=timedelta(hours=1),
            handler=providers.Singleton(ForgetSessionsHandler, infra.clock),
            uow=uow.provider,
        ),
        providers.Factory(
            Job,
            name="identity.forget-codes",
            every=timedelta(hours=1),
            handler=providers.Singleton(ForgetCodesHandler, infra.clock),
            uow=uow.provider,
        ),
        providers.Factory(
            Job,
            name="identity.forget-invitations",
            every=timedelta(days=1),
            offset=timedelta(hours=3),
            handler=providers.Singleton(ForgetInvitationsHandler, infra.clock),
            uow=uow.provider,
        ),
        providers.Factory(
            Job,
            name="identity.forget-provider-sign-ins",
            every=timedelta(hours=1),
            handler=providers.Singleton(ForgetProviderSignInsHandler, infra.clock),
            uow=uow.provider,
        ),
    )
