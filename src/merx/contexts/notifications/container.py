"""Wiring of notifications."""

from datetime import timedelta

from dependency_injector import containers, providers

from merx.contexts.notifications.adapters.folder import FolderMailbox
from merx.contexts.notifications.adapters.memory import MemoryMailbox, MemoryNotificationsUow
from merx.contexts.notifications.adapters.personal_data import ROWS, TABLES, MailPersonalData
from merx.contexts.notifications.adapters.postgres import PostgresNotificationsUow
from merx.contexts.notifications.adapters.rfc5322 import sender_of
from merx.contexts.notifications.adapters.subscribers import mail_subscribers
from merx.contexts.notifications.domain.shop import Shop
from merx.contexts.notifications.usecases.forget_mails import ForgetMailsHandler
from merx.contexts.notifications.usecases.send_mail import SendMailHandler
from merx.infra.guest_tokens import GuestTokens
from merx.infra.one_time_codes import OneTimeCodes
from merx.infra.outbox.jobs import Job
from merx.infra.personal_data import MemoryPersonalData, PostgresPersonalData
from merx.infra.settings import Settings


def shop_of(settings: Settings, tokens: GuestTokens) -> Shop:
    sender = sender_of(settings.mail_from)
    return Shop(
        name=sender.display_name or sender.domain,
        public_url=settings.public_url,
        order_token=lambda order_id: tokens.issue("order", order_id),
        account_url=settings.account_page,
        code=OneTimeCodes(tokens).text,
    )


def mailbox_kind(settings: Settings) -> str:
    """A process without any folder keeps its mail to itself."""
    return "memory" if settings.storage == "memory" and not (settings.mail_dir or settings.data_dir) else "folder"


class NotificationsContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()

    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresNotificationsUow, infra.database, infra.outbox),
        memory=providers.Factory(MemoryNotificationsUow, infra.store, infra.outbox),
    )
    sender = providers.Singleton(sender_of, infra.settings.provided.mail_from)
    mailbox = providers.Selector(
        providers.Callable(mailbox_kind, infra.settings),
        folder=providers.Singleton(FolderMailbox, infra.settings.provided.mail_folder, sender),
        memory=providers.Singleton(MemoryMailbox, sender),
    )
    shop = providers.Singleton(shop_of, infra.settings, infra.guest_tokens)
    send_mail = providers.Singleton(SendMailHandler, uow=uow.provider, mailbox=mailbox, shop=shop, clock=infra.clock)

    rows = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresPersonalData, "notifications", uow.provider, TABLES),
        memory=providers.Singleton(MemoryPersonalData, "notifications", uow.provider, TABLES, ROWS),
    )
    personal_data = providers.Singleton(MailPersonalData, rows, uow.provider, mailbox)
    controllers = providers.Object(())
    handlers = providers.Dict()
    subscribers = providers.Callable(mail_subscribers, send_mail)
    schedule = providers.List(
        providers.Factory(
            Job,
            name="notifications.forget-mails",
            every=timedelta(hours=1),
            handler=providers.Singleton(
                ForgetMailsHandler, uow.provider, mailbox, infra.clock, infra.settings.provided.mail_days
            ),
        )
    )
