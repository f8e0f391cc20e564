"""Wiring of privacy. It sees the part of every context; no context sees it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from dependency_injector import containers, providers

from merx.contexts.identity.events import EmailChanged, PasswordChanged
from merx.contexts.privacy.adapters.folder import FolderExportFiles
from merx.contexts.privacy.adapters.http import ExportController, MyErasureController, StaffErasureController
from merx.contexts.privacy.adapters.memory import MemoryExportFiles, MemoryPrivacyQueries, MemoryPrivacyUow
from merx.contexts.privacy.adapters.neighbours import IdentityAccounts
from merx.contexts.privacy.adapters.personal_data import ROWS, TABLES
from merx.contexts.privacy.adapters.postgres import PostgresPrivacyQueries, PostgresPrivacyUow
from merx.contexts.privacy.adapters.subscribers import VoidCodes
from merx.contexts.privacy.events import ErasureDue, ExportAsked
from merx.contexts.privacy.usecases.ask_erasure import (
    AskErasureHandler,
    CancelErasureHandler,
    ConfirmErasureHandler,
    ErasePersonHandler,
)
from merx.contexts.privacy.usecases.erase import EraseHandler, FindDueErasuresHandler
from merx.contexts.privacy.usecases.exports import (
    AskExportHandler,
    ForgetExportsHandler,
    MakeExportHandler,
    ReadExportFileHandler,
)
from merx.infra.one_time_codes import OneTimeCodes
from merx.infra.outbox.events import Subscriber
from merx.infra.outbox.jobs import Job
from merx.infra.personal_data import MemoryPersonalData, PostgresPersonalData
from merx.infra.personal_data.platform import MemoryPlatformData, PostgresPlatformData
from merx.infra.settings import Settings
from merx.kernel.actor import IN_PLACE_SECONDS
from merx.kernel.ports import UnitOfWork

# An access token is good a little longer than it says, for clocks differ.
_LEEWAY = timedelta(seconds=120)


def token_life(settings: Settings) -> timedelta:
    """How long what was handed out before an account was closed opens doors, also to staff in its place."""
    return timedelta(seconds=max(settings.access_token_seconds, IN_PLACE_SECONDS)) + _LEEWAY


def files_kind(settings: Settings) -> str:
    """A process without any folder keeps its files to itself."""
    return "memory" if settings.storage == "memory" and not settings.data_dir else "folder"


def heard_by(
    uow: Callable[[], UnitOfWork], void_codes: VoidCodes, make_export: MakeExportHandler, erase: EraseHandler
) -> list[Subscriber]:
    return [
        Subscriber("privacy.on_password_changed", PasswordChanged, void_codes, uow),
        Subscriber("privacy.on_email_changed", EmailChanged, void_codes, uow),
        Subscriber("privacy.on_export_asked", ExportAsked, make_export),
        Subscriber("privacy.on_erasure_due", ErasureDue, erase),
    ]


class PrivacyContainer(containers.DeclarativeContainer):
    """`others` are the parts of the other contexts, in the order in which they are erased."""

    infra = providers.DependenciesContainer()
    identity: providers.Dependency[Any] = providers.Dependency()
    others: providers.Dependency[Any] = providers.Dependency()

    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresPrivacyUow, infra.database, infra.outbox),
        memory=providers.Factory(MemoryPrivacyUow, infra.store, infra.outbox),
    )
    queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresPrivacyQueries, infra.reader),
        memory=providers.Singleton(MemoryPrivacyQueries, infra.store),
    )
    files = providers.Selector(
        providers.Callable(files_kind, infra.settings),
        folder=providers.Singleton(FolderExportFiles, infra.settings.provided.folder),
        memory=providers.Singleton(MemoryExportFiles),
    )
    accounts = providers.Singleton(IdentityAccounts, identity)
    personal_data = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresPersonalData, "privacy", uow.provider, TABLES),
        memory=providers.Singleton(MemoryPersonalData, "privacy", uow.provider, TABLES, ROWS),
    )
    platform = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresPlatformData, uow.provider),
        memory=providers.Singleton(MemoryPlatformData, uow.provider),
    )
    # News of a person name them as long as somebody has to hear them, so the platform is last.
    parts = providers.Callable(lambda others, own, platform: (*others, own, platform), others, personal_data, platform)

    ask_export = providers.Singleton(AskExportHandler, uow.provider, accounts, infra.clock)
    make_export = providers.Singleton(
        MakeExportHandler,
        uow=uow.provider,
        parts=parts,
        accounts=accounts,
        files=files,
        clock=infra.clock,
        days=infra.settings.provided.export_days,
    )
    read_export_file = providers.Singleton(ReadExportFileHandler, queries, files, infra.clock)
    ask_erasure = providers.Singleton(AskErasureHandler, uow.provider, parts, accounts, infra.clock)
    confirm_erasure = providers.Singleton(
        ConfirmErasureHandler,
        uow=uow.provider,
        parts=parts,
        accounts=accounts,
        codes=providers.Singleton(OneTimeCodes, infra.guest_tokens),
        clock=infra.clock,
        days=infra.settings.provided.erasure_days,
    )
    erase_person = providers.Singleton(
        ErasePersonHandler, uow.provider, parts, accounts, infra.clock, infra.settings.provided.erasure_days
    )
    cancel_erasure = providers.Singleton(CancelErasureHandler, uow.provider, accounts, infra.clock)
    erase = providers.Singleton(
        EraseHandler,
        uow=uow.provider,
        parts=parts,
        accounts=accounts,
        files=files,
        clock=infra.clock,
        token_life=providers.Callable(token_life, infra.settings),
    )
    void_codes = providers.Singleton(VoidCodes, infra.clock)

    controllers = providers.Object((ExportController, MyErasureController, StaffErasureController))
    handlers = providers.Dict(
        privacy_queries=queries,
        ask_export=ask_export,
        read_export_file=read_export_file,
        ask_erasure=ask_erasure,
        confirm_erasure=confirm_erasure,
        erase_person=erase_person,
        cancel_erasure=cancel_erasure,
    )
    subscribers = providers.Callable(heard_by, uow.provider, void_codes, make_export, erase)
    schedule = providers.List(
        providers.Factory(
            Job,
            name="privacy.erasures-due",
            every=timedelta(minutes=1),
            handler=providers.Singleton(FindDueErasuresHandler, infra.clock),
            uow=uow.provider,
        ),
        providers.Factory(
            Job,
            name="privacy.forget-exports",
            every=timedelta(minutes=10),
            handler=providers.Singleton(ForgetExportsHandler, uow.provider, files, infra.clock),
        ),
    )
