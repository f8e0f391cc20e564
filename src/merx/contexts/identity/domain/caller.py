"""From where somebody knocks."""

from typing import Self
from uuid import UUID

import msgspec

from merx.contexts.identity.domain.account import Account
from merx.kernel.actor import Actor, ActorKind


class Caller(msgspec.Struct, frozen=True):
    """`address` is the client's IP address, `user_agent` what its program calls itself."""

    address: str
    user_agent: str
    request_id: str = ""

    @classmethod
    def of(cls, address: str, user_agent: str, request_id: str = "") -> Self:
        """Bounded and printable, for both come from outside."""
        printable = "".join(char for char in user_agent if char.isprintable())
        return cls(address[:64], printable[:200], request_id)

    def anonymous(self) -> Actor:
        """For the audit trail: somebody who has not proved to be anybody."""
        return Actor(kind=ActorKind.anonymous, request_id=self.request_id, client=self.address)

    def speaking_for(self, account: Account) -> Actor:
        """For the audit trail: the owner of the account, who has proved it."""
        return self.speaking_as(account.kind.value, account.id)

    def speaking_as(self, kind: str, account_id: UUID) -> Actor:
        return Actor(kind=ActorKind(kind), account_id=account_id, request_id=self.request_id, client=self.address)


# Of calls that come from no request.
NOWHERE = Caller("", "")
