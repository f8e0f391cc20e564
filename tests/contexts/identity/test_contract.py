"""What both storages promise the use cases; races are shown on PostgreSQL, with a naive variant that must fail."""

import asyncio
from datetime import timedelta

import pytest
from dependency_injector import providers

from merx.contexts.identity.adapters.memory import MemoryIdentityQueries, MemoryIdentityUow
from merx.contexts.identity.adapters.postgres import PostgresIdentityQueries, PostgresIdentityUow, PostgresSessions
from merx.contexts.identity.domain.account import Account, AccountKind, AccountStatus
from merx.contexts.identity.domain.errors import AccountNotFound, EmailTaken
from merx.contexts.identity.domain.session import EndReason, Session
from merx.contexts.identity.ports.queries import IdentityQueries
from merx.contexts.identity.ports.repositories import IdentityUow
from merx.contexts.identity.usecases.login import Login
from merx.contexts.identity.usecases.refresh import Refresh
from merx.infra.postgres import compiled
from merx.kernel.errors import StaleVersion
from merx.kernel.ids import new_id
from tests.contexts.identity.conftest import HERE, PASSWORD

UOWS: list[type[IdentityUow]] = [MemoryIdentityUow, PostgresIdentityUow]
QUERIES: list[type[IdentityQueries]] = [MemoryIdentityQueries, PostgresIdentityQueries]


def new_account(shop, email="ada@example.com", kind=AccountKind.customer):
    account, _ = Account.open(email=email, name="Ada", kind=kind, password_hash="h", now=shop.clock.now())
    return account


async def put(shop, *accounts):
    async with shop.container.uow() as uow:
        for account in accounts:
            await uow.accounts.add(account)
        await uow.commit()


class TestAccounts:
    async def test_what_went_in_comes_out(self, shop):
        account = new_account(shop, kind=AccountKind.staff)
        account.grant(("b:write", "a:read"))
        await put(shop, account)
        async with shop.container.uow() as uow:
            for found in (await uow.accounts.get(account.id), await uow.accounts.locked(account.id)):
                for name in Account.__struct_fields__:
                    assert getattr(found, name) == getattr(account, name), name
            assert (await uow.accounts.by_email("ada@example.com")).id == account.id
            assert await uow.accounts.by_email("Ada@example.com") is None

    async def test_what_is_not_there(self, shop):
        async with shop.container.uow() as uow:
            for look in (uow.accounts.get, uow.accounts.locked):
                with pytest.raises(AccountNotFound):
                    await look(new_id())

    async def test_an_email_belongs_to_one_account(self, shop):
        await put(shop, new_account(shop))
        with pytest.raises(EmailTaken):
            await put(shop, new_account(shop, "ADA@EXAMPLE.COM"))

    async def test_a_save_over_a_newer_save_is_refused(self, shop):
        account = new_account(shop)
        await put(shop, account)
        async with shop.container.uow() as uow:
            newer = await uow.accounts.get(account.id)
            newer.name = "Grace"
            await uow.accounts.save(newer)
            await uow.commit()
        async with shop.container.uow() as uow:
            with pytest.raises(StaleVersion):
                await uow.accounts.save(account)

    async def test_without_commit_nothing_stays(self, shop):
        account = new_account(shop)
        async with shop.container.uow() as uow:
            await uow.accounts.add(account)
        assert await shop.container.queries().profile(account.id) is None


class TestSessions:
    async def test_what_went_in_comes_out_and_changes(self, shop):
        account = new_account(shop)
        await put(shop, account)
        session, _ = Session.start(account.id, shop.clock.now(), "agent")
        async with shop.container.uow() as uow:
            await uow.sessions.add(session)
            await uow.commit()
        session.end(EndReason.reused, shop.clock.now() + timedelta(seconds=1))
        session.generation = 7
        async with shop.container.uow() as uow:
            assert await uow.sessions.locked(session.id) is not None
            await uow.sessions.save(session)
            await uow.commit()
        async with shop.container.uow() as uow:
            found = await uow.sessions.locked(session.id)
            for name in Session.__struct_fields__:
                assert getattr(found, name) == getattr(session, name), name
            assert await uow.sessions.locked(new_id()) is None

    async def test_old_ones_are_forgotten_in_batches(self, shop):
        account = new_account(shop)
        await put(shop, account)
        now = shop.clock.now()
        sessions = [Session.start(account.id, now - timedelta(days=days), "agent")[0] for days in (40, 30, 1)]
        async with shop.container.uow() as uow:
            for session in sessions:
                await uow.sessions.add(session)
            await uow.commit()
        job = next(job for job in shop.container.schedule() if job.name == "identity.forget-sessions")
        async with job.uow() as uow:
            assert await uow.sessions.forget(now, 1) == 1
            await job.handler(None, uow)
            await uow.commit()
        async with shop.container.uow() as uow:
            left = [session.id for session in sessions if await uow.sessions.locked(session.id)]
        assert left == [sessions[2].id]


class TestQueries:
    async def test_credentials_of_any_account(self, shop):
        account = new_account(shop)
        account.status = AccountStatus.closed
        await put(shop, account)
        found = await shop.container.queries().credentials("ada@example.com")
        assert (found.account_id, found.kind, found.status) == (account.id, account.kind, AccountStatus.closed)
        assert (found.permissions, found.password_hash) == ((), "h")
        assert "h'" not in repr(found)
        assert await shop.container.queries().credentials("nobody@example.com") is None

    async def test_the_profile_of_an_open_account(self, shop):
        account = new_account(shop)
        closed = new_account(shop, "closed@example.com")
        closed.status = AccountStatus.closed
        await put(shop, account, closed)
        found = await shop.container.queries().profile(account.id)
        assert (found.email, found.name, found.kind, found.permissions) == (account.email, "Ada", "customer", ())
        assert not found.email_verified
        verified = new_account(shop, "verified@example.com")
        verified.verify_email(shop.clock.now())
        await put(shop, verified)
        assert (await shop.container.queries().profile(verified.id)).email_verified
        assert await shop.container.queries().profile(closed.id) is None

    async def test_the_first_staff_account(self, shop):
        accounts = [new_account(shop, f"{n}@example.com", AccountKind.staff) for n in range(3)]
        accounts[0].status = AccountStatus.closed
        await put(shop, new_account(shop), *reversed(accounts))
        assert (await shop.container.queries().first_staff()).id == accounts[1].id


@pytest.mark.services
class TestRaces:
    async def answers(self, shop, uow=None):
        await shop.customer()
        tokens = await shop.container.login()(Login(email="ada@example.com", password=PASSWORD), HERE)
        if uow is not None:
            shop.container.uow.override(providers.Factory(uow, shop.infra.database(), shop.outbox))
            shop.container.refresh_tokens.reset()
        refresh = shop.container.refresh_tokens()
        cmd = Refresh(refresh_token=tokens.refresh_token)
        await asyncio.gather(*(refresh(cmd) for _ in range(8)))
        async with shop.container.uow() as open_uow:
            rows = await open_uow.tx.fetch(compiled("select generation, ended_at from identity.session"))
            return [tuple(row) for row in rows]

    async def test_s02_eight_refreshes_at_once_move_the_session_once(self, postgres_shop):
        assert await self.answers(postgres_shop) == [(1, None)]

    async def test_negative_control_without_the_lock_the_writes_overlap(self, postgres_shop):
        overlaps = []

        class NaiveSessions(PostgresSessions):
            async def locked(self, id):
                row = await self._tx.fetchrow(
                    compiled("select * from identity.session where id = :session_id"), session_id=id
                )
                await asyncio.sleep(0.05)
                return Session(**dict(row))

            async def save(self, session):
                overlaps.append(session.generation)
                await super().save(session)

        class NaiveUow(PostgresIdentityUow):
            def open(self, tx):
                super().open(tx)
                self.sessions = NaiveSessions(tx)

        await self.answers(postgres_shop, NaiveUow)
        assert len(overlaps) > 1

    async def signed_out_while_it_refreshes(self, shop, sessions):
        """When the session ended; both have read it before either writes, if they can."""

        class Uow(PostgresIdentityUow):
            def open(self, tx):
                super().open(tx)
                self.sessions = sessions(tx)

        account_id = await shop.customer()
        tokens = await shop.container.login()(Login(email="ada@example.com", password=PASSWORD), HERE)
        session_id = shop.access_tokens.verify(tokens.access_token).session_id
        shop.container.uow.override(providers.Factory(Uow, shop.infra.database(), shop.outbox))
        refresh, end = shop.container.refresh_tokens(), shop.container.end_session()
        cmd = Refresh(refresh_token=tokens.refresh_token)
        await asyncio.gather(end(account_id, session_id), refresh(cmd), return_exceptions=True)
        async with shop.container.uow() as uow:
            return await uow.tx.fetchval(compiled("select ended_at from identity.session"))

    async def test_s02_a_device_that_is_signed_out_while_it_refreshes_is_out(self, postgres_shop):
        class Slow(PostgresSessions):
            async def locked(self, id):
                found = await super().locked(id)
                await asyncio.sleep(0.05)
                return found

        assert await self.signed_out_while_it_refreshes(postgres_shop, Slow) is not None

    async def test_negative_control_s02_without_the_lock_it_is_in_again(self, postgres_shop):
        class Naive(PostgresSessions):
            async def locked(self, id):
                row = await self._tx.fetchrow(
                    compiled("select * from identity.session where id = :session_id"), session_id=id
                )
                await asyncio.sleep(0.05)
                return Session(**dict(row))

            async def save(self, session):
                if session.ended_at is None:
                    await asyncio.sleep(0.05)
                await super().save(session)

        assert await self.signed_out_while_it_refreshes(postgres_shop, Naive) is None
