"""A person at a provider, as one of the ways into an account."""

from datetime import datetime
from typing import Self
from uuid import UUID

from merx.kernel.ids import new_id
from merx.kernel.model import Entity

# Of one account.
MAX_LINKED = 10


class LinkedIdentity(Entity, kw_only=True):
    """`issuer` and `subject` name the person for ever; `email` is what the provider said when it was linked."""

    account_id: UUID
    provider: str
    issuer: str
    subject: str
    email: str | None
    linked_at: datetime
    used_at: datetime | None = None

    @classmethod
    def link(
        cls, account_id: UUID, *, provider: str, issuer: str, subject: str, email: str | None, now: datetime
    ) -> Self:
        return cls(
            id=new_id(),
            account_id=account_id,
            provider=provider,
            issuer=issuer,
            subject=subject,
            email=email,
            linked_at=now,
        )
