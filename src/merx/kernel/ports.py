"""Ports that every context uses."""

from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self, TypeVar
from uuid import UUID

from merx.kernel.audit import AuditEntry
from merx.kernel.model import Entity, Event

E = TypeVar("E", bound=Entity)


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class Transaction(Protocol):
    """An open transaction. Opaque to the inside; adapters of one storage know its real type."""


class UnitOfWork(Protocol):
    """One transaction. Leaving the block without `commit()` undoes everything, on every storage."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def tx(self) -> Transaction:
        """For joining another context's work; checkout and subscribers alone pass it on."""
        ...

    def emit(self, *events: Event) -> None:
        """Publish with this transaction: subscribers hear the events if and only if it commits."""
        ...

    def record(self, *entries: AuditEntry) -> None:
        """Write into the audit trail with this transaction. For everything that staff changes and for what happens at
        the doors: sign-ins, passwords, keys. Who, from where and in which request comes with the actor.
        """
        ...

    def invalidate(self, *tags: str) -> None:
        """Drop cached answers that carry one of the tags, in every process, when this transaction commits."""
        ...

    async def commit(self) -> None: ...


class Repository(Protocol[E]):
    async def get(self, id: UUID) -> E:
        """Raises NotFound."""
        ...

    async def find(self, ids: Iterable[UUID]) -> list[E]:
        """Those that exist, in no particular order."""
        ...

    async def add(self, entity: E) -> None:
        """Insert; sets `version` to 1. Raises Conflict when a unique key is taken."""
        ...

    async def save(self, entity: E) -> None:
        """Write back; raises StaleVersion when somebody saved it since it was read."""
        ...

    async def remove(self, entity: E) -> None: ...
