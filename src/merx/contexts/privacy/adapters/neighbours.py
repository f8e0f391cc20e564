"""The neighbours' facades in the words of privacy."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.api import IdentityApi
from merx.contexts.privacy.ports.neighbours import Person
from merx.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class IdentityAccounts:
    identity: IdentityApi

    async def person(self, account_id: UUID) -> Person | None:
        found = await self.identity.account(account_id)
        return None if found is None else Person(found.account_id, found.email, found.name, found.kind == "staff")

    async def prove(self, actor: Actor, password: str | None) -> None:
        await self.identity.prove(actor, password)

    async def close(self, account_id: UUID) -> None:
        await self.identity.close(account_id)
