"""What the use cases of API keys read and write."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from merx.contexts.identity.domain.api_key import ApiKey
from merx.kernel.model import View
from merx.kernel.paging import Page
from merx.kernel.ports import Repository
from merx.kernel.rights import Limit


class ApiKeyView(View, frozen=True):
    """`prefix` is how the key begins; the rest was shown once. `last_used_at` is exact to a minute."""

    id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    networks: tuple[str, ...]
    created_by: UUID
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    replaced_by: UUID | None
    last_used_at: datetime | None


class OwnApiKeyView(View, frozen=True):
    """What a program may know of the key it shows."""

    id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    networks: tuple[str, ...]
    created_at: datetime
    expires_at: datetime


class ApiKeyHolder(View, frozen=True):
    """What a request with a key is checked against."""

    id: UUID
    scopes: tuple[str, ...]
    networks: tuple[str, ...]
    expires_at: datetime
    lineage: UUID | None = None
    revoked: bool = False


class ApiKeys(Repository[ApiKey], Protocol):
    """`get` raises ApiKeyNotFound."""

    async def note_uses(self, uses: Mapping[UUID, datetime]) -> None:
        """Write when keys were last used; a time less than a minute after the one written before is left out."""
        ...


class ApiKeyQueries(Protocol):
    async def page(self, limit: int, after: str | None) -> Page[ApiKeyView]:
        """Newest first, those that ended too."""
        ...

    async def one(self, key_id: UUID) -> ApiKeyView:
        """Raises ApiKeyNotFound."""
        ...

    async def holder(self, digest: bytes) -> ApiKeyHolder | None:
        """None for an unknown key. Who shows a revoked one is turned away, and put on record."""
        ...


class PermissionNames(Protocol):
    def known(self) -> frozenset[str]:
        """Every permission that some route asks for."""
        ...

    def limits(self, name: str) -> frozenset[Limit]:
        """What a right to it can be limited by."""
        ...
