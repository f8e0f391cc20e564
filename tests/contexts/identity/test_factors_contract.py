"""What both storages promise of second factors; races are shown on PostgreSQL, with naive variants that must fail."""

import asyncio
from datetime import timedelta

import pytest
from dependency_injector import providers

from merx.contexts.identity.adapters.ceremonies import WebAuthnCeremonies
from merx.contexts.identity.adapters.memory_factors import MemoryFactorQueries, MemorySecondFactors
from merx.contexts.identity.adapters.memory_passkeys import MemoryPasskeys, MemorySpentChallenges
from merx.contexts.identity.adapters.passkey_challenges import SignedChallenges
from merx.contexts.identity.adapters.postgres import PostgresIdentityUow
from merx.contexts.identity.adapters.postgres_factors import PostgresFactorQueries, PostgresSecondFactors
from merx.contexts.identity.adapters.postgres_passkeys import PostgresPasskeys, PostgresSpentChallenges
from merx.contexts.identity.adapters.totp_codes import PyotpCodes
from merx.contexts.identity.domain.errors import PasskeyHeldAlready, WrongFactor
from merx.contexts.identity.domain.one_time_code import CodePurpose, OneTimeCode
from merx.contexts.identity.domain.passkey import Passkey
from merx.contexts.identity.domain.second_factors import HeldFactors, Method
from merx.contexts.identity.domain.session import Session
from merx.contexts.identity.domain.totp import Totp
from merx.contexts.identity.ports.passkeys import Ceremonies, Challenges
from merx.contexts.identity.ports.second_factors import (
    FactorQueries,
    Passkeys,
    Seals,
    SecondFactors,
    SpentChallenges,
    TotpCodes,
)
from merx.contexts.identity.usecases.factor_proof import GivenFactor
from merx.infra.postgres import compiled
from merx.infra.sealing import Sealer
from merx.kernel.ids import new_id
from tests.contexts.identity.conftest import HERE

FACTORS: list[type[SecondFactors]] = [MemorySecondFactors, PostgresSecondFactors]
PASSKEYS: list[type[Passkeys]] = [MemoryPasskeys, PostgresPasskeys]
SPENT: list[type[SpentChallenges]] = [MemorySpentChallenges, PostgresSpentChallenges]
QUERIES: list[type[FactorQueries]] = [MemoryFactorQueries, PostgresFactorQueries]
PORTS: list[type] = [Ceremonies, Challenges, Seals, TotpCodes]
ADAPTERS: tuple[type[Ceremonies], type[Challenges], type[Seals], type[TotpCodes]] = (
    WebAuthnCeremonies,
    SignedChallenges,
    Sealer,
    PyotpCodes,
)


@pytest.fixture
async def ada(shop):
    return await shop.customer()


def a_totp(account_id, now, **fields):
    return Totp(account_id=account_id, sealed_secret=b"sealed", created_at=now, **fields)


def a_passkey(account_id, now, credential_id=b"credential", **fields):
    given = {
        "public_key": b"key",
        "sign_count": 0,
        "name": "laptop",
        "aaguid": "0" * 36,
        "transports": ("internal", "usb"),
        "backed_up": True,
    }
    return Passkey.register(account_id=account_id, credential_id=credential_id, now=now, **given | fields)


async def put(shop, work):
    async with shop.container.uow() as uow:
        found = await work(uow)
        await uow.commit()
    return found


class TestTotp:
    async def test_what_went_in_comes_out_and_is_replaced(self, shop, ada):
        now = shop.clock.now()
        for totp in (a_totp(ada, now), a_totp(ada, now, confirmed_at=now, last_step=2**40)):
            await put(shop, lambda uow, totp=totp: uow.factors.put_totp(totp))
            found = await put(shop, lambda uow: uow.factors.totp(ada))
            assert [getattr(found, name) for name in Totp.__struct_fields__] == [
                getattr(totp, name) for name in Totp.__struct_fields__
            ]
            held = await shop.container.second_factors.factor_queries().held(ada)
            assert held == HeldFactors(totp.confirmed_at is not None)
            assert await put(shop, lambda uow: uow.factors.held(ada)) == held

    async def test_a_step_is_used_once_and_only_forward(self, shop, ada):
        await put(shop, lambda uow: uow.factors.put_totp(a_totp(ada, shop.clock.now(), last_step=5)))
        used = [await put(shop, lambda uow, step=step: uow.factors.use_step(ada, step)) for step in (5, 4, 6, 6, 8, 7)]
        assert used == [False, False, True, False, True, False]
        assert not await put(shop, lambda uow: uow.factors.use_step(new_id(), 9))

    async def test_only_a_confirmed_one_counts_as_removed(self, shop, ada):
        now = shop.clock.now()
        removed = []
        for totp in (None, a_totp(ada, now), a_totp(ada, now, confirmed_at=now)):
            if totp is not None:
                await put(shop, lambda uow, totp=totp: uow.factors.put_totp(totp))
            removed.append(await put(shop, lambda uow: uow.factors.remove_totp(ada)))
            assert await put(shop, lambda uow: uow.factors.totp(ada)) is None
        assert removed == [False, False, True]


class TestRecoveryCodes:
    async def test_each_once_until_others_take_their_place(self, shop, ada):
        eve, now = await shop.customer("eve@example.com"), shop.clock.now()

        def use(account_id, digest):
            return put(shop, lambda uow: uow.factors.use_recovery_code(account_id, digest, now))

        for account_id in (ada, eve):
            await put(shop, lambda uow, id=account_id: uow.factors.put_recovery_codes(id, [b"1", b"2"]))
        assert [await use(ada, digest) for digest in (b"1", b"1", b"3")] == [True, False, False]
        held = shop.container.second_factors.factor_queries().held
        assert [(await held(id)).recovery_codes for id in (ada, eve)] == [1, 2]
        await put(shop, lambda uow: uow.factors.put_recovery_codes(ada, [b"4"]))
        assert [await use(ada, digest) for digest in (b"2", b"4")] == [False, True]
        assert await use(eve, b"1")
        await put(shop, lambda uow: uow.factors.put_recovery_codes(eve, []))
        assert (await held(eve)).recovery_codes == 0


class TestPasskeys:
    async def test_what_went_in_comes_out(self, shop, ada):
        passkey = a_passkey(ada, shop.clock.now())
        await put(shop, lambda uow: uow.passkeys.add(passkey))
        (of_account,) = await put(shop, lambda uow: uow.passkeys.of(ada))
        by_credential = await put(shop, lambda uow: uow.passkeys.by_credential(b"credential"))
        for found in (of_account, by_credential):
            for name in Passkey.__struct_fields__:
                assert getattr(found, name) == getattr(passkey, name), name
        assert await put(shop, lambda uow: uow.passkeys.by_credential(b"other")) is None
        (view,) = await shop.container.second_factors.factor_queries().passkeys(ada)
        assert (view.id, view.name, view.backed_up, view.last_used_at) == (passkey.id, "laptop", True, None)
        assert (await shop.container.second_factors.factor_queries().held(ada)).passkeys == 1

    async def test_a_credential_belongs_to_one_account(self, shop, ada):
        eve, now = await shop.customer("eve@example.com"), shop.clock.now()
        await put(shop, lambda uow: uow.passkeys.add(a_passkey(ada, now)))
        with pytest.raises(PasskeyHeldAlready):
            await put(shop, lambda uow: uow.passkeys.add(a_passkey(eve, now)))

    async def test_the_count_grows_or_stays_at_nothing(self, shop, ada):
        now = shop.clock.now() + timedelta(seconds=1)
        counting, silent = a_passkey(ada, now, b"a", sign_count=3), a_passkey(ada, now, b"b")
        for passkey in (counting, silent):
            await put(shop, lambda uow, passkey=passkey: uow.passkeys.add(passkey))

        def use(passkey, count):
            return put(shop, lambda uow: uow.passkeys.use(passkey.id, count, now))

        assert [await use(counting, count) for count in (3, 0, 4, 4, 2**32 - 1)] == [False, False, True, False, True]
        assert [await use(silent, count) for count in (0, 0, 1, 0)] == [True, True, True, False]
        found = await put(shop, lambda uow: uow.passkeys.by_credential(b"a"))
        assert (found.sign_count, found.last_used_at) == (2**32 - 1, now)

    async def test_only_the_owner_renames_and_removes(self, shop, ada):
        eve = await shop.customer("eve@example.com")
        passkey = a_passkey(ada, shop.clock.now())
        await put(shop, lambda uow: uow.passkeys.add(passkey))
        assert not await put(shop, lambda uow: uow.passkeys.rename(eve, passkey.id, "mine"))
        assert await put(shop, lambda uow: uow.passkeys.remove(eve, passkey.id)) is None
        assert await put(shop, lambda uow: uow.passkeys.rename(ada, passkey.id, "old"))
        removed = await put(shop, lambda uow: uow.passkeys.remove(ada, passkey.id))
        assert (removed.id, removed.name) == (passkey.id, "old")
        assert await put(shop, lambda uow: uow.passkeys.of(ada)) == []


class TestChallenges:
    async def test_each_is_spent_once_and_forgotten_in_batches(self, shop):
        now, ids = shop.clock.now(), [new_id() for _ in range(3)]
        for id, ends in zip(ids, (now, now, now + timedelta(days=2)), strict=True):
            assert await put(shop, lambda uow, id=id, ends=ends: uow.challenges.spend(id, ends))
            assert not await put(shop, lambda uow, id=id, ends=ends: uow.challenges.spend(id, ends))
        late = now + timedelta(seconds=1)
        assert [await put(shop, lambda uow: uow.challenges.forget(late, 1)) for _ in range(3)] == [1, 1, 0]
        spent = [await put(shop, lambda uow, id=id: uow.challenges.spend(id, now)) for id in ids]
        assert spent == [True, True, False]

    async def test_the_job_forgets_them(self, shop):
        id = new_id()
        await put(shop, lambda uow: uow.challenges.spend(id, shop.clock.now()))
        shop.clock.advance(timedelta(days=2))
        job = next(job for job in shop.container.schedule() if job.name == "identity.forget-codes")
        async with job.uow() as uow:
            await job.handler(None, uow)
            await uow.commit()
        assert await put(shop, lambda uow: uow.challenges.spend(id, shop.clock.now()))


class TestWhatSessionsAndCodesRemember:
    async def test_methods_and_attempts(self, shop, ada):
        now = shop.clock.now()
        session, _ = Session.start(ada, now, "agent", ("password",))
        await put(shop, lambda uow: uow.sessions.add(session))
        session.prove("totp", now + timedelta(minutes=1))
        session.prove("totp", now + timedelta(minutes=2))
        await put(shop, lambda uow: uow.sessions.save(session))
        found = await put(shop, lambda uow: uow.sessions.locked(session.id))
        assert (found.methods, found.proved_at) == (("password", "totp"), now + timedelta(minutes=2))
        (summary,) = await shop.container.queries().sessions(ada, now)
        assert summary.methods == ("password", "totp")
        account = await put(shop, lambda uow: uow.accounts.get(ada))
        code = OneTimeCode.issue(account, CodePurpose.second_factor, now, methods=(Method.oidc,))
        await put(shop, lambda uow: uow.codes.add(code))
        for _ in range(2):
            await put(shop, lambda uow: uow.codes.count_attempt(code.id))
        found = await put(shop, lambda uow: uow.codes.get(code.id))
        assert (found.attempts, found.methods) == (2, (Method.oidc,))

    async def test_open_codes_of_one_account_and_purpose_are_made_void(self, shop, ada):
        now, eve = shop.clock.now(), await shop.customer("eve@example.com")
        of_ada, of_eve = [await put(shop, lambda uow, id=id: uow.accounts.get(id)) for id in (ada, eve)]
        asked, mailed = CodePurpose.second_factor, CodePurpose.reset_password
        codes = [OneTimeCode.issue(*each, now) for each in ((of_ada, asked), (of_ada, mailed), (of_eve, asked))]
        used = OneTimeCode.issue(of_ada, asked, now)
        for code in (*codes, used):
            await put(shop, lambda uow, code=code: uow.codes.add(code))
        await put(shop, lambda uow: uow.codes.take(used.id, now))
        later = now + timedelta(minutes=1)
        await put(shop, lambda uow: uow.codes.void(ada, asked, later))
        found = [(await put(shop, lambda uow, id=code.id: uow.codes.get(id))).used_at for code in (*codes, used)]
        assert found == [later, None, None, now]


@pytest.mark.services
class TestRaces:
    async def outcomes(self, shop, uow=None):
        """Of eight who show the same code at once: how many get in."""
        account_id = await shop.customer()
        secret, now = shop.container.second_factors.totp_codes().new_secret(), shop.clock.now()
        sealed = shop.infra.sealer().seal("totp-secret", account_id, secret)
        totp = Totp(account_id=account_id, sealed_secret=sealed, created_at=now, confirmed_at=now)
        await put(shop, lambda uow: uow.factors.put_totp(totp))
        if uow is not None:
            shop.container.uow.override(providers.Factory(uow, shop.infra.database(), shop.outbox))
        import pyotp

        code = pyotp.TOTP(shop.container.second_factors.totp_codes().shown(secret, "ada@example.com")[0]).at(now)
        proof = shop.container.second_factors.factor_proof()

        async def show():
            async with shop.container.uow() as open_uow:
                # Without the lock of the account: the statement alone has to decide.
                account = await open_uow.accounts.get(account_id)
                try:
                    method = await proof.check(open_uow, account, GivenFactor(totp=code), None, HERE, now)
                except WrongFactor:
                    return None
                await open_uow.commit()
                return method

        return [each for each in await asyncio.gather(*(show() for _ in range(8))) if each is Method.totp]

    async def test_s04_a_code_shown_eight_times_at_once_opens_once(self, postgres_shop):
        assert len(await self.outcomes(postgres_shop)) == 1

    async def test_negative_control_read_then_write_opens_more_often(self, postgres_shop):
        all_have_read = asyncio.Barrier(8)

        class NaiveFactors(PostgresSecondFactors):
            async def use_step(self, account_id, step):
                totp = await self.totp(account_id)
                await all_have_read.wait()
                if totp.last_step >= step:
                    return False
                await self._tx.execute(
                    compiled("update identity.totp set last_step = :step where account_id = :account_id"),
                    step=step,
                    account_id=account_id,
                )
                return True

        class NaiveUow(PostgresIdentityUow):
            def open(self, tx):
                super().open(tx)
                self.factors = NaiveFactors(tx)

        assert len(await self.outcomes(postgres_shop, NaiveUow)) > 1
