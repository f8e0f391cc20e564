"""Wiring of users."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from dependency_injector import containers, providers

from merx.contexts.identity.events import AccountClosed, AccountRegistered, EmailChanged
from merx.contexts.orders.events import OrderCancelled, OrderPlaced, OrderShipped
from merx.contexts.users.adapters import subscribers
from merx.contexts.users.adapters.http import (
    AddressBookController,
    ConsentsController,
    GroupsController,
    MeController,
    UsersController,
)
from merx.contexts.users.adapters.memory import MemoryUsersQueries, MemoryUsersUow
from merx.contexts.users.adapters.neighbours import IdentityAccounts
from merx.contexts.users.adapters.personal_data import ROWS, TABLES
from merx.contexts.users.adapters.postgres import PostgresUsersQueries, PostgresUsersUow
from merx.contexts.users.usecases.address_book import (
    ChangeAddressHandler,
    ReadAddressesHandler,
    RemoveAddressHandler,
    SaveAddressHandler,
)
from merx.contexts.users.usecases.consents import RecordConsentHandler
from merx.contexts.users.usecases.forget_consents import ForgetConsentsHandler
from merx.contexts.users.usecases.groups import (
    ChangeGroupHandler,
    CreateGroupHandler,
    MembershipHandler,
    RemoveGroupHandler,
)
from merx.contexts.users.usecases.profiles import ChangeProfileHandler, ReadMeHandler
from merx.contexts.users.usecases.staff import ChangeUserHandler, ReadUserHandler
from merx.infra.outbox.events import Subscriber
from merx.infra.outbox.jobs import Job
from merx.infra.personal_data import MemoryPersonalData, PostgresPersonalData
from merx.infra.postal import I18nPostalRules
from merx.kernel.ports import UnitOfWork


def heard_by(uow: Callable[[], UnitOfWork]) -> list[Subscriber]:
    return [
        Subscriber("users.on_account_registered", AccountRegistered, subscribers.on_account_registered, uow),
        Subscriber("users.on_account_closed", AccountClosed, subscribers.on_account_closed, uow),
        Subscriber("users.on_email_changed", EmailChanged, subscribers.on_email_changed, uow),
        Subscriber("users.on_order_placed", OrderPlaced, subscribers.on_order_placed, uow),
        Subscriber("users.on_order_shipped", OrderShipped, subscribers.on_order_shipped, uow),
        Subscriber("users.on_order_cancelled", OrderCancelled, subscribers.on_order_cancelled, uow),
    ]


class UsersContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()
    identity: providers.Dependency[Any] = providers.Dependency()

    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresUsersUow, infra.database, infra.outbox),
        memory=providers.Factory(MemoryUsersUow, infra.store, infra.outbox),
    )
    queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresUsersQueries, infra.reader),
        memory=providers.Singleton(MemoryUsersQueries, infra.store),
    )
    accounts = providers.Singleton(IdentityAccounts, identity)
    postal = providers.Singleton(I18nPostalRules)

    read_me = providers.Singleton(ReadMeHandler, uow.provider, queries, accounts)
    change_profile = providers.Singleton(ChangeProfileHandler, uow.provider, accounts, infra.clock)
    read_addresses = providers.Singleton(ReadAddressesHandler, queries, postal)
    save_address = providers.Singleton(SaveAddressHandler, uow.provider, accounts, postal, infra.clock)
    change_address = providers.Singleton(ChangeAddressHandler, uow.provider, postal)
    remove_address = providers.Singleton(RemoveAddressHandler, uow.provider)

    record_consent = providers.Singleton(RecordConsentHandler, uow.provider, accounts, infra.clock)
    read_user = providers.Singleton(ReadUserHandler, uow.provider, queries, accounts)
    change_user = providers.Singleton(ChangeUserHandler, uow.provider, queries, accounts, infra.clock)
    create_group = providers.Singleton(CreateGroupHandler, uow.provider, infra.clock)
    change_group = providers.Singleton(ChangeGroupHandler, uow.provider)
    remove_group = providers.Singleton(RemoveGroupHandler, uow.provider)
    group_membership = providers.Singleton(MembershipHandler, uow.provider, queries, accounts, infra.clock)

    personal_data = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresPersonalData, "users", uow.provider, TABLES),
        memory=providers.Singleton(MemoryPersonalData, "users", uow.provider, TABLES, ROWS),
    )
    controllers = providers.Object(
        (MeController, AddressBookController, ConsentsController, UsersController, GroupsController)
    )
    handlers = providers.Dict(
        users_queries=queries,
        read_me=read_me,
        change_profile=change_profile,
        read_addresses=read_addresses,
        save_address=save_address,
        change_address=change_address,
        remove_address=remove_address,
        record_consent=record_consent,
        read_user=read_user,
        change_user=change_user,
        create_group=create_group,
        change_group=change_group,
        remove_group=remove_group,
        group_membership=group_membership,
    )
    subscribers = providers.Callable(heard_by, uow.provider)
    schedule = providers.List(
        providers.Factory(
            Job,
            name="users.forget-consents",
            every=timedelta(days=1),
            handler=providers.Singleton(ForgetConsentsHandler, infra.clock),
            uow=uow.provider,
        )
    )
