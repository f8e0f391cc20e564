"""The codes on paper: made with the first factor, made anew on demand."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import NoSecondFactor
from merx.contexts.identity.domain.recovery_codes import new_recovery_codes, recovery_digest
from merx.contexts.identity.events import RecoveryCodesMade
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.contexts.identity.usecases.own_account import own_account
from merx.contexts.identity.usecases.trail import by_owner
from merx.kernel.ports import Clock


async def first_codes(uow: IdentityUow, account_id: UUID) -> tuple[str, ...] | None:
    """For an account that has a factor now: its codes, None when it has some. Their texts are returned here alone."""
    if (await uow.factors.held(account_id)).recovery_codes:
        return None
    return await _put_new(uow, account_id)


@dataclass(frozen=True, slots=True)
class RecoveryCodesHandler:
    """Those made before are void. Raises NoSecondFactor."""

    uow: IdentityUowFactory
    clock: Clock

    async def __call__(self, account_id: UUID, caller: Caller) -> tuple[str, ...]:
        async with self.uow() as uow:
            account = await own_account(uow, account_id)
            if not (await uow.factors.held(account_id)).any:
                raise NoSecondFactor
            codes = await _put_new(uow, account_id)
            uow.emit(
                RecoveryCodesMade(at=self.clock.now(), account_id=account.id, email=account.email, name=account.name)
            )
            uow.record(by_owner(caller, account, "recovery-codes-made"))
            await uow.commit()
        return codes


async def _put_new(uow: IdentityUow, account_id: UUID) -> tuple[str, ...]:
    codes = new_recovery_codes()
    await uow.factors.put_recovery_codes(account_id, [recovery_digest(account_id, code) for code in codes])
    return codes
