"""Passkeys in the process."""

from datetime import datetime
from uuid import UUID

from merx.contexts.identity.domain.errors import PasskeyHeldAlready
from merx.contexts.identity.domain.passkey import Passkey
from merx.contexts.identity.ports.passkeys import SignedChallenge
from merx.infra.memory import MemoryTable, MemoryTx

PASSKEYS = "identity.passkey"
SPENT_CHALLENGES = "identity.spent_challenge"


class MemoryPasskeys:
    def __init__(self, tx: MemoryTx) -> None:
        self._rows: MemoryTable[Passkey] = tx.table(PASSKEYS)

    async def of(self, account_id: UUID) -> list[Passkey]:
        return sorted((one for one in self._rows.values() if one.account_id == account_id), key=lambda one: one.id)

    async def by_credential(self, credential_id: bytes) -> Passkey | None:
        return next((one for one in self._rows.values() if one.credential_id == credential_id), None)

    async def add(self, passkey: Passkey) -> None:
        if await self.by_credential(passkey.credential_id) is not None:
            raise PasskeyHeldAlready
        passkey.version = 1
        self._rows.put(passkey.id, passkey)

    async def use(self, id: UUID, sign_count: int, now: datetime) -> bool:
        passkey = self._rows.get(id)
        if passkey is None or not (passkey.sign_count < sign_count or passkey.sign_count == sign_count == 0):
            return False
        passkey.sign_count, passkey.last_used_at = sign_count, now
        self._rows.put(id, passkey)
        return True

    async def rename(self, account_id: UUID, id: UUID, name: str) -> bool:
        passkey = self._own(account_id, id)
        if passkey is None:
            return False
        passkey.name = name
        self._rows.put(id, passkey)
        return True

    async def remove(self, account_id: UUID, id: UUID) -> Passkey | None:
        passkey = self._own(account_id, id)
        if passkey is not None:
            self._rows.delete(id)
        return passkey

    def _own(self, account_id: UUID, id: UUID) -> Passkey | None:
        passkey = self._rows.get(id)
        return passkey if passkey is not None and passkey.account_id == account_id else None


class MemorySpentChallenges:
    def __init__(self, tx: MemoryTx) -> None:
        self._rows: MemoryTable[SignedChallenge] = tx.table(SPENT_CHALLENGES)

    async def spend(self, id: UUID, expires_at: datetime) -> bool:
        if self._rows.get(id) is not None:
            return False
        self._rows.put(id, SignedChallenge(id, expires_at))
        return True

    async def forget(self, before: datetime, limit: int) -> int:
        return self._rows.forget(lambda one: one.expires_at < before, limit)
