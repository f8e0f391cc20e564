"""S04: strangers guess at an account from everywhere, and its owner comes from a network where she never was."""

from collections.abc import Awaitable, Callable
from itertools import count

import httpx
import pytest

from merx.contexts.identity.adapters.throttle import EMAIL, PAIR
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import InvalidCredentials
from merx.contexts.identity.domain.one_time_code import MAX_OPEN
from merx.contexts.identity.events import CodeAsked, EmailChangeRequested
from merx.contexts.identity.usecases.accept_invitation import AcceptInvitation
from merx.contexts.identity.usecases.ask_for_code import AskForCode
from merx.contexts.identity.usecases.change_email import ChangeEmail, ConfirmEmail
from merx.contexts.identity.usecases.login import Login
from merx.contexts.identity.usecases.reset_password import ResetPassword
from merx.contexts.identity.usecases.verify_email import VerifyEmail
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import RateLimited
from tests.contexts.identity.conftest import PASSWORD, Shop, Source
from tests.contexts.identity.journeys import CHANGE, NEW_PASSWORD, RESET, VERIFY, ask, code, deliver, register
from tests.contexts.identity.staffing import invited
from tests.contexts.identity.test_audit import trail
from tests.support.stage import staged

ADA = "ada@example.com"
THERE, ELSEWHERE = Caller("203.0.113.9", "her browser"), Caller("203.0.113.10", "her browser")
_networks = count(1)


def stranger() -> Caller:
    """From a network of its own, and of a /48 of its own."""
    return Caller(f"2001:db8:{next(_networks):x}::1", "a program")


async def siege(shop: Shop, email: str = ADA) -> None:
    """Until no stranger gets a look at her password for a minute."""
    for _ in range(200):
        try:
            await sign_in(shop, stranger(), email, "a guess of a stranger")
        except InvalidCredentials:
            continue
        except RateLimited:
            return
    raise AssertionError("strangers guess without end")


async def sign_in(shop: Shop, caller: Caller, email: str = ADA, password: str = PASSWORD) -> None:
    await shop.container.login()(Login(email=email, password=password), caller)


async def test_she_gets_in_by_one_mail(shop: Shop):
    await shop.customer(ADA)
    await siege(shop)
    with pytest.raises(RateLimited):
        await sign_in(shop, THERE)
    (mail,) = await ask(shop, RESET, ADA, THERE)
    reset = ResetPassword(code=code(shop, RESET, mail.code_id), password=NEW_PASSWORD)
    await shop.container.reset_password()(reset, THERE)
    await sign_in(shop, THERE, password=NEW_PASSWORD)
    # Nobody else is let in by that, and where she is her password is guessed as slowly as ever.
    with pytest.raises(RateLimited):
        await sign_in(shop, ELSEWHERE, password=NEW_PASSWORD)
    for _ in range(PAIR.free + 1):
        with pytest.raises(InvalidCredentials):
            await sign_in(shop, THERE)
    with pytest.raises(RateLimited):
        await sign_in(shop, THERE, password=NEW_PASSWORD)


async def test_the_mails_that_strangers_asked_for_are_hers(shop: Shop):
    await shop.customer(ADA)
    await siege(shop)
    shop.events.clear()
    for _ in range(100):
        await shop.container.ask_for_code()(RESET, AskForCode(email=ADA), stranger())
    assert len(shop.events) == EMAIL.free + EMAIL.step
    mails = [*await deliver(shop)]
    assert len(mails) == MAX_OPEN
    # She is told what she always is, and finds a mail that works.
    assert await ask(shop, RESET, ADA, THERE) == []
    reset = ResetPassword(code=code(shop, RESET, mails[-1].code_id), password=NEW_PASSWORD)
    await shop.container.reset_password()(reset, THERE)
    await sign_in(shop, THERE, password=NEW_PASSWORD)


async def new_account(shop: Shop) -> None:
    text = code(shop, VERIFY, await register(shop, ADA))
    await siege(shop)
    await shop.container.verify_email()(VerifyEmail(code=text), THERE)


async def new_email(shop: Shop) -> None:
    account_id = await shop.customer("old@example.com")
    shop.events.clear()
    command = ChangeEmail(email=ADA, password=PASSWORD)
    await shop.container.change_email()(account_id, command, ELSEWHERE)
    (mail,) = [event for event in await deliver(shop) if isinstance(event, EmailChangeRequested)]
    await siege(shop)
    text = code(shop, CHANGE, mail.code_id)
    await shop.container.confirm_email()(account_id, ConfirmEmail(code=text), THERE)


async def new_on_the_staff(shop: Shop) -> None:
    _, _, text = await invited(shop, ADA)
    await siege(shop)
    joining = AcceptInvitation(code=text, name="Ada", password=PASSWORD)
    await shop.container.accept_invitation()(Actor(kind=ActorKind.anonymous, client=THERE.address), joining)


@pytest.mark.parametrize("proves", [new_account, new_email, new_on_the_staff])
async def test_whoever_proves_a_new_mailbox_gets_in(shop: Shop, proves: Callable[[Shop], Awaitable[None]]):
    await proves(shop)
    with pytest.raises(RateLimited):
        await sign_in(shop, ELSEWHERE)
    await sign_in(shop, THERE)


async def test_a_mail_left_out_is_on_record(memory_shop: Shop):
    for _ in range(100):
        await memory_shop.container.ask_for_code()(VERIFY, AskForCode(email=ADA), stranger())
    assert len(await trail(memory_shop, "identity.verify-email-asked")) == EMAIL.free + EMAIL.step
    assert await trail(memory_shop, "identity.verify-email-throttled")


@pytest.mark.parametrize(("path", "purpose"), [("/auth/password/forgot", RESET), ("/auth/verify-email/resend", VERIFY)])
async def test_s05_the_answer_is_the_same_with_and_without_an_account_and_a_mail(
    memory_shop: Shop, path: str, purpose: str
):
    """Of as many who ask as many get a mail on its way, and all get the same answer; one address alone has to wait."""
    await memory_shop.customer(ADA)
    app = staged(Settings(storage="memory", trusted_proxies=1), Source(memory_shop))
    transport = httpx.ASGITransport(app, client=("10.0.0.1", 1234))
    asked: dict[str, int] = {}
    answers = set()
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as client:
        for email in (ADA, "nobody@example.com"):
            memory_shop.events.clear()
            for _ in range(60):
                answer = await client.post(path, json={"email": email}, headers={"x-forwarded-for": stranger().address})
                answers.add((answer.status_code, answer.text, tuple(name for name in answer.headers)))
            asked[email] = sum(isinstance(event, CodeAsked) for event in memory_shop.events)
            here = {"x-forwarded-for": stranger().address}
            own = [(await client.post(path, json={"email": email}, headers=here)).status_code for _ in range(10)]
            assert own == [202] * (PAIR.free + 1) + [429] * (10 - PAIR.free - 1)
    assert len(answers) == 1
    assert next(iter(answers))[0] == 202
    assert asked == dict.fromkeys(asked, EMAIL.free + EMAIL.step)
