"""A provider stops being a way into the account."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.one_time_code import CodePurpose
from merx.contexts.identity.domain.provider_errors import IdentityNotFound
from merx.contexts.identity.events import IdentityUnlinked
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.usecases.ways_in import WaysIn
from merx.kernel.audit import AuditEntry
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class UnlinkIdentityHandler:
    """Raises IdentityNotFound, also for one of somebody else, and LastWayIn.

    Whoever came through it and still owes the second factor has to begin again.
    """

    uow: IdentityUowFactory
    ways_in: WaysIn
    clock: Clock

    async def __call__(self, account_id: UUID, identity_id: UUID, caller: Caller) -> None:
        now = self.clock.now()
        async with self.uow() as uow:
            account = await uow.accounts.locked(account_id)
            held = await uow.linked_identities.of_account(account_id)
            identity = next((each for each in held if each.id == identity_id), None)
            if identity is None:
                raise IdentityNotFound
            await self.ways_in.must_remain(uow, account, without=identity_id)
            await uow.linked_identities.remove(identity)
            await uow.codes.void(account_id, CodePurpose.second_factor, now)
            actor = caller.speaking_for(account)
            uow.record(AuditEntry.of(actor, "identity.identity-unlinked", identity, gone=True, hide=("subject",)))
            uow.emit(
                IdentityUnlinked(
                    at=now,
                    account_id=account_id,
                    identity_id=identity_id,
                    provider=identity.provider,
                    email=account.email,
                    name=account.name,
                )
            )
            await uow.commit()
