"""What two who come in one moment can do to an account; beside each race stands the careless variant that fails.

Elsewhere: refreshing (test_contract), codes of mails (test_codes), codes of an app (test_factors_contract), the last
owner and invitations (test_staff), states of providers (test_oidc_contract).
"""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from dependency_injector import providers

from merx.contexts.identity.adapters.postgres import PostgresAccounts, PostgresIdentityUow
from merx.contexts.identity.adapters.postgres_api_keys import PostgresApiKeys
from merx.contexts.identity.adapters.postgres_codes import PostgresCodes
from merx.contexts.identity.adapters.postgres_factors import PostgresSecondFactors
from merx.contexts.identity.adapters.postgres_identities import PostgresLinkedIdentities, PostgresProviderSignIns
from merx.contexts.identity.adapters.postgres_invitations import PostgresInvitations
from merx.contexts.identity.adapters.postgres_passkeys import PostgresPasskeys, PostgresSpentChallenges
from merx.contexts.identity.adapters.postgres_roles import PostgresRoles
from merx.contexts.identity.domain.account import Account, AccountKind
from merx.contexts.identity.domain.api_key import ApiKey
from merx.contexts.identity.domain.errors import LastFactor, RoleInUse, UnknownRole
from merx.contexts.identity.domain.invitation import Invitation
from merx.contexts.identity.domain.linked_identity import MAX_LINKED, LinkedIdentity
from merx.contexts.identity.domain.one_time_code import MAX_OPEN
from merx.contexts.identity.domain.passkey import Passkey
from merx.contexts.identity.domain.provider_sign_in import ProviderFlow, ProviderSignIn, Purpose
from merx.contexts.identity.domain.recovery_codes import recovery_digest
from merx.contexts.identity.domain.second_factors import HeldFactors
from merx.contexts.identity.domain.totp import Totp
from merx.contexts.identity.events import CodeAsked
from merx.contexts.identity.ports.providers import ProvedIdentity, ProviderRules
from merx.contexts.identity.usecases.answer_challenge import AnswerChallenge
from merx.contexts.identity.usecases.api_keys import MakeApiKey, RotateApiKey
from merx.contexts.identity.usecases.change_password import ChangePassword
from merx.contexts.identity.usecases.identity_owner import add_identity
from merx.contexts.identity.usecases.invitations import InviteStaff
from merx.contexts.identity.usecases.issue_code import IssueCodeHandler
from merx.contexts.identity.usecases.login import Login
from merx.contexts.identity.usecases.roles import CreateRole
from merx.contexts.identity.usecases.staff import ChangeStaff
from merx.contexts.identity.usecases.tokens import Tokens
from merx.infra.postgres import Database, compiled
from merx.infra.settings import Settings
from merx.kernel.actor import Actor
from merx.kernel.errors import MerxError
from merx.kernel.ids import new_id
from merx.kernel.rights import Grant
from tests.contexts.identity.conftest import HERE, PASSWORD, Shop
from tests.contexts.identity.test_staff import owner_of

pytestmark = pytest.mark.services
EMAIL, THINKING = "ada@example.com", 0.05
CODES = ("2345-6789-ABCD-EFGH", "3456-789A-BCDE-FGH2", "4567-89AB-CDEF-GH23", "5678-9ABC-DEFG-H234")


@pytest.fixture
def shop(postgres_shop: Shop) -> Shop:
    return postgres_shop


async def at_once(*attempts: Awaitable[Any]) -> list[Any]:
    """What each came to: an answer or one of our refusals."""
    found = await asyncio.gather(*attempts, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException) and not isinstance(each, MerxError):
            raise each
    return found


def good(outcomes: list[Any]) -> int:
    return sum(not isinstance(each, MerxError) for each in outcomes)


def careless(shop: Shop, **repositories: type) -> None:
    """The same context, in which these stand for the repositories of their names."""

    class Uow(PostgresIdentityUow):
        def open(self, tx: Any) -> None:
            super().open(tx)
            for name, kind in repositories.items():
                setattr(self, name, kind(tx))

    shop.container.uow.override(providers.Factory(Uow, shop.infra.database(), shop.outbox))
    for provider in shop.container.traverse():
        # The stand-in for dear hashes is an Object: it stays.
        if isinstance(provider, providers.BaseSingleton):
            provider.reset()


class Unlocked(PostgresAccounts):
    async def locked(self, id: UUID) -> Account:
        found = await self.get(id)
        await asyncio.sleep(THINKING)
        return found


class SlowIdentities(PostgresLinkedIdentities):
    """Thinks about what it has read: then it is old."""

    async def of_account(self, account_id: UUID) -> list[LinkedIdentity]:
        found = await super().of_account(account_id)
        await asyncio.sleep(THINKING)
        return found


class SlowFactors(PostgresSecondFactors):
    async def held(self, account_id: UUID) -> HeldFactors:
        found = await super().held(account_id)
        await asyncio.sleep(THINKING)
        return found


class SlowInvitations(PostgresInvitations):
    async def pending_to(self, email_key: str) -> Invitation | None:
        found = await super().pending_to(email_key)
        await asyncio.sleep(THINKING)
        return found


async def count(shop: Shop, table: str, condition: str = "true") -> int:
    async with shop.container.uow() as uow:
        found: int = await uow.tx.fetchval(compiled(f"select count(*) from identity.{table} where {condition}"))
        return found


class TestTheLockOfTheAccount:
    """What is counted or looked at first, and then done."""

    async def codes_asked(self, shop: Shop) -> int:
        await shop.customer(EMAIL)
        handler = IssueCodeHandler(shop.container.queries(), shop.clock)
        event = CodeAsked(at=shop.clock.now(), purpose="reset-password", email=EMAIL)

        async def issue() -> None:
            async with shop.container.uow() as uow:
                await handler(event, uow)
                await uow.commit()

        await at_once(*(issue() for _ in range(MAX_OPEN + 3)))
        return await count(shop, "one_time_code")

    async def test_s06_no_more_codes_than_a_mailbox_gets(self, shop):
        assert await self.codes_asked(shop) == MAX_OPEN

    async def test_negative_control_s06_without_the_lock_there_are_more(self, shop):
        careless(shop, accounts=Unlocked)
        assert await self.codes_asked(shop) > MAX_OPEN

    async def links(self, shop: Shop) -> int:
        account_id = await shop.customer(EMAIL)
        rules = ProviderRules("p", "P", AccountKind.customer, trusts_email=False)

        async def link(number: int) -> None:
            proved = ProvedIdentity("https://p.example", f"s-{number}", None, False, None, multi_factor=False)
            async with shop.container.uow() as uow:
                account = await uow.accounts.locked(account_id)
                await add_identity(uow, account, rules, proved, HERE.speaking_for(account), shop.clock.now())
                await uow.commit()

        for number in range(MAX_LINKED - 1):
            await link(number)
        await at_once(*(link(100 + number) for number in range(4)))
        return await count(shop, "linked_identity")

    async def test_no_more_identities_than_an_account_has(self, shop):
        careless(shop, linked_identities=SlowIdentities)
        assert await self.links(shop) == MAX_LINKED

    async def test_negative_control_without_the_lock_it_has_more(self, shop):
        careless(shop, accounts=Unlocked, linked_identities=SlowIdentities)
        assert await self.links(shop) > MAX_LINKED

    async def factors_removed(self, shop: Shop) -> list[str]:
        account_id = await shop.staff(EMAIL)
        passkey = a_passkey(shop, account_id)
        async with shop.container.uow() as uow:
            await uow.factors.put_totp(confirmed(shop, account_id))
            await uow.passkeys.add(passkey)
            await uow.commit()
        factors = shop.container.second_factors
        found = await at_once(
            factors.look_after_totp().remove(account_id, HERE),
            factors.look_after_passkeys().remove(account_id, passkey.id, HERE),
        )
        return [type(each).__name__ for each in found if each is not None]

    @pytest.fixture
    async def strict(self, database_url: str):
        database = Database(Settings(database_url=database_url))
        yield Shop("postgres", database, Settings(database_url=database_url, staff_mfa="required"))
        await database.close()

    async def test_s35_of_two_last_factors_of_staff_one_stays(self, strict):
        careless(strict, factors=SlowFactors)
        assert await self.factors_removed(strict) == [LastFactor.__name__]

    async def test_negative_control_s35_without_the_lock_both_are_gone(self, strict):
        careless(strict, accounts=Unlocked, factors=SlowFactors)
        assert await self.factors_removed(strict) == []

    async def left_behind(self, shop: Shop) -> int:
        """Sessions that a password opened which is changed in the same moment."""
        account_id = await shop.customer(EMAIL)
        change = ChangePassword(present_password=PASSWORD, new_password="another good one")
        attempts = [shop.container.login()(Login(email=EMAIL, password=PASSWORD), HERE) for _ in range(6)]
        await at_once(shop.container.change_password()(account_id, None, change, HERE), *attempts)
        return await count(shop, "session", "ended_at is null")

    async def test_s02_a_password_that_is_changed_leaves_no_session_behind(self, shop):
        for _ in range(3):
            assert await self.left_behind(shop) == 0
            await again(shop)

    async def test_negative_control_s02_without_the_lock_a_session_stays(self, shop):
        careless(shop, accounts=Unlocked)
        found = []
        for _ in range(6):
            found.append(await self.left_behind(shop))
            await again(shop)
        assert any(found)


async def again(shop: Shop) -> None:
    """As before everything, for the next turn."""
    async with shop.container.uow() as uow:
        await uow.tx.execute(compiled("delete from identity.account where kind = 'customer'"))
        await uow.commit()
    shop.clock.advance(timedelta(days=1))


class TestChallenges:
    async def answered(self, shop: Shop, codes: tuple[str, ...], challenges: int) -> int:
        """How many are signed in by these recovery codes, shown at once with so many challenges."""
        account_id = await shop.customer(EMAIL)
        async with shop.container.uow() as uow:
            await uow.factors.put_totp(confirmed(shop, account_id))
            await uow.factors.put_recovery_codes(account_id, [recovery_digest(account_id, each) for each in CODES])
            await uow.commit()
        asked = [await shop.container.login()(Login(email=EMAIL, password=PASSWORD), HERE) for _ in range(challenges)]
        answer = shop.container.second_factors.answer_challenge()
        attempts = [
            answer(AnswerChallenge(mfa_token=asked[place % challenges].mfa_token, recovery_code=each), HERE)
            for place, each in enumerate(codes)
        ]
        return sum(isinstance(each, Tokens) for each in await at_once(*attempts))

    async def test_s06_a_challenge_is_answered_once(self, shop):
        assert await self.answered(shop, CODES, 1) == 1

    async def test_negative_control_s06_a_challenge_that_is_not_taken_is_answered_again(self, shop):
        class NaiveCodes(PostgresCodes):
            async def take(self, id: UUID, now: Any) -> bool:
                await asyncio.sleep(THINKING)
                return True

        careless(shop, accounts=Unlocked, codes=NaiveCodes)
        assert await self.answered(shop, CODES, 1) > 1

    async def test_s06_a_recovery_code_is_good_once(self, shop):
        assert await self.answered(shop, CODES[:1] * 4, 4) == 1

    async def test_negative_control_s06_read_then_write_opens_more_often(self, shop):
        class NaiveFactors(PostgresSecondFactors):
            async def use_recovery_code(self, account_id: UUID, digest: bytes, now: Any) -> bool:
                used = await self._tx.fetchval(
                    compiled("select used_at from identity.recovery_code where digest = :digest"), digest=digest
                )
                await asyncio.sleep(THINKING)
                await super().use_recovery_code(account_id, digest, now)
                return used is None

        careless(shop, accounts=Unlocked, factors=NaiveFactors)
        assert await self.answered(shop, CODES[:1] * 4, 4) > 1


class TestApiKeys:
    async def rotated(self, shop: Shop) -> int:
        """How many successors a key gets that is replaced four times at once."""
        boss = await owner_of(shop)
        keys = shop.container.look_after_api_keys()
        key_id, _ = await keys.make(boss, MakeApiKey(name="till", scopes=("orders:read",)))
        await at_once(*(keys.rotate(boss, key_id, RotateApiKey()) for _ in range(4)))
        return await count(shop, "api_key") - 1

    async def test_a_key_has_one_successor(self, shop):
        assert await self.rotated(shop) == 1

    class Naive(PostgresApiKeys):
        """Saves without a look at the version."""

        async def get(self, id: UUID) -> ApiKey:
            found = await super().get(id)
            await asyncio.sleep(THINKING)
            return found

        async def save(self, entity: ApiKey) -> None:
            await self._tx.execute(
                compiled("update identity.api_key set replaced_by = :next, revoked_at = :gone where id = :key_id"),
                next=entity.replaced_by,
                gone=entity.revoked_at,
                key_id=entity.id,
            )

    async def test_negative_control_without_versions_it_has_several(self, shop):
        careless(shop, api_keys=self.Naive)
        assert await self.rotated(shop) > 1

    async def revoked_and_rotated(self, shop: Shop) -> set[tuple[bool, bool, bool]]:
        """Some times: whether revoking went well, whether rotating did, and whether the old key is revoked."""
        boss, keys, found = await owner_of(shop), shop.container.look_after_api_keys(), set()
        for _ in range(6):
            key_id, _ = await keys.make(boss, MakeApiKey(name="till", scopes=("orders:read",)))
            outcomes = await at_once(keys.revoke(boss, key_id), keys.rotate(boss, key_id, RotateApiKey()))
            revoked = (await shop.container.api_key_queries().one(key_id)).revoked_at is not None
            found.add((*(not isinstance(each, MerxError) for each in outcomes), revoked))
        return found

    async def test_a_key_that_was_revoked_is_not_good_again(self, shop):
        # One of the two may be told to look again; what is answered well holds.
        assert all(went == revoked for went, _, revoked in await self.revoked_and_rotated(shop))

    async def test_negative_control_without_versions_a_revoked_key_comes_back(self, shop):
        careless(shop, api_keys=self.Naive)
        assert any(went and not revoked for went, _, revoked in await self.revoked_and_rotated(shop))


class Turnless(PostgresRoles):
    """Nobody waits for a turn."""

    async def take_turn(self) -> None:
        await asyncio.sleep(THINKING)


class TestRights:
    async def granted_and_removed(self, shop: Shop) -> bool:
        """Whether somebody holds a role that is gone, after giving and removing it in one moment, some times."""
        boss, clerk = await owner_of(shop), await shop.staff(EMAIL)
        roles, staff = shop.container.look_after_roles(), shop.container.look_after_staff()
        for number in range(6):
            create = CreateRole(name=f"Clerk {number}", grants=(Grant(permission="orders:read"),))
            role_id = await roles.create(boss, create)
            given, gone = await at_once(
                staff.change(boss, clerk, ChangeStaff(roles=(role_id,))), roles.remove(boss, role_id)
            )
            if not isinstance(given, UnknownRole) and not isinstance(gone, RoleInUse):
                return True
        return False

    async def test_nobody_holds_a_role_that_is_gone(self, shop):
        assert not await self.granted_and_removed(shop)

    async def test_negative_control_without_the_turn_somebody_does(self, shop):
        careless(shop, roles=Turnless)
        assert await self.granted_and_removed(shop)

    async def invited(self, shop: Shop, boss: Actor) -> int:
        command = InviteStaff(email="nina@example.com", roles=((await self.role(shop, boss)),))
        return good(await at_once(*(shop.container.look_after_invitations().invite(boss, command) for _ in range(4))))

    @staticmethod
    async def role(shop: Shop, boss: Actor) -> UUID:
        create = CreateRole(name="Clerk", grants=(Grant(permission="orders:read"),))
        found: UUID = await shop.container.look_after_roles().create(boss, create)
        return found

    async def test_one_address_has_one_open_invitation(self, shop):
        assert await self.invited(shop, await owner_of(shop)) == 1

    async def test_negative_control_without_turn_and_index_it_has_several(self, shop, owner_url):
        owner = await asyncpg.connect(owner_url)
        await owner.execute("drop index identity.uq_invitation_pending")
        await owner.close()
        boss = await owner_of(shop)
        careless(shop, roles=Turnless, invitations=SlowInvitations)
        assert await self.invited(shop, boss) > 1


class LooksFirst(PostgresSpentChallenges):
    async def spend(self, id: UUID, expires_at: Any) -> bool:
        known = await self._tx.fetchval(compiled("select 1 from identity.spent_challenge where id = :id"), id=id)
        await asyncio.sleep(THINKING)
        await super().spend(id, expires_at)
        return known is None


class CountsFirst(PostgresPasskeys):
    async def use(self, id: UUID, sign_count: int, now: Any) -> bool:
        known = await self._tx.fetchval(compiled("select sign_count from identity.passkey where id = :id"), id=id)
        await asyncio.sleep(THINKING)
        await super().use(id, sign_count, now)
        return bool(known < sign_count)


class TestOneStatementDecides:
    """Without any lock before it."""

    async def spent(self, shop: Shop) -> int:
        challenge, until = new_id(), shop.clock.now()

        async def spend() -> bool:
            async with shop.container.uow() as uow:
                first = await uow.challenges.spend(challenge, until)
                await uow.commit()
                return bool(first)

        return sum(await at_once(*(spend() for _ in range(6))))

    async def test_s06_a_challenge_of_a_passkey_is_spent_once(self, shop):
        assert await self.spent(shop) == 1

    async def test_negative_control_s06_looking_first_spends_it_more_often(self, shop):
        careless(shop, challenges=LooksFirst)
        assert await self.spent(shop) > 1

    async def used(self, shop: Shop) -> int:
        passkey = a_passkey(shop, await shop.customer(EMAIL))
        async with shop.container.uow() as uow:
            await uow.passkeys.add(passkey)
            await uow.commit()

        async def use() -> bool:
            async with shop.container.uow() as uow:
                first = await uow.passkeys.use(passkey.id, 7, shop.clock.now())
                await uow.commit()
                return bool(first)

        return sum(await at_once(*(use() for _ in range(6))))

    async def test_a_count_of_a_passkey_is_good_once(self, shop):
        assert await self.used(shop) == 1

    async def test_negative_control_counting_first_it_is_good_more_often(self, shop):
        careless(shop, passkeys=CountsFirst)
        assert await self.used(shop) > 1

    async def collected(self, shop: Shop) -> int:
        """How many get in with one sign-in through a provider."""
        account_id, now = await shop.customer(EMAIL), shop.clock.now()
        sign_in = ProviderSignIn.claim(ProviderFlow.begin("p", now), "browser")
        sign_in.issuer, sign_in.subject = "https://p.example", "s"
        sign_in.prove(account_id, 0, now)
        rules = ProviderRules("p", "P", AccountKind.customer, trusts_email=False)
        async with shop.container.uow() as uow:
            account = await uow.accounts.get(account_id)
            proved = ProvedIdentity("https://p.example", "s", None, False, None, multi_factor=False)
            await add_identity(uow, account, rules, proved, HERE.speaking_for(account), now)
            await uow.provider_sign_ins.claim(sign_in)
            await uow.commit()

        async def collect() -> None:
            async with shop.container.uow() as uow:
                held = await uow.provider_sign_ins.locked(sign_in.id)
                assert held is not None
                held.collect(Purpose.sign_in, "browser", now)
                await uow.provider_sign_ins.save(held)
                await uow.commit()

        return good(await at_once(*(collect() for _ in range(4))))

    async def test_s06_a_sign_in_is_collected_once(self, shop):
        assert await self.collected(shop) == 1

    async def test_negative_control_s06_without_the_lock_more_often(self, shop):
        class Unheld(PostgresProviderSignIns):
            async def locked(self, id: UUID) -> ProviderSignIn | None:
                row = await self._tx.fetchrow(compiled("select * from identity.provider_sign_in where id = :id"), id=id)
                await asyncio.sleep(THINKING)
                return None if row is None else ProviderSignIn(**dict(row) | {"purpose": Purpose(row["purpose"])})

        careless(shop, provider_sign_ins=Unheld)
        assert await self.collected(shop) > 1


def confirmed(shop: Shop, account_id: UUID) -> Totp:
    secret = shop.container.second_factors.totp_codes().new_secret()
    totp = Totp.enrol(account_id, shop.infra.sealer().seal("totp-secret", account_id, secret), shop.clock.now())
    totp.confirmed_at = shop.clock.now()
    return totp


def a_passkey(shop: Shop, account_id: UUID) -> Passkey:
    return Passkey.register(
        account_id=account_id,
        credential_id=new_id().bytes,
        public_key=b"k",
        sign_count=1,
        name="laptop",
        aaguid="",
        transports=(),
        backed_up=False,
        now=shop.clock.now(),
    )
