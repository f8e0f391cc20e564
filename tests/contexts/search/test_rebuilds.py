"""A new index takes the place of the old one."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import msgspec
import pytest

from merx.contexts.search.domain.documents import ListedProduct
from merx.contexts.search.domain.stock import StockNews
from merx.contexts.search.ports.index import RebuildRunning
from tests.contexts.search.conftest import IN_STOCK, Shop, document, listed, nothing_again, pages, variant


async def test_a_rebuild_takes_the_place_of_the_old_index(shop: Shop) -> None:
    await shop.sell(document("Old lamp"))
    assert await shop.index.rebuild(pages(listed(document("New lamp"))), nothing_again) == 1
    assert await shop.names("lamp") == ["New lamp"]


async def test_what_changes_during_a_rebuild_is_not_lost(shop: Shop) -> None:
    made = document("Lamp", variant("L1", available=1))
    key = made.variants[0].variant_id
    await shop.sell(made)
    changed = msgspec.structs.replace(listed(made), name="Changed lamp", version=2)

    async def slow() -> AsyncIterator[list[ListedProduct]]:
        yield [listed(made)]
        await shop.index.apply([changed], {key: StockNews(0, 3)})

    def again(ids: Sequence[UUID]) -> AsyncIterator[list[ListedProduct]]:
        assert list(ids) == [made.product_id]
        return pages(changed)

    await shop.index.rebuild(slow(), again)
    assert await shop.names("lamp") == ["Changed lamp"]
    assert await shop.names("lamp", selection=IN_STOCK) == []


async def test_a_rebuild_that_fails_leaves_the_old_index(shop: Shop) -> None:
    await shop.sell(document("Lamp"))

    async def broken() -> AsyncIterator[list[ListedProduct]]:
        yield [listed(document("Chair"))]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await shop.index.rebuild(broken(), nothing_again)
    assert await shop.names("") == ["Lamp"]
    assert await shop.index.rebuild(pages(listed(document("Chair"))), nothing_again) == 1


async def test_only_one_rebuild_at_a_time(shop: Shop) -> None:
    await shop.sell(document("Lamp"))

    async def nested() -> AsyncIterator[list[ListedProduct]]:
        with pytest.raises(RebuildRunning):
            await shop.index.rebuild(pages(), nothing_again)
        yield []

    await shop.index.rebuild(nested(), nothing_again)
