"""What the use cases of users need to write."""

from datetime import datetime
from typing import Protocol, Self
from uuid import UUID

from merx.contexts.users.domain.consent import Consent
from merx.contexts.users.domain.customer_group import CustomerGroup
from merx.contexts.users.domain.profile import Profile
from merx.contexts.users.domain.saved_address import SavedAddress
from merx.contexts.users.ports.queries import TimelineEntry
from merx.kernel.ports import Repository, UnitOfWork


class Profiles(Repository[Profile], Protocol):
    """`get` raises ProfileNotFound."""

    async def ensure(self, profile: Profile) -> None:
        """Adds the profile unless the account has one, whoever makes it at the same moment."""
        ...

    async def locked(self, account_id: UUID) -> Profile:
        """Like `get`, and nobody else changes the profile or holds its address book until this transaction ends."""
        ...


class Addresses(Repository[SavedAddress], Protocol):
    """`add` and `save` raise DefaultTaken for a second default of one use, `get` raises AddressNotFound."""

    async def hold(self, account_id: UUID) -> None:
        """Nobody else changes this address book until the transaction ends."""
        ...

    async def count(self, account_id: UUID) -> int: ...

    async def defaults(self, account_id: UUID) -> list[SavedAddress]:
        """Those of the book that are the default of some use."""
        ...


class Consents(Protocol):
    """Answers are added and never changed."""

    async def add(self, consent: Consent) -> None: ...

    async def granted(self, account_id: UUID) -> list[Consent]:
        """The newest answers that allow something."""
        ...

    async def forget_erased(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` answers from before that moment of people who are erased; returns how many."""
        ...


class Groups(Repository[CustomerGroup], Protocol):
    """`add` raises GroupCodeTaken, `get` raises GroupNotFound, `remove` raises GroupInUse."""

    async def join(self, group_id: UUID, account_id: UUID, at: datetime) -> bool:
        """False when the account was a member already."""
        ...

    async def leave(self, group_id: UUID, account_id: UUID) -> bool:
        """False when the account was no member."""
        ...


class Timeline(Protocol):
    async def note(self, entry: TimelineEntry, account_id: UUID) -> None:
        """Once for each entry id, however often it is noted."""
        ...


class UsersUow(UnitOfWork, Protocol):
    @property
    def profiles(self) -> Profiles: ...
    @property
    def addresses(self) -> Addresses: ...
    @property
    def consents(self) -> Consents: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def timeline(self) -> Timeline: ...

    async def __aenter__(self) -> Self: ...


class UsersUowFactory(Protocol):
    def __call__(self) -> UsersUow: ...
