"""The catalogue in the words of search."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from merx.contexts.catalog.api import CatalogApi
from merx.contexts.search.domain.documents import ListedProduct


class CatalogProducts:
    def __init__(self, catalog: CatalogApi) -> None:
        self._catalog = catalog

    async def products(self, ids: Sequence[UUID]) -> list[ListedProduct]:
        return msgspec.convert(await self._catalog.documents(ids), list[ListedProduct], from_attributes=True)

    async def page(self, after: UUID | None, limit: int) -> list[ListedProduct]:
        return msgspec.convert(await self._catalog.export(after, limit), list[ListedProduct], from_attributes=True)
