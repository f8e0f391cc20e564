"""What privacy needs from other contexts, in the words of privacy."""

from typing import Protocol
from uuid import UUID

from merx.kernel.actor import Actor
from merx.kernel.model import View


class Person(View, frozen=True):
    """An open account."""

    id: UUID
    email: str
    name: str
    is_staff: bool


class Accounts(Protocol):
    async def person(self, account_id: UUID) -> Person | None:
        """None when there is no such account or it is closed."""
        ...

    async def prove(self, actor: Actor, password: str | None) -> None:
        """That whoever asks is the owner: by the password or, without one or where there is a second factor, by a fresh
        proof. Raises StepUpNeeded, an Invalid for a wrong password, RateLimited for guessing.
        """
        ...

    async def close(self, account_id: UUID) -> None:
        """Nobody signs in any more and every session ends. A second time changes nothing."""
        ...


class Codes(Protocol):
    def read(self, purpose: str, text: str) -> UUID | None:
        """The id in a one-time code that we made for this purpose, None for any other text. In constant time."""
        ...
