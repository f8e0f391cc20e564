"""Somebody lost the device and the recovery codes: whoever runs the shop takes the second factors away."""

from dataclasses import dataclass

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.errors import AccountNotFound
from merx.contexts.identity.domain.provider_errors import LastWayIn
from merx.contexts.identity.events import FactorRemoved
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.contexts.identity.usecases.ways_in import WaysIn
from merx.kernel.actor import Actor
from merx.kernel.address import email_key
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class RemoveFactorsHandler:
    """How many went. The owner gets a mail for each. Be sure whom you do it for.

    Raises AccountNotFound, and LastWayIn when a passkey is all that opens the account: a mailbox is no way in.
    """

    uow: IdentityUowFactory
    ways_in: WaysIn
    clock: Clock

    async def __call__(self, email: str) -> int:
        now = self.clock.now()
        async with self.uow() as uow:
            found = await uow.accounts.by_email(email_key(email))
            if found is None:
                raise AccountNotFound("no account has this e-mail")
            account = await uow.accounts.locked(found.id)
            removed = [("totp", "")] if await uow.factors.remove_totp(account.id) else []
            for passkey in await uow.passkeys.of(account.id):
                await uow.passkeys.remove(account.id, passkey.id)
                removed.append(("passkey", passkey.name))
            if any(factor == "passkey" for factor, _ in removed):
                await self._must_remain(uow, account)
            await uow.factors.put_recovery_codes(account.id, ())
            for factor, label in removed:
                uow.emit(
                    FactorRemoved(
                        at=now,
                        account_id=account.id,
                        email=account.email,
                        name=account.name,
                        factor="totp" if factor == "totp" else "passkey",
                        label=label,
                        by_staff=True,
                    )
                )
            uow.record(
                AuditEntry(
                    actor=Actor.system(),
                    action="identity.factors-removed",
                    target="account",
                    target_id=account.id,
                    changes=facts(removed=len(removed)),
                )
            )
            await uow.commit()
        return len(removed)

    async def _must_remain(self, uow: IdentityUow, account: Account) -> None:
        try:
            await self.ways_in.must_remain(uow, account)
        except LastWayIn:
            raise LastWayIn(
                "nothing but a passkey opens this account, so nothing was removed: ask its owner to choose a password "
                "first, with a code by mail (POST /api/v1/auth/password/forgot), and run this again"
            ) from None
