"""Second factors in the process."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from merx.contexts.identity.adapters.memory_passkeys import PASSKEYS
from merx.contexts.identity.domain.passkey import Passkey
from merx.contexts.identity.domain.second_factors import HeldFactors
from merx.contexts.identity.domain.totp import Totp
from merx.contexts.identity.ports.second_factors import PasskeyView
from merx.infra.memory import MemoryStore, MemoryTable, MemoryTx

TOTPS = "identity.totp"
RECOVERY_CODES = "identity.recovery_code"


class _RecoveryCode(msgspec.Struct):
    account_id: UUID
    digest: bytes
    used_at: datetime | None = None


class MemorySecondFactors:
    def __init__(self, tx: MemoryTx) -> None:
        self._totps: MemoryTable[Totp] = tx.table(TOTPS)
        self._codes: MemoryTable[_RecoveryCode] = tx.table(RECOVERY_CODES)
        self._passkeys: MemoryTable[Passkey] = tx.table(PASSKEYS)

    async def held(self, account_id: UUID) -> HeldFactors:
        totp = self._totps.get(account_id)
        return HeldFactors(
            totp is not None and totp.confirmed_at is not None,
            sum(one.account_id == account_id for one in self._passkeys.values()),
            sum(one.account_id == account_id and one.used_at is None for one in self._codes.values()),
        )

    async def totp(self, account_id: UUID) -> Totp | None:
        return self._totps.get(account_id)

    async def put_totp(self, totp: Totp) -> None:
        self._totps.put(totp.account_id, totp)

    async def use_step(self, account_id: UUID, step: int) -> bool:
        totp = self._totps.get(account_id)
        if totp is None or totp.last_step >= step:
            return False
        totp.last_step = step
        self._totps.put(account_id, totp)
        return True

    async def remove_totp(self, account_id: UUID) -> bool:
        totp = self._totps.get(account_id)
        self._totps.delete(account_id)
        return totp is not None and totp.confirmed_at is not None

    async def put_recovery_codes(self, account_id: UUID, digests: Iterable[bytes]) -> None:
        for one in self._codes.values():
            if one.account_id == account_id:
                self._codes.delete((account_id, one.digest))
        for digest in digests:
            self._codes.put((account_id, digest), _RecoveryCode(account_id, digest))

    async def use_recovery_code(self, account_id: UUID, digest: bytes, now: datetime) -> bool:
        code = self._codes.get((account_id, digest))
        if code is None or code.used_at is not None:
            return False
        code.used_at = now
        self._codes.put((account_id, digest), code)
        return True


class MemoryFactorQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def held(self, account_id: UUID) -> HeldFactors:
        return await MemorySecondFactors(MemoryTx(self._store)).held(account_id)

    async def passkeys(self, account_id: UUID) -> list[PasskeyView]:
        found = [one for one in self._store.table(PASSKEYS).values() if one.account_id == account_id]
        return [
            PasskeyView(one.id, one.name, one.backed_up, one.created_at, one.last_used_at)
            for one in sorted(found, key=lambda one: one.id)
        ]
