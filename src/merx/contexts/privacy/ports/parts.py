"""What privacy needs of every context that holds something of people."""

from typing import Protocol

from merx.kernel.personal_data import Section, Subject


class Part(Protocol):
    """One context's tables. What it promises is proved for all of them together, by `tests/contexts/privacy`."""

    @property
    def name(self) -> str: ...

    async def traces(self, subject: Subject) -> Subject:
        """The subject with the further names that this context knows the person by."""
        ...

    async def matters(self, subject: Subject) -> list[str]:
        """What is not finished with this person: `orders`, `payments`. Nobody is erased before."""
        ...

    async def export(self, subject: Subject) -> list[Section]:
        """Everything that is theirs, without secrets."""
        ...

    async def erase(self, subject: Subject) -> None:
        """In a transaction of its own. A second time changes nothing. Raises Unavailable when it has to wait."""
        ...
