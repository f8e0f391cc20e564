"""What people do with their account in several tests: steps on a wired context."""

import msgspec

from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.usecases.ask_for_code import AskForCode
from merx.contexts.identity.usecases.login import Login
from merx.contexts.identity.usecases.refresh import Refresh
from merx.contexts.identity.usecases.register import Register
from merx.contexts.identity.usecases.reset_password import ResetPassword
from merx.contexts.identity.usecases.verify_email import VerifyEmail
from merx.infra.one_time_codes import OneTimeCodes
from tests.contexts.identity.conftest import HERE, PASSWORD

VERIFY, RESET, CHANGE = "verify-email", "reset-password", "change-email"
NEW_PASSWORD = "a brand new passphrase"


async def register(shop, email="new@example.com"):
    """Returns the id of the code in the mail."""
    await shop.container.register_customer()(Register(email=email, password=PASSWORD, name="New"), HERE)
    return shop.events[-1].code_id


def login(shop, email="new@example.com", password=PASSWORD, device="pytest"):
    return shop.container.login()(Login(email=email, password=password), Caller(HERE.address, device))


def refresh(shop, tokens):
    return shop.container.refresh_tokens()(Refresh(refresh_token=tokens.refresh_token))


async def deliver(shop):
    """What the worker does with the events since last time, as they are read back from the outbox; what it emits."""
    waiting, shop.outbox.events = shop.outbox.events, []
    for event in waiting:
        again = msgspec.json.decode(msgspec.json.encode(event), type=type(event))
        for subscriber in shop.container.subscribers():
            if subscriber.event is type(event):
                async with subscriber.uow() as uow:
                    await subscriber.handler(again, uow)
                    await uow.commit()
    return shop.outbox.events


async def ask(shop, purpose, email="new@example.com", caller=HERE):
    """The events that mails are made of."""
    shop.events.clear()
    await shop.container.ask_for_code()(purpose, AskForCode(email=email), caller)
    return await deliver(shop)


async def asked(shop, purpose, email="new@example.com"):
    """The code, as the mail shows it."""
    (event,) = await ask(shop, purpose, email)
    return code(shop, purpose, event.code_id)


def code(shop, purpose, code_id):
    return OneTimeCodes(shop.infra.guest_tokens()).text(purpose, code_id)


def verify(shop, text):
    return shop.container.verify_email()(VerifyEmail(code=text))


def reset(shop, text, password=NEW_PASSWORD):
    return shop.container.reset_password()(ResetPassword(code=text, password=password))


async def account(shop, email="new@example.com"):
    async with shop.container.uow() as uow:
        return await uow.accounts.by_email(email)
