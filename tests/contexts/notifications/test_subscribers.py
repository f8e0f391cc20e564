"""Every event with a template has one subscriber, outside any transaction."""

import msgspec
import pytest

from merx.bootstrap.infra import Infra
from merx.contexts.identity.container import IdentityContainer
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.usecases.ask_for_code import AskForCode
from merx.contexts.identity.usecases.register import Register
from merx.contexts.identity.usecases.reset_password import ResetPassword
from merx.contexts.identity.usecases.verify_email import VerifyEmail
from merx.contexts.notifications.adapters.reading import MailFolder
from merx.contexts.notifications.container import NotificationsContainer
from merx.contexts.notifications.domain.templates import TEMPLATES
from merx.infra.outbox.events import SubscriberKind, SubscriberRegistry
from merx.infra.settings import Settings
from tests.contexts.notifications.conftest import placed
from tests.support.drain import drain


def test_each_event_is_heard_once(memory_kit):
    subscribers = memory_kit.container.subscribers()
    assert {subscriber.event for subscriber in subscribers} == set(TEMPLATES)
    assert {subscriber.kind for subscriber in subscribers} == {SubscriberKind.effect}
    registry = SubscriberRegistry()
    registry.add(*subscribers)
    (heard,) = registry.of(placed())
    assert heard.name == "notifications.mail-order-placed"


async def test_an_event_read_back_from_the_outbox_becomes_a_mail(memory_kit):
    registry = SubscriberRegistry()
    registry.add(*memory_kit.container.subscribers())
    event = placed()
    again = registry.decode(type(event).tag(), msgspec.json.encode(event))
    (subscriber,) = registry.of(again)
    await subscriber.handler(again)
    assert len(memory_kit.mails) == 1


@pytest.mark.parametrize("storage", ["memory", pytest.param("postgres", marks=pytest.mark.services)])
async def test_from_a_registration_through_the_outbox_to_the_mailbox(storage, request, tmp_path):
    url = {} if storage == "memory" else {"database_url": request.getfixturevalue("database_url")}
    settings = Settings(storage=storage, mail_dir=str(tmp_path / "mail"), data_dir=str(tmp_path), **url)
    infra = Infra(settings=settings)
    infra.registry().add(*NotificationsContainer(infra=infra).subscribers())
    register = IdentityContainer(infra=infra).register_customer()
    cmd = Register(email="Ada@example.com", password="long enough", name="Ada")
    for _ in range(3):
        await register(cmd, Caller("192.0.2.1", ""))
    try:
        assert await drain(infra.deliverer(), infra.deliveries()) == 3
    finally:
        await infra.database().close()
    subjects = [mail.subject for mail in MailFolder(tmp_path / "mail").newest(9)]
    assert sorted(subjects) == ["Welcome to Merx", "Your account at Merx"]


@pytest.mark.parametrize("storage", ["memory", pytest.param("postgres", marks=pytest.mark.services)])
async def test_the_code_in_the_mailbox_works(storage, request, tmp_path):
    """From the request through the outbox to a file, and from the file back into the shop."""
    url = {} if storage == "memory" else {"database_url": request.getfixturevalue("database_url")}
    settings = Settings(storage=storage, mail_dir=str(tmp_path / "mail"), data_dir=str(tmp_path), **url)
    infra = Infra(settings=settings)
    identity = IdentityContainer(infra=infra)
    infra.registry().add(*NotificationsContainer(infra=infra).subscribers(), *identity.subscribers())
    here = Caller("192.0.2.1", "")
    await identity.register_customer()(Register(email="ada@example.com", password="long enough", name="Ada"), here)
    try:
        await drain(infra.deliverer(), infra.deliveries())
        await identity.verify_email()(VerifyEmail(code=code_in(tmp_path)))
        for email in ("ada@example.com", "nobody@example.com"):
            await identity.ask_for_code()("reset-password", AskForCode(email=email), here)
        await drain(infra.deliverer(), infra.deliveries())
        await identity.reset_password()(ResetPassword(code=code_in(tmp_path), password="long enough too"))
        await drain(infra.deliverer(), infra.deliveries())
    finally:
        await infra.database().close()
    mails = MailFolder(tmp_path / "mail").newest(9)
    assert [mail.subject for mail in mails] == ["Welcome to Merx", "Choose a new password", "Your password was changed"]
    assert {mail.to for mail in mails} == {"Ada <ada@example.com>"}


def code_in(folder):
    _, text = MailFolder(folder / "mail").open("last")
    return next(line.strip() for line in text.splitlines() if line.startswith("  mx_otc_"))
