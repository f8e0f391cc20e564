"""Wiring of users."""

from typing import Any

from dependency_injector import containers, providers

from merx.contexts.identity.events import AccountRegistered
from merx.contexts.users.adapters import subscribers
from merx.contexts.users.adapters.http import AddressBookController, MeController
from merx.contexts.users.adapters.memory import MemoryUsersQueries, MemoryUsersUow
from merx.contexts.users.adapters.neighbours import IdentityAccounts
from merx.contexts.users.adapters.postgres import PostgresUsersQueries, PostgresUsersUow
from merx.contexts.users.usecases.address_book import (
    ChangeAddressHandler,
    ReadAddressesHandler,
    RemoveAddressHandler,
    SaveAddressHandler,
)
from merx.contexts.users.usecases.profiles import ChangeProfileHandler, ReadMeHandler
from merx.infra.outbox.events import Subscriber
from merx.infra.postal import I18nPostalRules


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

    controllers = providers.Object((MeController, AddressBookController))
    handlers = providers.Dict(
        read_me=read_me,
        change_profile=change_profile,
        read_addresses=read_addresses,
        save_address=save_address,
        change_address=change_address,
        remove_address=remove_address,
    )
    subscribers = providers.List(
        providers.Factory(
            Subscriber,
            name="users.on_account_registered",
            event=providers.Object(AccountRegistered),
            handler=providers.Object(subscribers.on_account_registered),
            uow=uow.provider,
        ),
    )
