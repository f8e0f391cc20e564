"""Linked identities and sign-ins on both storages; what happens at once is shown on PostgreSQL."""

import asyncio
from datetime import timedelta

import pytest
from dependency_injector import providers

from merx.contexts.identity.adapters.postgres import PostgresIdentityUow
from merx.contexts.identity.adapters.postgres_identities import PostgresProviderSignIns
from merx.contexts.identity.domain.linked_identity import LinkedIdentity
from merx.contexts.identity.domain.provider_errors import IdentityNotFound, IdentityTaken
from merx.contexts.identity.domain.provider_sign_in import ProviderFlow, ProviderSignIn
from merx.infra.postgres import compiled
from merx.kernel.ids import new_id
from tests.contexts.identity.oidc_journeys import API, identities, on_postgres


def identity(shop, account_id, subject="s"):
    return LinkedIdentity.link(
        account_id, provider="login", issuer="https://i.example", subject=subject, email=None, now=shop.clock.now()
    )


def came_back(shop):
    return ProviderSignIn.claim(ProviderFlow.begin("login", shop.clock.now()), "b" * 43)


class TestIdentities:
    async def test_a_subject_of_an_issuer_is_linked_once(self, shop):
        ada, eve = await shop.customer("ada@example.com"), await shop.customer("eve@example.com")
        first, second = identity(shop, ada), identity(shop, ada, "t")
        async with shop.container.uow() as uow:
            await uow.linked_identities.add(first)
            await uow.linked_identities.add(second)
            await uow.commit()
        with pytest.raises(IdentityTaken):
            async with shop.container.uow() as uow:
                await uow.linked_identities.add(identity(shop, eve))
        async with shop.container.uow() as uow:
            found = await uow.linked_identities.by_subject("https://i.example", "s")
            assert (found.id, found.account_id) == (first.id, ada)
            assert await uow.linked_identities.by_subject("https://i.example", "S") is None
            assert await uow.linked_identities.by_subject("https://j.example", "s") is None
            assert [each.id for each in await uow.linked_identities.of_account(ada)] == [first.id, second.id]
            assert await uow.linked_identities.of_account(eve) == []
            with pytest.raises(IdentityNotFound):
                await uow.linked_identities.get(new_id())
            await uow.linked_identities.note_use(found.id, shop.clock.now())
            await uow.linked_identities.remove(await uow.linked_identities.get(second.id))
            await uow.commit()
        (view,) = await shop.container.through_providers.identity_links().of_account(ada)
        assert (view.id, view.provider, view.used_at) == (first.id, "login", shop.clock.now())

    async def test_a_sign_in_is_kept_whole(self, shop):
        account_id = await shop.customer("ada@example.com")
        sign_in = came_back(shop)
        async with shop.container.uow() as uow:
            assert await uow.provider_sign_ins.claim(sign_in)
            assert not await uow.provider_sign_ins.claim(sign_in)
            await uow.commit()
        async with shop.container.uow() as uow:
            found = await uow.provider_sign_ins.locked(sign_in.id)
            found.issuer, found.subject, found.email, found.multi_factor = "i", "s", "e@example.com", True
            found.prove(account_id, 3, shop.clock.now())
            found.used_at = shop.clock.now()
            await uow.provider_sign_ins.save(found)
            await uow.commit()
        async with shop.container.uow() as uow:
            again = await uow.provider_sign_ins.locked(sign_in.id)
            for name in ProviderSignIn.__struct_fields__:
                assert getattr(again, name) == getattr(found, name), name
            assert await uow.provider_sign_ins.locked(new_id()) is None

    async def test_old_ones_are_forgotten_in_batches(self, shop):
        sign_ins = [came_back(shop) for _ in range(3)]
        for sign_in, hours in zip(sign_ins, (40, 30, 0), strict=True):
            sign_in.expires_at = shop.clock.now() - timedelta(hours=hours)
        async with shop.container.uow() as uow:
            for sign_in in sign_ins:
                await uow.provider_sign_ins.claim(sign_in)
            await uow.commit()
        job = next(job for job in shop.container.schedule() if job.name == "identity.forget-provider-sign-ins")
        async with job.uow() as uow:
            assert await uow.provider_sign_ins.forget(shop.clock.now(), 1) == 1
            await job.handler(None, uow)
            await uow.commit()
        async with shop.container.uow() as uow:
            left = [each.id for each in sign_ins if await uow.provider_sign_ins.locked(each.id)]
        assert left == [sign_ins[2].id]


@pytest.mark.services
class TestAtOnce:
    @pytest.fixture
    async def oidc(self, database_url):
        async with on_postgres(database_url) as shop:
            yield shop

    async def test_the_whole_way_on_postgresql(self, oidc):
        browser = oidc.browser()
        tokens = await browser.sign_in()
        assert await oidc.browser().sign_in()
        assert oidc.access_tokens.verify(tokens["access_token"]).account_id is not None
        assert len(await identities(oidc)) == 1

    async def test_one_person_on_five_devices_at_once_gets_one_account(self, oidc):
        founds = await asyncio.gather(*(oidc.browser().go() for _ in range(5)))
        assert all("code" in found for found in founds), founds
        assert len(await identities(oidc)) == 1

    async def callbacks(self, oidc):
        """What five uses of one state at once lead to."""
        browser = oidc.browser()
        path = (await browser.visit_provider(await browser.leave())).removeprefix(API)
        answers = await asyncio.gather(*(browser.http.get(path) for _ in range(5)))
        return sum("#code=" in answer.headers["location"] for answer in answers), oidc.provider.requests.count("/token")

    async def test_a_state_is_used_once(self, oidc):
        await oidc.browser().sign_in()
        oidc.provider.requests.clear()
        assert await self.callbacks(oidc) == (1, 1)

    async def test_negative_control_looking_first_lets_several_through(self, oidc):
        await oidc.browser().sign_in()
        oidc.provider.requests.clear()

        class Naive(PostgresProviderSignIns):
            async def claim(self, sign_in):
                known = await self._tx.fetchrow(
                    compiled("select 1 from identity.provider_sign_in where id = :sign_in_id"), sign_in_id=sign_in.id
                )
                await asyncio.sleep(0.05)
                await super().claim(sign_in)
                return known is None

        class NaiveUow(PostgresIdentityUow):
            def open(self, tx):
                super().open(tx)
                self.provider_sign_ins = Naive(tx)

        oidc.container.uow.override(providers.Factory(NaiveUow, oidc.infra.database(), oidc.outbox))
        oidc.container.through_providers.finish_provider_sign_in.reset()
        _, traded = await self.callbacks(oidc)
        assert traded > 1

    async def test_of_five_who_collect_with_one_code_one_gets_tokens(self, oidc):
        browser = oidc.browser()
        found = await browser.go()
        answers = await asyncio.gather(*(browser.collect(found) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]

    async def test_of_two_identities_that_are_unlinked_at_once_one_stays(self, oidc):
        browser = oidc.browser()
        tokens = await browser.sign_in()
        oidc.provider.person = oidc.provider.person | {"sub": "ada-2"}
        assert (await browser.link(tokens, "forum")).status_code == 200
        headers = {"authorization": f"Bearer {tokens['access_token']}"}
        listed = (await browser.http.get("/auth/identities", headers=headers)).json()
        answers = await asyncio.gather(
            *(browser.http.delete(f"/auth/identities/{each['id']}", headers=headers) for each in listed)
        )
        assert sorted(answer.status_code for answer in answers) == [204, 409]
