"""Several at once about one person, and one who stands still on the way."""

import asyncio
from uuid import UUID

from merx.kernel.actor import Actor, ActorKind
from merx.kernel.personal_data import Subject
from tests.contexts.privacy.conftest import Person


class Gate:
    """A part that takes its time to say whether something is unfinished."""

    name = "gate"

    def __init__(self) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    async def traces(self, subject: Subject) -> Subject:
        return subject

    async def matters(self, _: Subject) -> list[str]:
        self.reached.set()
        await self.open.wait()
        return []

    async def erase(self, _: Subject) -> None:
        """Nothing here."""


class Together(Gate):
    """Lets go when so many are there: they begin their transactions in one moment."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._all = asyncio.Barrier(number)

    async def matters(self, _: Subject) -> list[str]:
        await self._all.wait()
        return []


def actor_of(person: Person) -> Actor:
    return Actor(kind=ActorKind.customer, account_id=UUID(person.account_id), fresh=True)
