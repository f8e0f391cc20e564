"""A shop on PostgreSQL in which several people do one thing at once, and repositories that do not look twice."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from dependency_injector import providers

from merx.contexts.identity.adapters.postgres import PostgresAccounts, PostgresIdentityUow
from merx.contexts.identity.adapters.postgres_factors import PostgresSecondFactors
from merx.contexts.identity.adapters.postgres_identities import PostgresLinkedIdentities
from merx.contexts.identity.adapters.postgres_invitations import PostgresInvitations
from merx.contexts.identity.adapters.postgres_roles import PostgresRoles
from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.invitation import Invitation
from merx.contexts.identity.domain.linked_identity import LinkedIdentity
from merx.contexts.identity.domain.passkey import Passkey
from merx.contexts.identity.domain.second_factors import HeldFactors
from merx.contexts.identity.domain.totp import Totp
from merx.infra.postgres import compiled
from merx.kernel.errors import MerxError
from merx.kernel.ids import new_id
from tests.contexts.identity.conftest import Shop

EMAIL, THINKING = "ada@example.com", 0.05


CODES = ("2345-6789-ABCD-EFGH", "3456-789A-BCDE-FGH2", "4567-89AB-CDEF-GH23", "5678-9ABC-DEFG-H234")


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


class Turnless(PostgresRoles):
    """Nobody waits for a turn."""

    async def take_turn(self) -> None:
        return


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


async def again(shop: Shop) -> None:
    """As before everything, for the next turn."""
    async with shop.container.uow() as uow:
        await uow.tx.execute(compiled("delete from identity.account where kind = 'customer'"))
        await uow.commit()
    shop.clock.advance(timedelta(days=1))


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
