"""What the catalogue hears, told through the outbox on both storages."""

from merx.contexts.catalog.usecases.commands import EditProduct, EditVariant, Price
from merx.kernel.actor import Actor
from tests.contexts.catalog.conftest import Shop, variant


async def test_counted_stock_shows_in_lists_details_and_carts(shop: Shop):
    product_id = await shop.product("Lamp", variant("A", size="S"), variant("B", size="M"))
    await shop.settle()
    first, second = (await shop.detail(product_id)).variants
    await shop.app.contexts.inventory.count_stock().open_with({second.id: 7})
    assert not (await shop.detail(product_id)).in_stock
    await shop.settle()
    found = await shop.detail(product_id)
    assert [v.available for v in found.variants] == [0, 7]
    assert await shop.names(in_stock=True) == ["Lamp"]
    sold = await shop.catalog.api().variants([first.id, second.id])
    assert (sold[first.id].available, sold[second.id].available) == (0, 7)


async def test_stock_can_be_counted_for_drafts_and_for_variants_added_later(shop: Shop):
    product_id = await shop.draft("Lamp", variant("A", size="S"))
    new = EditVariant(sku="B", price=Price(amount=1, currency="USD"), options={"size": "M"})
    await shop.catalog.edit_product()(Actor.system(), product_id, EditProduct(variants=[new]))
    await shop.settle()
    queries = shop.app.contexts.inventory.queries()
    for held in (await shop.queries.staff_product(product_id)).variants:
        assert (await queries.variant(held.id)).available == 0


async def test_what_is_withdrawn_is_not_counted(shop: Shop):
    category = await shop.category("Lamps")
    product_id = await shop.product("Lamp", category_id=category)
    await shop.settle()
    assert (await shop.queries.category("lamps")).product_count == 1
    await shop.catalog.change_status().archive(Actor.system(), product_id)
    await shop.settle()
    assert (await shop.queries.category("lamps")).product_count == 0


async def test_cached_answers_are_dropped_when_they_change(memory_shop: Shop):
    shop = memory_shop
    tags: list[set[str]] = []
    shop.app.infra.store().on_invalidate = lambda given: tags.append(set(given))
    product_id = await shop.product("Lamp")
    id = (await shop.detail(product_id)).variants[0].id
    count = shop.app.contexts.inventory.count_stock()
    await count.open_with({id: 2})
    await shop.settle()
    assert {f"product:{product_id}", "listings"} in tags
    assert {"categories", "brands"} in tags
    tags.clear()

    from merx.contexts.inventory.usecases.stock import AdjustStock
    from merx.kernel.actor import Actor

    await count.adjust(Actor.system(), AdjustStock(variant_id=id, delta=5, reason="found"))
    await shop.settle()
    # Lists do not show how many there are.
    assert tags == [{f"product:{product_id}"}]
