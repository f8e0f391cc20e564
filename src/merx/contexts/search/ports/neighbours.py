"""What search needs of other contexts."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from merx.contexts.search.domain.documents import ListedProduct
from merx.kernel.ports import UnitOfWork


class CatalogFeed(Protocol):
    async def products(self, ids: Sequence[UUID]) -> list[ListedProduct]:
        """As they are now; withdrawn ones are not visible, unknown ones left out."""
        ...

    async def page(self, after: UUID | None, limit: int) -> list[ListedProduct]:
        """Visible products in id order; an empty page ends it."""
        ...


class UnitOfWorkFactory(Protocol):
    def __call__(self) -> UnitOfWork: ...
