"""What every index promises: in memory and in a folder."""

import asyncio
import threading
from pathlib import Path

import msgspec
import pytest

from merx.contexts.search.adapters.tantivy.index import FRESH_SECONDS, FolderSearchIndex
from merx.contexts.search.adapters.tantivy.snapshot import WordLists
from merx.contexts.search.domain.stock import StockNews
from merx.contexts.search.ports.index import NoIndex, SearchIndex, Sort, Wanted
from merx.kernel.errors import Invalid
from merx.kernel.ids import new_id
from tests.contexts.search.conftest import IN_STOCK, Shop, document, listed, nothing_again, pages, variant


async def test_there_is_no_index_at_first(shop: Shop) -> None:
    assert not await shop.index.ready()
    assert (await shop.find("lamp")).degraded
    assert await shop.index.count() == 0
    assert (await shop.index.suggest(["la"], 5)).products == []
    assert await shop.index.variants([new_id()]) == {}
    with pytest.raises(NoIndex):
        await shop.index.apply([listed(document("Lamp"))])


async def test_what_is_written_is_found(shop: Shop) -> None:
    await shop.sell()
    await shop.index.apply([listed(document("Blue lamp")), listed(document("Red chair"))])
    assert await shop.names("blue") == ["Blue lamp"]
    assert await shop.index.count() == 2
    assert not (await shop.find("lamp")).degraded


async def test_a_newer_version_replaces_and_an_older_one_is_ignored(shop: Shop) -> None:
    made = document("Old lamp", version=5)
    await shop.sell(made)
    newer = msgspec.structs.replace(listed(made), name="New lamp", version=6)
    assert await shop.index.apply([newer]) == 1
    assert await shop.index.apply([listed(made)]) == 0
    assert await shop.names("lamp") == ["New lamp"]
    assert await shop.index.count() == 1


async def test_the_same_again_writes_nothing(shop: Shop) -> None:
    made = document("Lamp")
    await shop.sell(made)
    assert await shop.index.apply([listed(made)]) == 0


async def test_of_two_copies_in_one_batch_the_newer_counts(shop: Shop) -> None:
    await shop.sell()
    newer = listed(document("New lamp", version=3))
    older = msgspec.structs.replace(newer, name="Old lamp", version=2)
    await shop.index.apply([newer, older])
    assert await shop.names("lamp") == ["New lamp"]


async def test_a_tombstone_keeps_an_old_copy_from_coming_back(shop: Shop) -> None:
    made = document("Lamp", version=3)
    await shop.sell(made)
    hidden = msgspec.structs.replace(listed(made), visible=False, version=4)
    await shop.index.apply([hidden])
    assert await shop.names("lamp") == []
    assert await shop.names("") == []
    await shop.index.apply([listed(made)])
    assert await shop.index.count() == 0
    await shop.index.apply([msgspec.structs.replace(listed(made), version=5)])
    assert await shop.names("lamp") == ["Lamp"]


async def test_products_that_are_gone_are_buried(shop: Shop) -> None:
    [key] = await shop.sell(document("Lamp"))
    await shop.index.apply([], gone=[key, new_id()])
    assert await shop.names("lamp") == []


async def test_the_inventory_knows_better_than_the_catalogue(shop: Shop) -> None:
    made = document("Lamp", variant("L1", available=5))
    await shop.sell(made)
    key = made.variants[0].variant_id
    await shop.index.apply([listed(made)], {key: StockNews(0, 7)})
    assert await shop.names("lamp", selection=IN_STOCK) == []
    # The catalogue has not heard of it yet, and an older event comes late.
    await shop.index.apply([msgspec.structs.replace(listed(made), version=2)])
    late = msgspec.structs.replace(listed(made), version=2)
    await shop.index.apply([late], {key: StockNews(9, 6)})
    assert await shop.names("lamp", selection=IN_STOCK) == []
    assert (await shop.index.variants([key]))[key].sequence == 7
    await shop.index.apply([msgspec.structs.replace(listed(made), version=2)], {key: StockNews(1, 8)})
    assert await shop.names("lamp", selection=IN_STOCK) == ["Lamp"]


async def test_sorting_and_pages(shop: Shop) -> None:
    made = [document(f"Lamp {n:02}", variant(f"S{n}", price=(n * 37) % 100 + 1)) for n in range(25)]
    await shop.sell(*made)
    names = await shop.names("lamp", sort=Sort.name, limit=100)
    assert names == sorted(names)
    prices = [made[int(name[-2:])].variants[0].price.amount for name in await shop.names("lamp", sort=Sort.price)]
    assert prices == sorted(prices)
    falling = [made[int(n[-2:])].variants[0].price.amount for n in await shop.names("lamp", sort=Sort.price_desc)]
    assert falling == sorted(falling, reverse=True)
    seen: list[str] = []
    after: str | None = None
    while True:
        page = await shop.find("lamp", sort=Sort.name, limit=10, after=after, facets=())
        seen += [msgspec.json.decode(item)["name"] for item in page.items]
        after = page.next
        if after is None:
            break
    assert seen == names
    with pytest.raises(Invalid):
        await shop.find("lamp", after="bm9uc2Vuc2U")


async def test_newest_first(shop: Shop) -> None:
    from tests.contexts.search.conftest import NOW

    old = document("Old lamp", created_at=NOW.replace(year=2020))
    await shop.sell(old, document("New lamp"))
    assert await shop.names("", sort=Sort.newest) == ["New lamp", "Old lamp"]


async def test_suggestions_are_beginnings(shop: Shop) -> None:
    await shop.sell(
        document("Desk lamp", brand="Lumo"),
        document("Chandelier", brand="Lampsworth", categories=("Home", "Ceiling")),
        document("Chair", categories=("Home", "Chairs")),
    )
    found = await shop.index.suggest(["la"], 5)
    assert {msgspec.json.decode(item)["name"] for item in found.products} == {"Desk lamp", "Chandelier"}
    assert [named.name for named in found.categories] == ["Lamps"]
    assert [named.name for named in found.brands] == ["Lampsworth"]
    found = await shop.index.suggest(["desk", "la"], 5)
    assert [msgspec.json.decode(item)["name"] for item in found.products] == ["Desk lamp"]


async def test_searches_during_writes_see_whole_states(shop: Shop) -> None:
    await shop.sell(*(document(f"Lamp {n}") for n in range(20)))

    async def write() -> None:
        for _ in range(5):
            await shop.index.apply([listed(document("Lamp"))])

    async def read() -> list[int]:
        return [(await shop.find("lamp", facets=())).total for _ in range(30)]

    _, totals = await asyncio.gather(write(), read())
    assert totals == sorted(totals)
    assert (await shop.find("lamp", facets=())).total == 25


@pytest.mark.services
async def test_another_process_sees_commits_and_rebuilds(tmp_path: Path) -> None:
    """Two instances stand for two processes: they share nothing but the folder."""
    writer, reader = Shop(FolderSearchIndex(tmp_path)), Shop(FolderSearchIndex(tmp_path))

    async def seen() -> list[str]:
        # Another process may be so far behind.
        await asyncio.sleep(FRESH_SECONDS)
        return await reader.names("lamp")

    assert (await reader.find("lamp")).degraded
    await writer.sell(document("Lamp"))
    assert await seen() == ["Lamp"]
    await writer.index.apply([listed(document("Second lamp"))])
    assert sorted(await seen()) == ["Lamp", "Second lamp"]
    await writer.index.rebuild(pages(listed(document("Third lamp"))), nothing_again)
    assert await seen() == ["Third lamp"]
    for number in range(3):
        await writer.index.rebuild(pages(listed(document(f"Lamp {number}"))), nothing_again)
    assert await seen() == ["Lamp 2"]
    assert len(list((tmp_path / "generations").iterdir())) == 2
    await writer.index.close()
    await reader.index.close()


@pytest.mark.services
async def test_writers_take_turns(tmp_path: Path) -> None:
    """Two workers of one host: neither keeps the other from writing, also after a failure."""
    first, second = Shop(FolderSearchIndex(tmp_path)), Shop(FolderSearchIndex(tmp_path))
    await first.sell()
    for number in range(3):
        await first.index.apply([listed(document(f"Lamp {number}"))])
        broken = msgspec.structs.replace(listed(document("Broken")), categories=None)
        with pytest.raises(TypeError) as held:
            await first.index.apply([broken])
        assert await second.index.apply([listed(document(f"Second lamp {number}"))]) == 1
        assert held.value
    together = [shop.index.apply([listed(document("Lamp"))]) for shop in (first, second) for _ in range(3)]
    assert await asyncio.gather(*together) == [1] * 6
    assert (await second.find("lamp", facets=())).total == 12
    await first.index.close()
    await second.index.close()


@pytest.mark.services
async def test_a_folder_of_another_form_is_no_index(tmp_path: Path) -> None:
    first = Shop(FolderSearchIndex(tmp_path))
    await first.sell(document("Lamp"))
    await first.index.close()
    pointer = tmp_path / "current"
    pointer.write_bytes(pointer.read_bytes().replace(b'"form":', b'"form":9'))
    second = Shop(FolderSearchIndex(tmp_path))
    assert not await second.index.ready()
    pointer.write_bytes(b"garbage")
    assert (await second.find("lamp")).degraded
    await second.sell(document("Chair"))
    assert await second.names("") == ["Chair"]
    await second.index.close()


async def test_queries_are_understood_off_the_event_loop(shop: Shop) -> None:
    await shop.sell(document("Lamp"), document("Chairs"))
    thread, near = await shop.index.consult(
        lambda words: (threading.current_thread(), words.vocabulary().near("chiars"))
    )
    assert thread is not threading.current_thread()
    assert near == ("chairs",)


def test_one_reads_a_word_list_while_others_go_on_with_the_old_one() -> None:
    lists = WordLists()
    assert lists.get("words", -1.0, lambda: "old") == "old"

    def read() -> str:
        assert lists.get("words", 60.0, pytest.fail) == "old"
        return "new"

    assert lists.get("words", 60.0, read) == "new"
    assert lists.get("words", 60.0, pytest.fail) == "new"


@pytest.mark.services
async def test_a_damaged_folder_is_no_index(tmp_path: Path) -> None:
    first = Shop(FolderSearchIndex(tmp_path))
    await first.sell(document("Lamp"))
    await first.index.close()
    [meta] = (tmp_path / "generations").glob("*/meta.json")
    meta.write_text("{")
    second = Shop(FolderSearchIndex(tmp_path))
    assert (await second.find("lamp")).degraded
    await second.sell(document("Chair"))
    assert await second.names("") == ["Chair"]
    await second.index.close()


def test_both_are_indexes() -> None:
    from merx.contexts.search.adapters.memory import MemorySearchIndex

    kinds: list[type[SearchIndex]] = [FolderSearchIndex, MemorySearchIndex]
    assert len(kinds) == 2
    assert Wanted().facets == ()
