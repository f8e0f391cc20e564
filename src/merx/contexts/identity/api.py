"""What other contexts may ask about accounts."""

from typing import Literal, Protocol
from uuid import UUID

import msgspec


class AccountSummary(msgspec.Struct, frozen=True):
    """`permissions` are those that the account holds now; a customer has none."""

    account_id: UUID
    email: str
    name: str
    kind: Literal["customer", "staff"] = "customer"
    permissions: tuple[str, ...] = ()


class IdentityApi(Protocol):
    async def account(self, account_id: UUID) -> AccountSummary | None:
        """The account, None when there is none or it is closed."""
        ...
