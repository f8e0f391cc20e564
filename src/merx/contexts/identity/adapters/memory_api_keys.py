"""API keys in the process."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from merx.contexts.identity.domain.api_key import ApiKey
from merx.contexts.identity.domain.errors import ApiKeyNotFound
from merx.contexts.identity.ports.api_keys import ApiKeyHolder, ApiKeyView
from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTable, MemoryTx
from merx.kernel.paging import Page, decode_id, page_of

API_KEYS = "identity.api_key"
USES = "identity.api_key_use"


class MemoryApiKeys(MemoryRepository[ApiKey]):
    def __init__(self, tx: MemoryTx) -> None:
        super().__init__(API_KEYS, tx, missing=ApiKeyNotFound)
        self._uses: MemoryTable[datetime] = tx.table(USES)

    async def note_uses(self, uses: Mapping[UUID, datetime]) -> None:
        for key_id, at in uses.items():
            before = self._uses.get(key_id)
            if self._rows.get(key_id) is not None and (before is None or before <= at - timedelta(minutes=1)):
                self._uses.put(key_id, at)


class MemoryApiKeyQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def page(self, limit: int, after: str | None) -> Page[ApiKeyView]:
        below = decode_id(after)
        keys = sorted(self._store.table(API_KEYS).values(), key=lambda key: key.id, reverse=True)
        found = [self._view(key) for key in keys if below is None or key.id < below]
        return page_of(found, limit)

    async def one(self, key_id: UUID) -> ApiKeyView:
        key: ApiKey | None = self._store.table(API_KEYS).get(key_id)
        if key is None:
            raise ApiKeyNotFound
        return self._view(key)

    async def holder(self, digest: bytes) -> ApiKeyHolder | None:
        for key in self._store.table(API_KEYS).values():
            if key.digest == digest:
                revoked = key.revoked_at is not None
                return ApiKeyHolder(key.id, key.scopes, key.networks, key.expires_at, key.lineage, revoked)
        return None

    def _view(self, key: ApiKey) -> ApiKeyView:
        used = self._store.table(USES).get(key.id)
        values = {name: getattr(key, name) for name in ApiKeyView.__struct_fields__ if name != "last_used_at"}
        return ApiKeyView(**values, last_used_at=used)
