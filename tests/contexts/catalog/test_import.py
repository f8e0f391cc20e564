"""Feeds into both storages: repeated, changed, interrupted, and with rows that cannot go in."""

import io
from contextlib import aclosing

import msgspec

from merx.contexts.catalog.adapters.memory import MemoryCatalogUow
from merx.contexts.catalog.domain.errors import SkuTaken
from merx.contexts.catalog.domain.product import ProductStatus
from merx.contexts.catalog.usecases.commands import EditProduct
from merx.contexts.catalog.usecases.import_catalogue import ImportCatalogueHandler, ImportedBatch
from merx.kernel.actor import Actor
from tests.contexts.catalog.conftest import Shop, variant


def row(id: str, **fields) -> dict:
    base = {"id": id, "name": f"Lamp {id}", "category": ["Home", "Lamps"], "price": 10, "currency": "USD"}
    return base | {"brand": "Acme"} | fields


def feed(*rows: dict) -> bytes:
    return b"\n".join(msgspec.json.encode(one) for one in rows)


async def run(shop: Shop, content: bytes, rows: int = 3, digest: str = "") -> list[ImportedBatch]:
    handler = ImportCatalogueHandler(shop.catalog.uow, shop.clock, rows=rows)
    started = await handler.run_for(digest or str(hash(content)), "file")
    found = []
    async with aclosing(handler.batches(started, io.BytesIO(content))) as batches:
        async for batch in batches:
            await handler.reached(started, batch)
            found.append(batch)
    await handler.finish(started)
    return found


async def by_sku(shop: Shop) -> dict:
    """(product, variant) of what is visible, by SKU."""
    found = {}
    for document in await shop.catalog.api().export(None, 100):
        detail = await shop.detail(document.product_id)
        found |= {v.sku: (detail, v) for v in detail.variants}
    return found


async def test_rows_become_products(shop):
    sizes = [{"sku": "S-M", "size": "M", "stock": 4}, {"sku": "S-L", "size": "L", "price": 12, "ean": "12345678"}]
    [batch] = await run(
        shop,
        feed(
            row("lamp/1", description="Bright", attributes={"w": 60}, model="L1", added="2024-05-31", sale_price=8),
            row("shirt", variants=sizes, category=["Clothing", "Lamps"]),
        ),
    )
    assert (batch.line, batch.products, batch.problems) == (2, 2, [])
    found = await by_sku(shop)
    lamp, only = found["lamp/1"]
    assert (lamp.slug, lamp.brand.name, lamp.description, lamp.model) == ("lamp-lamp-1-lamp-1", "Acme", "Bright", "L1")
    assert [crumb.slug for crumb in lamp.categories] == ["home", "lamps"]
    assert only.price.amount == 8_00
    shirt, large = found["S-L"]
    assert (large.price.amount, large.barcodes, large.options) == (12_00, ["12345678"], {"size": "L"})
    assert [crumb.slug for crumb in shirt.categories] == ["clothing", "clothing-lamps"]
    assert batch.stock == {only.id: None, found["S-M"][1].id: 4, large.id: None}
    assert await shop.names(sort="newest") == ["Lamp shirt", "Lamp lamp/1"]


async def test_the_same_file_twice_changes_nothing(shop):
    content = feed(*(row(str(n)) for n in range(7)))
    first = await run(shop, content)
    versions = [(d.product_id, d.version) for d in await shop.catalog.api().export(None, 100)]
    told = len(await shop.told())
    second = await run(shop, content, digest="again")
    assert [(b.line, b.products, b.stock) for b in second] == [(b.line, b.products, b.stock) for b in first]
    assert [(d.product_id, d.version) for d in await shop.catalog.api().export(None, 100)] == versions
    assert len(await shop.told()) == told


async def test_a_changed_row_changes_its_product_and_keeps_ids_and_slug(shop):
    await run(shop, feed(row("1"), row("2")))
    before = await by_sku(shop)
    await run(shop, feed(row("1", name="Torch", price=11), row("2")))
    after = await by_sku(shop)
    old, new = before["1"], after["1"]
    assert (new[0].id, new[0].slug, new[1].id) == (old[0].id, old[0].slug, old[1].id)
    assert (new[0].name, new[1].price.amount) == ("Torch", 11_00)
    assert after["2"] == before["2"]


async def test_what_staff_changed_stays_until_the_row_changes(shop):
    await run(shop, feed(row("1")))
    [[product, _]] = (await by_sku(shop)).values()
    await shop.catalog.edit_product()(Actor.system(), product.id, EditProduct(name="Ours", slug="ours"))
    await run(shop, feed(row("1"), row("2")))
    assert (await shop.detail(product.id)).name == "Ours"
    await run(shop, feed(row("1", price=12)))
    assert ((await shop.detail(product.id)).name, (await shop.detail("ours")).id) == ("Lamp 1", product.id)


async def test_what_is_in_the_archive_stays_there(shop):
    await run(shop, feed(row("1")))
    [[product, _]] = (await by_sku(shop)).values()
    await shop.catalog.change_status().archive(Actor.system(), product.id)
    await run(shop, feed(row("1", name="New name")))
    held = await shop.queries.staff_product(product.id)
    assert (held.status, held.name) == (ProductStatus.archived, "New name")
    assert await by_sku(shop) == {}


async def test_variants_that_the_feed_drops_are_not_sold_and_may_come_back(shop):
    both = [{"sku": "A", "size": "M"}, {"sku": "B", "size": "L"}]
    await run(shop, feed(row("1", variants=both)))
    dropped = (await by_sku(shop))["B"][1].id
    await run(shop, feed(row("1", variants=both[:1])))
    assert (await by_sku(shop)).keys() == {"A"}
    assert not (await shop.catalog.api().variants([dropped]))[dropped].on_sale
    await run(shop, feed(row("1", variants=both)), digest="third")
    assert (await by_sku(shop))["B"][1].id == dropped


async def test_variants_may_swap_options_and_an_old_sku_may_be_replaced(shop):
    await run(shop, feed(row("1", variants=[{"sku": "A", "size": "M"}, {"sku": "B", "size": "L"}])))
    await run(shop, feed(row("1", variants=[{"sku": "A", "size": "L"}, {"sku": "B", "size": "M"}])))
    found = await by_sku(shop)
    assert (found["A"][1].options, found["B"][1].options) == ({"size": "L"}, {"size": "M"})
    await run(shop, feed(row("1", variants=[{"sku": "C", "size": "L"}, {"sku": "B", "size": "M"}])))
    assert [v.sku for v in (await by_sku(shop))["B"][0].variants] == ["C", "B"]


async def test_variants_of_staff_s_own_stay_behind_those_of_the_feed(shop):
    await run(shop, feed(row("1", variants=[{"sku": "A", "size": "M"}])))
    [[product, _]] = (await by_sku(shop)).values()
    edit = msgspec.convert({"variants": [msgspec.to_builtins(variant("OWN", size="XL"))]}, EditProduct)
    await shop.catalog.edit_product()(Actor.system(), product.id, edit)
    again = [{"sku": "A", "size": "M"}, {"sku": "B", "size": "L"}]
    await run(shop, feed(row("1", variants=again)))
    held = await shop.queries.staff_product(product.id)
    assert [(v.sku, v.active) for v in held.variants] == [("A", True), ("B", True), ("OWN", False)]


async def test_rows_that_cannot_go_in_are_told_with_their_line(shop):
    await shop.product("Ours", variant("TAKEN"))
    batches = await run(
        shop,
        b"\n".join(
            [
                feed(row("1")),
                b"no json",
                feed(row("2", sku="TAKEN")),
                b"",
                feed(row("3", price=0)),
                feed(row("1")),
                feed(row("4")),
            ]
        ),
        rows=100,
    )
    [batch] = batches
    assert (batch.line, batch.products) == (7, 2)
    assert [problem.line for problem in batch.problems] == [2, 3, 5, 6]
    assert batch.problems[1].reason == "SKU TAKEN belongs to another product"
    assert (await by_sku(shop)).keys() == {"1", "4", "TAKEN"}


async def test_names_that_make_the_same_slug(shop):
    await shop.brand("acme")
    await shop.draft("Other", slug="same-a-1")
    await run(
        shop, feed(row("a/1", name="Same"), row("a-1", name="Same"), row("2", brand="ACME"), row("3", brand="日本"))
    )
    found = await by_sku(shop)
    slugs = {found[sku][0].slug for sku in ("a/1", "a-1")}
    assert len(slugs) == 2
    assert all(slug.startswith("same-a-1-") for slug in slugs)
    assert len({found[sku][0].brand.slug for sku in ("a-1", "2", "3")}) == 3


async def test_a_run_that_was_stopped_goes_on(shop):
    content = feed(*(row(str(n)) for n in range(10)))
    handler = ImportCatalogueHandler(shop.catalog.uow, shop.clock, rows=3)
    started = await handler.run_for("d", "file")
    async with aclosing(handler.batches(started, io.BytesIO(content))) as batches:
        await handler.reached(started, await anext(batches))
        await anext(batches)  # committed, but nobody noted it
    again = await handler.run_for("d", "file")
    assert (again.lines_done, again.products, again.finished) == (3, 3, False)
    rest = await run(shop, content, digest="d")
    assert [batch.line for batch in rest] == [6, 9, 10]
    done = await handler.run_for("d", "file")
    assert (done.lines_done, done.products, done.refused, done.finished) == (10, 10, 0, True)
    assert len(await by_sku(shop)) == 10


async def test_a_batch_that_meets_somebody_else_is_tried_again(memory_shop):
    """A SKU taken between the check and the write: the next look finds its owner and refuses the row only."""
    shop, tries = memory_shop, []

    class Lost:
        async def upsert(self, *_):
            raise SkuTaken

    class FirstLost(MemoryCatalogUow):
        def open(self, tx):
            super().open(tx)
            if not tries:
                tries.append(1)
                self.bulk = Lost()

    handler = ImportCatalogueHandler(shop.catalog.uow, shop.clock)
    started = await handler.run_for("d", "file")
    losing = ImportCatalogueHandler(lambda: FirstLost(shop.app.infra.store(), shop.app.infra.outbox()), shop.clock)
    async with aclosing(losing.batches(started, io.BytesIO(feed(row("1"))))) as batches:
        assert (await anext(batches)).products == 1
    assert tries == [1]
