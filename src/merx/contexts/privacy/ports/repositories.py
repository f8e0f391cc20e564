"""What the use cases of privacy need to write."""

from datetime import datetime
from typing import Protocol, Self
from uuid import UUID

from merx.contexts.privacy.domain.erasure import Erasure
from merx.contexts.privacy.domain.export import DataExport
from merx.kernel.ports import Repository, UnitOfWork


class Erasures(Repository[Erasure], Protocol):
    """`get` raises ErasureNotFound; `add` raises Conflict for a second open one of an account."""

    async def locked(self, id: UUID) -> Erasure:
        """Like `get`, and nobody else changes it until this transaction ends."""
        ...

    async def open_of(self, account_id: UUID) -> Erasure | None:
        """The one that goes on, locked."""
        ...

    async def due(self, now: datetime, limit: int) -> list[Erasure]:
        """Those whose next step has come, locked; never one that somebody else holds."""
        ...

    async def asked_since(self, account_id: UUID, moment: datetime) -> int:
        """How many the person asked for, whatever became of them."""
        ...

    async def forget_unproved(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` that were asked for before that moment and never confirmed; returns how many."""
        ...


class Exports(Repository[DataExport], Protocol):
    """`get` raises ExportNotFound; `add` raises Conflict for a second one of an account that is being made."""

    async def preparing(self, account_id: UUID) -> DataExport | None: ...

    async def asked_since(self, account_id: UUID, moment: datetime) -> list[datetime]:
        """When the person asked after that moment, the oldest first, whatever became of it. Nobody else asks for this
        account until the transaction ends."""
        ...

    async def of_account(self, account_id: UUID) -> list[DataExport]:
        """All of them, expired ones too."""
        ...

    async def outdated(self, now: datetime, limit: int) -> list[DataExport]:
        """Those whose file has to go."""
        ...


class PrivacyUow(UnitOfWork, Protocol):
    @property
    def erasures(self) -> Erasures: ...
    @property
    def exports(self) -> Exports: ...

    async def __aenter__(self) -> Self: ...


class PrivacyUowFactory(Protocol):
    def __call__(self) -> PrivacyUow: ...
