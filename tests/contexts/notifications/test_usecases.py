"""One mail for each event, on memory and on PostgreSQL."""

from datetime import timedelta

import msgspec
import pytest
from dependency_injector import providers

from merx.contexts.identity.events import AccountRegistered, RegistrationRepeated
from merx.contexts.notifications.domain.mail import recipient_hash
from merx.contexts.notifications.domain.message import MessageState
from merx.kernel.errors import Unavailable
from merx.kernel.ids import new_id
from tests.contexts.notifications.conftest import NOW, placed


def key_of(event):
    return f"{event.id}:{recipient_hash(event.email)}:mail"


class BrokenMailbox:
    def __init__(self, error):
        self.error = error
        self.handed_over = 0

    async def send(self, mail):
        self.handed_over += 1
        raise self.error


async def test_an_order_becomes_a_mail(kit):
    event = placed()
    await kit.send(event)
    (mail,) = kit.mails
    assert mail["Subject"] == "Your order M-7K3Q-92"
    message = await kit.message(key_of(event))
    assert (message.state, message.attempts, message.kind) == (MessageState.sent, 1, "order-placed")
    assert (message.event_id, message.recipient_hash) == (event.id, recipient_hash("ada@example.com"))


async def test_an_event_that_comes_twice_makes_one_mail(kit):
    event = placed()
    await kit.send(event)
    kit.container.mailbox.override(providers.Object(BrokenMailbox(AssertionError("a second mail"))))
    kit.container.send_mail.reset()
    await kit.send(event)
    assert (await kit.message(key_of(event))).attempts == 1


async def test_nothing_of_the_mail_is_stored(kit):
    event = placed()
    await kit.send(event)
    stored = repr(msgspec.structs.asdict(await kit.message(key_of(event))))
    # Ids and digests are written in small letters, and say "ada" now and then.
    assert not [each for each in ("Ada", "ada@", "xample.com", "Shirt") if each in stored]


async def test_a_failure_is_remembered_and_the_event_comes_back(kit):
    event = placed()
    with kit.container.mailbox.override(providers.Object(BrokenMailbox(Unavailable("disk of Ada@Example.com full")))):
        with pytest.raises(Unavailable):
            await kit.send(event)
        message = await kit.message(key_of(event))
        assert (message.state, message.last_error) == (MessageState.failed, "Unavailable")
    kit.container.send_mail.reset()
    kit.clock.advance(timedelta(seconds=5))
    await kit.send(event)
    message = await kit.message(key_of(event))
    assert (message.state, message.attempts, message.last_error) == (MessageState.sent, 2, None)
    assert (message.created_at, message.changed_at) == (NOW, NOW + timedelta(seconds=5))
    assert len(kit.mails) == 1


async def test_an_address_that_cannot_exist_is_given_up(kit):
    event = placed(email="a,b@example.com")
    await kit.send(event)
    message = await kit.message(key_of(event))
    assert (message.state, message.last_error) == (MessageState.failed, "Undeliverable")
    assert kit.mails == []


async def test_what_is_sent_stays_sent(kit):
    event = placed()
    await kit.send(event)
    async with kit.container.uow() as uow:
        await uow.messages.settle(key_of(event), MessageState.failed, NOW, "Late")
        await uow.commit()
    assert (await kit.message(key_of(event))).state is MessageState.sent


async def test_repeated_registrations_make_one_mail_a_day(kit):
    who = {"account_id": new_id(), "email": "ada@example.com", "name": "Ada"}
    for hours in (0, 1, 2, 24):
        await kit.send(RegistrationRepeated(at=NOW + timedelta(hours=hours), **who))
    assert len(kit.mails) == 2


async def test_staff_get_no_welcome(kit):
    await kit.send(AccountRegistered(at=NOW, account_id=new_id(), email="s@example.com", name="Sam", kind="staff"))
    assert kit.mails == []
