"""An account that has to be there: the first staff member, the customer of a demonstration."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.account import PERSONAL, Account, AccountKind, check_new_password
from merx.contexts.identity.domain.errors import EmailTaken
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.ports.security import Passwords
from merx.contexts.identity.usecases.granting import staff_tag
from merx.kernel.actor import Actor
from merx.kernel.address import email_key
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class EnsureAccountHandler:
    """Run it as often as you like: the account is made once, later only its roles and permissions follow.

    A password that its owner has chosen since is kept. Raises WeakPassword, and EmailTaken when the e-mail belongs to
    an account of the other kind.
    """

    uow: IdentityUowFactory
    passwords: Passwords
    clock: Clock

    async def __call__(
        self,
        email: str,
        name: str,
        kind: AccountKind,
        permissions: tuple[str, ...],
        password: str,
        role_ids: tuple[UUID, ...] = (),
    ) -> UUID:
        check_new_password(password)
        async with self.uow() as uow:
            held = await uow.accounts.by_email(email_key(email))
            if held is not None:
                if held.kind is not kind:
                    raise EmailTaken(f"this e-mail belongs to a {held.kind} account")
                before = pictured(held, hide=PERSONAL)
                if held.grant(permissions, role_ids):
                    await uow.accounts.save(held)
                    uow.record(
                        AuditEntry.of(
                            Actor.system(), "identity.permissions-changed", held, before=before, hide=PERSONAL
                        )
                    )
                    uow.invalidate(staff_tag(held.id))
                    await uow.commit()
                return held.id
        password_hash = await self.passwords.hash(password)
        async with self.uow() as uow:
            account, event = Account.open(
                email=email,
                name=name,
                kind=kind,
                role_ids=role_ids,
                permissions=permissions,
                password_hash=password_hash,
                now=self.clock.now(),
            )
            # Whoever runs the shop knows whose address it is.
            account.email_verified_at = account.created_at
            await uow.accounts.add(account)
            uow.emit(event)
            uow.record(AuditEntry.of(Actor.system(), "identity.account-made", account, hide=PERSONAL))
            await uow.commit()
        return account.id
