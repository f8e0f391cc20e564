"""Devices that are signed in: seen by their owner, ended by her, and by a token that turns up twice."""

from datetime import timedelta

import pytest

from merx.contexts.identity.adapters.http_sessions import account_of
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import InvalidRefreshToken, SessionNotFound
from merx.contexts.identity.domain.session import ABSOLUTE_LIFE, GRACE, IDLE_LIFE, EndReason, Session
from merx.contexts.identity.events import RefreshTokenReused
from merx.contexts.identity.usecases.login import Login
from merx.contexts.identity.usecases.refresh import Refresh
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import Unauthenticated
from merx.kernel.ids import new_id
from tests.contexts.identity.conftest import PASSWORD, bearer, signed_in


def login(shop, device="phone", email="ada@example.com"):
    return shop.container.login()(Login(email=email, password=PASSWORD), Caller("192.0.2.7", device))


def refresh(shop, tokens):
    return shop.container.refresh_tokens()(Refresh(refresh_token=tokens.refresh_token))


def actor(shop, tokens):
    return shop.access_tokens.verify(tokens.access_token)


async def devices(shop, tokens):
    found = await shop.container.list_sessions()(actor(shop, tokens))
    return [(one.device, one.current) for one in found]


class TestTheList:
    async def test_devices_the_last_used_first(self, shop):
        await shop.customer()
        phone = await login(shop, "phone")
        shop.clock.advance(timedelta(minutes=1))
        laptop = await login(shop, "laptop")
        assert await devices(shop, phone) == [("laptop", False), ("phone", True)]
        shop.clock.advance(timedelta(minutes=1))
        phone = await refresh(shop, phone)
        assert await devices(shop, phone) == [("phone", True), ("laptop", False)]
        assert await devices(shop, laptop) == [("phone", False), ("laptop", True)]
        (newest, _) = await shop.container.list_sessions()(actor(shop, phone))
        assert newest.used_at == shop.clock.now()
        assert newest.created_at == shop.clock.now() - timedelta(minutes=2)
        assert newest.expires_at == shop.clock.now() + IDLE_LIFE

    async def test_nobody_sees_those_of_others_or_those_that_are_over(self, shop):
        await shop.customer()
        eve = await shop.customer("eve@example.com")
        ended = await login(shop, "ended")
        await login(shop, "eve", "eve@example.com")
        await shop.container.end_session()(actor(shop, ended).account_id, actor(shop, ended).session_id)
        old = await login(shop, "old")
        shop.clock.advance(IDLE_LIFE)
        fresh = await login(shop, "fresh")
        assert await devices(shop, fresh) == [("fresh", True)]
        assert await shop.container.queries().sessions(eve, shop.clock.now()) == []
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, old)

    async def test_a_token_of_the_command_line_has_no_session(self, shop):
        account_id = await shop.customer()
        await login(shop)
        found = await shop.container.list_sessions()(Actor(kind=ActorKind.customer, account_id=account_id))
        assert [one.current for one in found] == [False]
        assert await shop.container.list_sessions()(Actor.system()) == []


class TestEnding:
    async def test_s02_one_device(self, shop):
        account_id = await shop.customer()
        lost, kept = await login(shop, "lost"), await login(shop, "kept")
        await shop.container.end_session()(account_id, actor(shop, lost).session_id)
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, lost)
        assert await refresh(shop, kept)

    async def test_s02_only_ones_own_and_only_once(self, shop):
        account_id = await shop.customer()
        eve = await shop.customer("eve@example.com")
        tokens = await login(shop)
        session_id = actor(shop, tokens).session_id
        for who, which in ((eve, session_id), (account_id, new_id())):
            with pytest.raises(SessionNotFound):
                await shop.container.end_session()(who, which)
        assert await refresh(shop, tokens)
        await shop.container.end_session()(account_id, session_id)
        with pytest.raises(SessionNotFound):
            await shop.container.end_session()(account_id, session_id)

    async def test_s02_everywhere(self, shop):
        account_id = await shop.customer()
        await shop.customer("eve@example.com")
        all_of_ada = [await login(shop, device) for device in ("phone", "laptop", "tablet")]
        eve = await login(shop, "eve", "eve@example.com")
        await shop.container.end_all_sessions()(account_id)
        for tokens in all_of_ada:
            with pytest.raises(InvalidRefreshToken):
                await refresh(shop, tokens)
        assert await refresh(shop, eve)

    async def test_one_can_be_kept_and_the_first_end_counts(self, shop):
        account_id = await shop.customer()
        sessions = [Session.start(account_id, shop.clock.now(), "agent")[0] for _ in range(3)]
        sessions[0].end(EndReason.signed_out, shop.clock.now())
        async with shop.container.uow() as uow:
            for session in sessions:
                await uow.sessions.add(session)
            await uow.commit()
        shop.clock.advance(timedelta(hours=1))
        async with shop.container.uow() as uow:
            ended = await uow.sessions.end_all(account_id, EndReason.everywhere, shop.clock.now(), sessions[1].id)
            await uow.commit()
        async with shop.container.uow() as uow:
            found = [await uow.sessions.locked(session.id) for session in sessions]
        assert ended == 1
        assert [one.end_reason for one in found] == [EndReason.signed_out, None, EndReason.everywhere]
        assert found[2].ended_at == shop.clock.now()


class TestReuse:
    async def test_s02_a_token_used_twice_ends_the_family_and_tells_the_owner(self, shop):
        await shop.customer()
        first = await login(shop)
        second = await refresh(shop, first)
        shop.clock.advance(GRACE + timedelta(seconds=1))
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, first)
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, second)
        (event,) = [event for event in shop.events if isinstance(event, RefreshTokenReused)]
        assert (event.session_id, event.email) == (actor(shop, first).session_id, "Ada@Example.com")

    async def test_s02_within_the_grace_the_same_successor_comes_back(self, shop):
        assert timedelta(seconds=10) <= GRACE <= timedelta(seconds=30)
        await shop.customer()
        first = await login(shop)
        second = await refresh(shop, first)
        shop.clock.advance(GRACE)
        assert (await refresh(shop, first)).refresh_token == second.refresh_token
        assert await refresh(shop, second)

    async def test_s02_a_session_ends_in_any_case(self, shop):
        await shop.customer()
        tokens = await login(shop)
        began = shop.clock.now()
        while shop.clock.now() + timedelta(days=10) < began + ABSOLUTE_LIFE:
            shop.clock.advance(timedelta(days=10))
            tokens = await refresh(shop, tokens)
        shop.clock.advance(timedelta(days=10))
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, tokens)

    async def test_s02_a_closed_account_is_signed_out(self, shop):
        account_id = await shop.customer()
        tokens = await login(shop)
        await shop.close_account(account_id)
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, tokens)


@pytest.mark.parametrize("kind", [ActorKind.api_key, ActorKind.system])
def test_a_key_ends_no_sessions_and_changes_no_password(kind):
    """Also one that speaks for an account: whoever copied it could lock its owner out."""
    with pytest.raises(Unauthenticated):
        account_of(Actor(kind=kind, account_id=new_id()))


class TestOverHttp:
    async def test_list_end_one_end_all(self, client, memory_shop):
        await memory_shop.customer("new@example.com")
        lost, here = await signed_in(client), await signed_in(client)
        listed = await client.get("/auth/sessions", headers=bearer(here))
        assert listed.status_code == 200
        assert [set(one) for one in listed.json()] == [
            {"id", "device", "created_at", "used_at", "expires_at", "methods", "current"}
        ] * 2
        (other,) = [one["id"] for one in listed.json() if not one["current"]]
        ended = await client.delete(f"/auth/sessions/{other}", headers=bearer(here))
        assert (ended.status_code, ended.content) == (204, b"")
        again = await client.delete(f"/auth/sessions/{other}", headers=bearer(here))
        assert (again.status_code, again.json()["slug"]) == (404, "identity.session-not-found")
        refused = await client.post("/auth/refresh", json={"refresh_token": lost["refresh_token"]})
        assert refused.status_code == 401
        assert (await client.post("/auth/logout-all", headers=bearer(here))).status_code == 204
        refused = await client.post("/auth/refresh", json={"refresh_token": here["refresh_token"]})
        assert refused.status_code == 401
        assert (await client.get("/auth/sessions", headers=bearer(here))).json() == []

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/auth/sessions"),
            ("DELETE", "/auth/sessions/01890000-0000-7000-8000-000000000000"),
            ("POST", "/auth/logout-all"),
        ],
    )
    async def test_who_is_not_signed_in_is_refused(self, client, method, path):
        assert (await client.request(method, path)).status_code == 401

    async def test_s02_no_token_and_no_hash_is_listed(self, client, memory_shop):
        await memory_shop.customer("new@example.com")
        tokens = await signed_in(client)
        listed = (await client.get("/auth/sessions", headers=bearer(tokens))).text
        assert "mx_rt_" not in listed
        assert "hash" not in listed


class TestProof:
    """Which session a refresh token belongs to, without using it up."""

    async def test_the_newest_and_the_one_before_prove_it(self, shop):
        await shop.customer()
        first = await login(shop)
        prove = shop.container.prove_session()
        session_id = actor(shop, first).session_id
        assert await prove(first.refresh_token) == session_id
        assert await prove(first.refresh_token) == session_id
        second = await refresh(shop, first)
        assert await prove(second.refresh_token) == session_id
        assert await prove(first.refresh_token) == session_id
        assert (await refresh(shop, second)).refresh_token

    async def test_nothing_else_does(self, shop):
        await shop.customer()
        tokens = await login(shop)
        prove = shop.container.prove_session()
        for text in (
            "",
            "mx_rt_x",
            tokens.access_token,
            tokens.refresh_token[:-2] + ("AA" if tokens.refresh_token[-2:] != "AA" else "BB"),
        ):
            with pytest.raises(InvalidRefreshToken):
                await prove(text)
        shop.clock.advance(IDLE_LIFE)
        with pytest.raises(InvalidRefreshToken):
            await prove(tokens.refresh_token)
        again = await login(shop)
        who = actor(shop, again)
        await shop.container.end_session()(who.account_id, who.session_id)
        with pytest.raises(InvalidRefreshToken):
            await prove(again.refresh_token)
