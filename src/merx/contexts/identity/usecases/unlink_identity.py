"""A provider stops being a way into the account."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.provider_errors import IdentityNotFound, LastWayIn
from merx.contexts.identity.events import IdentityUnlinked
from merx.contexts.identity.ports.providers import Providers
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.kernel.audit import AuditEntry
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class UnlinkIdentityHandler:
    """Raises IdentityNotFound, also for one of somebody else, and LastWayIn.

    An identity of a provider that is not configured any more is no way in.
    """

    uow: IdentityUowFactory
    providers: Providers
    clock: Clock

    async def __call__(self, account_id: UUID, identity_id: UUID, caller: Caller) -> None:
        async with self.uow() as uow:
            # Of two that are unlinked at once the second one sees that the first is gone.
            account = await uow.accounts.locked(account_id)
            held = await uow.linked_identities.of_account(account_id)
            identity = next((each for each in held if each.id == identity_id), None)
            if identity is None:
                raise IdentityNotFound
            usable = self.providers.issuers()
            others = [each for each in held if each.id != identity_id and each.issuer in usable]
            if account.password_hash is None and not others and not await uow.passkeys.of(account_id):
                raise LastWayIn
            await uow.linked_identities.remove(identity)
            actor = caller.speaking_for(account)
            uow.record(AuditEntry.of(actor, "identity.identity-unlinked", identity, gone=True, hide=("subject",)))
            uow.emit(
                IdentityUnlinked(
                    at=self.clock.now(),
                    account_id=account_id,
                    identity_id=identity_id,
                    provider=identity.provider,
                    email=account.email,
                    name=account.name,
                )
            )
            await uow.commit()
