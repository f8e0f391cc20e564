"""What other contexts may ask about accounts."""

from typing import Protocol
from uuid import UUID

import msgspec


class AccountSummary(msgspec.Struct, frozen=True):
    account_id: UUID
    email: str
    name: str


class IdentityApi(Protocol):
    async def account(self, account_id: UUID) -> AccountSummary | None:
        """The account, None when there is none or it is closed."""
        ...
