"""Linked identities, and sign-ins that are with a provider, in the process."""

from datetime import datetime
from uuid import UUID

from merx.contexts.identity.domain.linked_identity import LinkedIdentity
from merx.contexts.identity.domain.provider_errors import IdentityNotFound, IdentityTaken
from merx.contexts.identity.domain.provider_sign_in import ProviderSignIn
from merx.contexts.identity.ports.linked_identities import LinkedIdentityView
from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTable, MemoryTx

IDENTITIES = "identity.linked_identity"
SIGN_INS = "identity.provider_sign_in"


class MemoryLinkedIdentities(MemoryRepository[LinkedIdentity]):
    def __init__(self, tx: MemoryTx) -> None:
        super().__init__(
            IDENTITIES,
            tx,
            unique=((lambda each: (each.issuer, each.subject), IdentityTaken),),
            missing=IdentityNotFound,
        )

    async def by_subject(self, issuer: str, subject: str) -> LinkedIdentity | None:
        return next((each for each in self._rows.values() if (each.issuer, each.subject) == (issuer, subject)), None)

    async def of_account(self, account_id: UUID) -> list[LinkedIdentity]:
        return sorted((each for each in self._rows.values() if each.account_id == account_id), key=lambda each: each.id)

    async def note_use(self, id: UUID, at: datetime) -> None:
        identity = await self.get(id)
        identity.used_at = at
        self._rows.put(id, identity)


class MemoryProviderSignIns:
    def __init__(self, tx: MemoryTx) -> None:
        self._rows: MemoryTable[ProviderSignIn] = tx.table(SIGN_INS)

    async def claim(self, sign_in: ProviderSignIn) -> bool:
        if self._rows.get(sign_in.id) is not None:
            return False
        self._rows.put(sign_in.id, sign_in)
        return True

    async def locked(self, id: UUID) -> ProviderSignIn | None:
        return self._rows.get(id)

    async def save(self, sign_in: ProviderSignIn) -> None:
        self._rows.put(sign_in.id, sign_in)

    async def forget(self, before: datetime, limit: int) -> int:
        return self._rows.forget(lambda each: each.expires_at < before, limit)


class MemoryLinkedIdentityQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def of_account(self, account_id: UUID) -> list[LinkedIdentityView]:
        held = [each for each in self._store.table(IDENTITIES).values() if each.account_id == account_id]
        return [
            LinkedIdentityView(each.id, each.provider, each.email, each.linked_at, each.used_at)
            for each in sorted(held, key=lambda each: each.id)
        ]
