"""What a shopper finds, and how the index is kept."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from merx.contexts.search.adapters.memory import MemorySearchIndex
from merx.contexts.search.domain.facets import Selection
from merx.contexts.search.domain.stock import StockNews
from merx.contexts.search.usecases.keep_index import IndexKeeper
from merx.contexts.search.usecases.suggest import SuggestHandler
from merx.kernel.errors import Unavailable
from tests.contexts.search.conftest import Shop, document, variant

IN_STOCK = Selection(in_stock=True)


@pytest.fixture
async def shelf(quick_shop: Shop) -> Shop:
    await quick_shop.sell(
        document("Blue cotton T-Shirt", brand="Lumo", categories=("Clothing", "Tshirts")),
        document("Blue formal shirt", brand="Lumo", categories=("Clothing", "Shirts")),
        document("Trousers for women", brand="AND", categories=("Clothing", "Trousers")),
        document("Toner MM-128 Beet", brand="Ink Co", model="MM-128 Beet", categories=("Office", "Toner")),
        document("Laser printer 3000", description="takes toner mm-128 beet", categories=("Office", "Printers")),
        document("Women's night suit", categories=("Clothing", "Night suits")),
    )
    return quick_shop


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("t shirt", "Blue cotton T-Shirt"),
        ("tshirts", "Blue cotton T-Shirt"),
        ("t-shirt", "Blue cotton T-Shirt"),
        ("tee", "Blue cotton T-Shirt"),
        ("pants for ladies", "Trousers for women"),
        ("and trousers", "Trousers for women"),
        ("MM128 beet", "Toner MM-128 Beet"),
        ("mm128beet", "Toner MM-128 Beet"),
        ("nightsuit", "Women's night suit"),
        ("SHIRT formal", "Blue formal shirt"),
    ],
)
async def test_the_right_thing_comes_first(shelf: Shop, typed: str, first: str) -> None:
    assert (await shelf.names(typed))[0] == first


async def test_a_t_shirt_is_no_shirt(shelf: Shop) -> None:
    assert await shelf.names("shirt") == ["Blue formal shirt"]


async def test_every_edit_of_a_word_is_forgiven_and_told(shelf: Shop) -> None:
    for typed in ("trousrs", "trouserss", "truosers", "trowsers", "rtousers"):
        page = await shelf.find(typed, facets=())
        assert page.corrected == "trousers"
        assert [note.kind for note in page.notes] == ["corrected"]
        assert page.total == 1


async def test_short_words_are_not_corrected(shelf: Shop) -> None:
    page = await shelf.find("inc", facets=())
    assert (page.total, page.corrected) == (0, None)


async def test_unknown_words_are_left_out_and_told(shelf: Shop) -> None:
    page = await shelf.find("blue xqzvwkk", facets=())
    assert page.total == 2
    assert [note.kind for note in page.notes] == ["ignored"]


async def test_words_that_never_meet_are_relaxed_and_told(shelf: Shop) -> None:
    page = await shelf.find("blue cotton toner", facets=())
    assert [note.kind for note in page.notes] == ["relaxed"]
    assert msgspec.json.decode(page.items[0])["name"] == "Blue cotton T-Shirt"


async def test_nonsense_finds_nothing(shelf: Shop) -> None:
    page = await shelf.find("xqzvwkk", facets=())
    assert (page.items, page.total, page.next) == ([], 0, None)


async def test_sold_out_things_come_after_equal_ones(quick_shop: Shop) -> None:
    await quick_shop.sell(document("Lamp", variant("1", available=0)), document("Lamp ", variant("2")))
    page = await quick_shop.find("lamp", facets=())
    assert [msgspec.json.decode(item)["in_stock"] for item in page.items] == [True, False]


async def test_suggestions_need_a_word(shelf: Shop) -> None:
    suggest = SuggestHandler(shelf.index)
    assert (await suggest("  -- ", 5)).products == []
    found = await suggest("blue form", 5)
    assert [msgspec.json.decode(item)["name"] for item in found.products] == ["Blue formal shirt"]


# ---- keeping the index


class CountingIndex(MemorySearchIndex):
    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    async def apply(self, products: Any, *rest: Any) -> int:
        self.batches.append(len(products))
        return await super().apply(products, *rest)


@pytest.fixture
async def counted() -> AsyncIterator[Shop]:
    index = CountingIndex()
    yield Shop(index)
    await index.close()


def keeper_of(shop: Shop, pause: float = 0.05, patience: float = 20.0) -> IndexKeeper:
    return IndexKeeper(shop.index, shop.products, shop.reindex, pause=pause, patience=patience)


async def test_many_changes_are_few_writes(counted: Shop) -> None:
    keys = await counted.sell(*(document(f"Lamp {n}") for n in range(50)))
    keeper = keeper_of(counted)
    for key in keys:
        counted.catalogue.change(key, description="bright")
    await asyncio.gather(*(keeper.products_changed([key]) for key in keys))
    assert counted.index.batches == [50]
    assert (await counted.find("bright", facets=())).total == 50


async def test_the_change_is_found_when_the_handler_returns(quick_shop: Shop) -> None:
    [key] = await quick_shop.sell(document("Lamp"))
    keeper = keeper_of(quick_shop)
    for name in ("First", "Second", "Third"):
        quick_shop.catalogue.change(key, name=name)
        await keeper.products_changed([key])
        assert await quick_shop.names(name) == [name]


async def test_the_first_event_builds_a_missing_index(quick_shop: Shop) -> None:
    first, second = quick_shop.catalogue.add(document("Lamp"), document("Chair"))
    await keeper_of(quick_shop).products_changed([first])
    assert sorted(await quick_shop.names("")) == ["Chair", "Lamp"]
    assert second in quick_shop.catalogue.shown


async def test_stock_that_stays_is_not_written(counted: Shop) -> None:
    made = document("Lamp", variant("1", available=9))
    await counted.sell(made)
    keeper, key = keeper_of(counted), made.variants[0].variant_id
    for sequence in range(1, 9):
        await keeper.stock_changed({key: StockNews(9 - sequence, sequence)})
    assert counted.index.batches == []
    await keeper.stock_changed({key: StockNews(0, 9)})
    assert counted.index.batches == [1]
    assert await counted.names("lamp", selection=IN_STOCK) == []
    assert await counted.names("lamp") == ["Lamp"]


async def test_stock_told_late_changes_nothing(quick_shop: Shop) -> None:
    made = document("Lamp", variant("1", available=1))
    await quick_shop.sell(made)
    keeper, key = keeper_of(quick_shop), made.variants[0].variant_id
    await keeper.stock_changed({key: StockNews(0, 5)})
    await keeper.stock_changed({key: StockNews(1, 6)})
    await keeper.stock_changed({key: StockNews(0, 4)})
    assert await quick_shop.names("lamp", selection=IN_STOCK) == ["Lamp"]


async def test_stock_told_before_the_product_is_indexed(quick_shop: Shop) -> None:
    await quick_shop.sell()
    made = document("Lamp", variant("1", available=0))
    keeper, key = keeper_of(quick_shop), made.variants[0].variant_id
    await keeper.stock_changed({key: StockNews(7, 1)})
    quick_shop.catalogue.add(made)
    await keeper.products_changed([made.product_id])
    assert await quick_shop.names("lamp", selection=IN_STOCK) == ["Lamp"]


async def test_products_unknown_to_the_catalogue_are_taken_out(quick_shop: Shop) -> None:
    [key] = await quick_shop.sell(document("Lamp"))
    del quick_shop.catalogue.shown[key]
    await keeper_of(quick_shop).products_changed([key])
    assert await quick_shop.names("lamp") == []


async def test_a_catalogue_that_is_away_fails_the_delivery_and_the_next_one_works(quick_shop: Shop) -> None:
    [key] = await quick_shop.sell(document("Lamp"))
    keeper = keeper_of(quick_shop)
    quick_shop.catalogue.change(key, name="New lamp")
    quick_shop.catalogue.away = True
    with pytest.raises(Unavailable):
        await keeper.products_changed([key])
    quick_shop.catalogue.away = False
    await keeper.products_changed([key])
    assert await quick_shop.names("lamp") == ["New lamp"]


async def test_a_long_rebuild_lets_the_delivery_go(quick_shop: Shop) -> None:
    quick_shop.catalogue.may_export.clear()
    [key] = quick_shop.catalogue.add(document("Lamp"))
    keeper = keeper_of(quick_shop, 0.0, patience=0.05)
    with pytest.raises(Unavailable):
        await keeper.products_changed([key])
    await keeper.begin_rebuild()
    quick_shop.catalogue.may_export.set()
    while not await quick_shop.index.ready():
        await asyncio.sleep(0.01)
    await keeper.products_changed([key])
    assert await quick_shop.names("lamp") == ["Lamp"]
    await keeper.ensure()


async def test_progress_is_told(quick_shop: Shop) -> None:
    quick_shop.catalogue.add(*(document(f"Lamp {n}") for n in range(1200)))
    heard: list[int] = []
    assert await quick_shop.reindex(heard.append) == 1200
    assert heard == [500, 1000, 1200]
