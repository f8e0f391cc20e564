"""What the use cases of linked identities and of signing in through a provider read and write."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from merx.contexts.identity.domain.linked_identity import LinkedIdentity
from merx.contexts.identity.domain.provider_sign_in import ProviderSignIn
from merx.kernel.model import View
from merx.kernel.ports import Repository


class LinkedIdentityView(View, frozen=True):
    """`provider` is its name in addresses, `email` what the provider said when the identity was linked."""

    id: UUID
    provider: str
    email: str | None
    linked_at: datetime
    used_at: datetime | None


class LinkedIdentities(Repository[LinkedIdentity], Protocol):
    """`add` raises IdentityTaken, `get` raises IdentityNotFound."""

    async def by_subject(self, issuer: str, subject: str) -> LinkedIdentity | None: ...

    async def of_account(self, account_id: UUID) -> list[LinkedIdentity]:
        """The oldest first. Lock the account before, when the answer decides what may be written."""
        ...

    async def note_use(self, id: UUID, at: datetime) -> None:
        """Of two at once none is refused: it is no change of the identity."""
        ...

    async def remove(self, entity: LinkedIdentity) -> None: ...


class ProviderSignIns(Protocol):
    async def claim(self, sign_in: ProviderSignIn) -> bool:
        """Store it. False when there is one with its id: of two at once one gets True."""
        ...

    async def locked(self, id: UUID) -> ProviderSignIn | None:
        """The sign-in, for this transaction alone until it ends."""
        ...

    async def save(self, sign_in: ProviderSignIn) -> None:
        """Write back one that this transaction has locked."""
        ...

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` that expired before that moment; returns how many."""
        ...


class LinkedIdentityQueries(Protocol):
    async def of_account(self, account_id: UUID) -> list[LinkedIdentityView]:
        """The oldest first."""
        ...
