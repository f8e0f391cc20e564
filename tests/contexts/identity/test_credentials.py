"""Another password and another e-mail for whoever is signed in."""

from datetime import timedelta

import pytest

from merx.contexts.identity.domain.errors import (
    InvalidCode,
    InvalidCredentials,
    InvalidRefreshToken,
    WrongPassword,
)
from merx.contexts.identity.domain.one_time_code import MAX_OPEN
from merx.contexts.identity.events import (
    EmailChangeAnnounced,
    EmailChangeAsked,
    EmailChanged,
    EmailChangeRequested,
    PasswordChanged,
)
from merx.contexts.identity.usecases.change_email import ChangeEmail, ConfirmEmail
from merx.contexts.identity.usecases.change_password import ChangePassword
from merx.kernel.errors import RateLimited
from tests.contexts.identity.conftest import HERE, PASSWORD, bearer, signed_in
from tests.contexts.identity.journeys import (
    CHANGE,
    NEW_PASSWORD,
    RESET,
    VERIFY,
    account,
    asked,
    code,
    deliver,
    login,
    refresh,
    register,
    reset,
    verify,
)


def change_password(shop, account_id, present=PASSWORD, session_id=None):
    cmd = ChangePassword(present_password=present, new_password=NEW_PASSWORD)
    return shop.container.change_password()(account_id, session_id, cmd, HERE)


async def wish(shop, account_id, email="next@example.com"):
    """What is mailed when this account wants that address."""
    shop.events.clear()
    await shop.container.change_email()(account_id, ChangeEmail(email=email, password=PASSWORD), HERE)
    return await deliver(shop)


async def wished(shop, account_id, email="next@example.com"):
    _, event = await wish(shop, account_id, email)
    return code(shop, CHANGE, event.code_id)


def confirm(shop, account_id, text):
    return shop.container.confirm_email()(account_id, ConfirmEmail(code=text))


class TestChangingThePassword:
    async def test_s02_other_devices_are_signed_out_and_this_one_stays(self, shop):
        account_id = await shop.customer("new@example.com")
        here, there = await login(shop), await login(shop)
        session_id = shop.access_tokens.verify(here.access_token).session_id
        await change_password(shop, account_id, session_id=session_id)
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, there)
        assert await refresh(shop, here)
        assert await login(shop, password=NEW_PASSWORD)
        with pytest.raises(InvalidCredentials):
            await login(shop)
        (told,) = [event for event in shop.events if isinstance(event, PasswordChanged)]
        assert told.email == "new@example.com"

    async def test_without_a_session_every_device_is_signed_out(self, shop):
        account_id = await shop.customer("new@example.com")
        tokens = await login(shop)
        await change_password(shop, account_id)
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, tokens)

    async def test_the_present_password_is_needed_and_guessing_slows_down(self, shop):
        account_id = await shop.customer("new@example.com")
        for _ in range(6):
            with pytest.raises(WrongPassword):
                await change_password(shop, account_id, present="wrong password")
        with pytest.raises(RateLimited):
            await change_password(shop, account_id)
        assert await login(shop), "the way in stays open"

    async def test_a_closed_account_changes_nothing(self, shop):
        account_id = await shop.customer("new@example.com")
        await shop.close_account(account_id)
        with pytest.raises(InvalidCredentials):
            await change_password(shop, account_id)

    async def test_s06_it_makes_codes_void(self, shop):
        account_id = await shop.customer("new@example.com")
        resetting, changing = await asked(shop, RESET), await wished(shop, account_id)
        await change_password(shop, account_id)
        with pytest.raises(InvalidCode):
            await reset(shop, resetting)
        with pytest.raises(InvalidCode):
            await confirm(shop, account_id, changing)


class TestChangingTheEmail:
    async def test_no_mailbox_is_flooded(self, shop):
        account_id = await shop.customer("new@example.com")
        mails = [len(await wish(shop, account_id, f"next{number}@example.com")) for number in range(MAX_OPEN + 2)]
        assert mails == [2] * MAX_OPEN + [0, 0]

    async def test_from_the_wish_to_the_new_address(self, shop):
        account_id = await shop.customer("new@example.com")
        notice, mail = await wish(shop, account_id, " Next@Example.com ")
        assert (type(notice), notice.email) == (EmailChangeAnnounced, "new@example.com")
        assert (type(mail), mail.email) == (EmailChangeRequested, "Next@Example.com")
        assert (await account(shop)).email == "new@example.com", "nothing changes before the proof"
        shop.events.clear()
        shop.clock.advance(timedelta(minutes=59))
        await confirm(shop, account_id, code(shop, CHANGE, mail.code_id))
        changed = await account(shop, "next@example.com")
        assert (changed.id, changed.email, changed.email_verified_at) == (
            account_id,
            "Next@Example.com",
            shop.clock.now(),
        )
        (event,) = shop.events
        assert isinstance(event, EmailChanged)
        assert (event.email, event.new_email) == ("new@example.com", "Next@Example.com")
        assert await login(shop, "next@example.com")
        with pytest.raises(InvalidCredentials):
            await login(shop)

    async def test_s05_an_address_of_somebody_else_looks_the_same_and_gets_no_code(self, shop):
        account_id = await shop.customer("new@example.com")
        await shop.customer("taken@example.com")
        shop.events.clear()
        cmd = ChangeEmail(email="TAKEN@example.com", password=PASSWORD)
        assert await shop.container.change_email()(account_id, cmd, HERE) is None
        assert [type(event) for event in shop.events] == [EmailChangeAsked]
        assert [type(event) for event in await deliver(shop)] == [EmailChangeAnnounced]

    async def test_the_password_is_needed(self, shop):
        account_id = await shop.customer("new@example.com")
        shop.events.clear()
        with pytest.raises(WrongPassword):
            await shop.container.change_email()(
                account_id, ChangeEmail(email="next@example.com", password="wrong password"), HERE
            )
        assert shop.events == []

    async def test_a_password_changed_meanwhile_calls_it_off(self, shop):
        account_id = await shop.customer("new@example.com")
        shop.events.clear()
        await shop.container.change_email()(account_id, ChangeEmail(email="next@example.com", password=PASSWORD), HERE)
        await change_password(shop, account_id)
        assert await deliver(shop) == []

    async def test_s06_replay_cross_user_and_cross_purpose(self, shop):
        account_id = await shop.customer("new@example.com")
        eve = await shop.customer("eve@example.com")
        text = await wished(shop, account_id)
        for attempt in (confirm(shop, eve, text), reset(shop, text), verify(shop, text)):
            with pytest.raises(InvalidCode):
                await attempt
        await confirm(shop, account_id, text)
        with pytest.raises(InvalidCode):
            await confirm(shop, account_id, text)
        assert (await account(shop, "eve@example.com")).id == eve

    async def test_s06_after_an_hour(self, shop):
        account_id = await shop.customer("new@example.com")
        text = await wished(shop, account_id)
        shop.clock.advance(timedelta(hours=1))
        with pytest.raises(InvalidCode):
            await confirm(shop, account_id, text)

    async def test_s06_a_changed_email_makes_older_codes_void(self, shop):
        first = code(shop, VERIFY, await register(shop))
        account_id = (await account(shop)).id
        resetting, other = await asked(shop, RESET), await wished(shop, account_id, "other@example.com")
        await confirm(shop, account_id, await wished(shop, account_id))
        for attempt in (verify(shop, first), reset(shop, resetting), confirm(shop, account_id, other)):
            with pytest.raises(InvalidCode):
                await attempt

    async def test_s05_an_address_taken_meanwhile_is_just_no_good(self, shop):
        account_id = await shop.customer("new@example.com")
        text = await wished(shop, account_id)
        await shop.customer("next@example.com")
        with pytest.raises(InvalidCode):
            await confirm(shop, account_id, text)
        assert (await account(shop)).id == account_id


async def test_over_http(client, memory_shop):
    await memory_shop.customer("new@example.com")
    await memory_shop.customer("taken@example.com")
    me = bearer(await signed_in(client))
    body = {"present_password": "wrong password", "new_password": NEW_PASSWORD}
    refused = await client.post("/auth/password/change", json=body, headers=me)
    assert (refused.status_code, refused.json()["slug"]) == (422, "identity.wrong-password")
    body["present_password"] = PASSWORD
    changed = await client.post("/auth/password/change", json=body, headers=me)
    assert (changed.status_code, changed.content) == (204, b"")
    assert [one["current"] for one in (await client.get("/auth/sessions", headers=me)).json()] == [True]

    answers = []
    for email in ("taken@example.com", "next@example.com"):
        memory_shop.events.clear()
        body = {"email": email, "password": NEW_PASSWORD}
        answers.append(await client.post("/auth/email/change", json=body, headers=me))
    assert [(answer.status_code, answer.json()) for answer in answers] == [(202, {"status": "accepted"})] * 2
    _, mail = await deliver(memory_shop)
    proof = {"code": code(memory_shop, CHANGE, mail.code_id)}
    assert (await client.post("/auth/email/confirm", json=proof)).status_code == 401
    assert (await client.post("/auth/email/confirm", json=proof, headers=me)).status_code == 204
    again = await client.post("/auth/email/confirm", json=proof, headers=me)
    assert (again.status_code, again.json()["slug"]) == (400, "identity.invalid-code")
    assert await signed_in(client, "next@example.com", NEW_PASSWORD)
