"""The same promises on memory and on PostgreSQL: aggregates, storefront, queries, facade."""

from datetime import timedelta

import pytest

from merx.contexts.catalog.domain.errors import (
    BrandNotFound,
    CategoryNotFound,
    ProductNotFound,
    SameOptions,
    SkuTaken,
    SlugTaken,
)
from merx.contexts.catalog.domain.product import Product, ProductStatus
from merx.contexts.catalog.ports.queries import ListFilter
from merx.contexts.catalog.usecases.commands import EditProduct, EditVariant
from merx.kernel.actor import Actor
from merx.kernel.errors import StaleVersion
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from tests.contexts.catalog.conftest import Shop, variant


async def load(shop: Shop, product_id) -> Product:
    async with shop.catalog.uow() as uow:
        found: Product = await uow.products.get(product_id)
    return found


class TestProducts:
    async def test_what_went_in_comes_out(self, shop):
        brand, category = await shop.brand("Ånd"), await shop.category("Lamps")
        given = variant("A-1", 12_34, colour="rot", size="M")
        product_id = await shop.draft(
            "Lämp", given, brand_id=brand, category_id=category, attributes={"w": 60, "led": True, "h": 1.5, "c": "x"}
        )
        found = await load(shop, product_id)
        assert (found.slug, found.status, found.version) == ("lamp", ProductStatus.draft, 1)
        assert found.attributes == {"w": 60, "led": True, "h": 1.5, "c": "x"}
        assert (found.brand_id, found.category_id) == (brand, category)
        assert (found.created_at, found.updated_at) == (shop.clock.now(), shop.clock.now())
        [only] = found.variants
        assert (only.sku, only.price, only.options) == ("A-1", Money(12_34, "USD"), {"colour": "rot", "size": "M"})

    async def test_one_sku_once_in_the_shop(self, shop):
        await shop.draft("One", variant("A-1"))
        with pytest.raises(SkuTaken):
            await shop.draft("Two", variant("A-1"))
        with pytest.raises(SkuTaken):
            await shop.draft("Three", variant("B-1", n="1"), variant("B-1", n="2"))

    async def test_a_sku_that_was_given_up_can_be_used_again(self, shop):
        first = await shop.draft("One", variant("A-1"))
        [held] = (await load(shop, first)).variants
        await shop.catalog.edit_product()(
            Actor.system(), first, EditProduct(variants=[EditVariant(id=held.id, sku="A-2")])
        )
        await shop.draft("Two", variant("A-1"))

    async def test_a_slug_that_is_asked_for_is_refused_when_taken_one_from_a_name_is_not(self, shop):
        await shop.draft("Lamp")
        with pytest.raises(SlugTaken):
            await shop.draft("Other", slug="lamp")
        other = await load(shop, await shop.draft("Lamp"))
        assert other.slug == f"lamp-{other.id.hex[-8:]}"

    async def test_options_are_unique_among_what_is_sold(self, shop):
        product_id = await shop.draft("Shirt", variant("A", size="M"), variant("B", size="L"))
        first, second = (await load(shop, product_id)).variants
        edit = shop.catalog.edit_product()
        with pytest.raises(SameOptions):
            await edit(
                Actor.system(), product_id, EditProduct(variants=[EditVariant(id=second.id, options={"size": "M"})])
            )
        await edit(Actor.system(), product_id, EditProduct(variants=[EditVariant(id=first.id, active=False)]))
        await edit(Actor.system(), product_id, EditProduct(variants=[EditVariant(id=second.id, options={"size": "M"})]))
        with pytest.raises(SameOptions):
            await edit(Actor.system(), product_id, EditProduct(variants=[EditVariant(id=first.id, active=True)]))

    async def test_variants_exchange_their_skus_and_options(self, shop):
        product_id = await shop.product(
            "Shirt", variant("A", size="S"), variant("B", size="M"), variant("C", size="L"), variant("D", size="XL")
        )
        a, b, c, d = (found.id for found in (await load(shop, product_id)).variants)

        async def edit(*variants: EditVariant) -> list:
            await shop.catalog.edit_product()(Actor.system(), product_id, EditProduct(variants=list(variants)))
            found = await load(shop, product_id)
            return [(each.id, each.sku, each.options["size"], each.active) for each in found.variants]

        swapped = await edit(EditVariant(id=a, sku="B"), EditVariant(id=b, sku="A"))
        assert swapped[:2] == [(a, "B", "S", True), (b, "A", "M", True)]
        sizes = [(a, "M"), (b, "L"), (c, "S")]
        turned = await edit(*(EditVariant(id=id, options={"size": size}) for id, size in sizes))
        assert turned[:3] == [(a, "B", "M", True), (b, "A", "L", True), (c, "C", "S", True)]
        both = await edit(
            EditVariant(id=b, sku="C", options={"size": "S"}), EditVariant(id=c, sku="A", options={"size": "L"})
        )
        assert both[1:] == [(b, "C", "S", True), (c, "A", "L", True), (d, "D", "XL", True)]
        # One that is sold no more leaves its options, one that is renamed its SKU, to a new one of the same request.
        *kept, new = await edit(
            EditVariant(id=d, sku="E", active=False),
            EditVariant(sku="D", price=variant("D").price, options={"size": "XL"}),
        )
        assert kept == [(a, "B", "M", True), *both[1:3], (d, "E", "XL", False)]
        assert new[1:] == ("D", "XL", True)
        back = await edit(EditVariant(id=d, active=True), EditVariant(id=new[0], active=False))
        assert [(id, active) for id, _, _, active in back[3:]] == [(d, True), (new[0], False)]

    async def test_an_exchange_with_another_product_is_refused_and_leaves_no_trace(self, shop):
        await shop.draft("Other", variant("X"))
        product_id = await shop.draft("Shirt", variant("A", size="S"), variant("B", size="M"))
        before = await load(shop, product_id)
        a, b = (found.id for found in before.variants)
        with pytest.raises(SkuTaken):
            await shop.catalog.edit_product()(
                Actor.system(),
                product_id,
                EditProduct(variants=[EditVariant(id=a, sku="B"), EditVariant(id=b, sku="X")]),
            )
        after = await load(shop, product_id)
        assert (after.version, after.variants) == (before.version, before.variants)

    async def test_a_save_over_a_newer_save_is_refused(self, shop):
        product_id = await shop.draft()
        old = await load(shop, product_id)
        await shop.catalog.edit_product()(Actor.system(), product_id, EditProduct(name="Newer"))
        async with shop.catalog.uow() as uow:
            with pytest.raises(StaleVersion):
                await uow.products.save(old)

    async def test_what_is_not_there(self, shop):
        async with shop.catalog.uow() as uow:
            for repository, error in (
                (uow.products, ProductNotFound),
                (uow.categories, CategoryNotFound),
                (uow.brands, BrandNotFound),
            ):
                with pytest.raises(error):
                    await repository.get(new_id())


class TestVisibility:
    async def test_only_published_products_are_seen(self, shop):
        draft = await shop.draft("Draft")
        shown = await shop.product("Shown")
        archived = await shop.product("Archived")
        await shop.catalog.change_status().archive(Actor.system(), archived)
        assert await shop.names() == ["Shown"]
        assert (await shop.detail(shown)).name == "Shown"
        for hidden in (draft, archived, new_id(), "draft", "archived", "no such", "%00", "x" * 300):
            with pytest.raises(ProductNotFound):
                await shop.queries.product(str(hidden))

    async def test_a_product_without_active_variants_disappears_until_it_has_one(self, shop):
        product_id = await shop.product("Lamp")
        [only] = (await shop.queries.staff_product(product_id)).variants
        edit = shop.catalog.edit_product()
        await edit(Actor.system(), product_id, EditProduct(variants=[EditVariant(id=only.id, active=False)]))
        assert await shop.names() == []
        [document] = await shop.catalog.api().documents([product_id])
        assert not document.visible
        await edit(Actor.system(), product_id, EditProduct(variants=[EditVariant(id=only.id, active=True)]))
        assert await shop.names() == ["Lamp"]

    async def test_the_detail_shows_all_a_shopper_may_see(self, shop):
        brand, root = await shop.brand("Acme"), await shop.category("Home")
        leaf = await shop.category("Lamps", root)
        product_id = await shop.product(
            "Desk lamp",
            variant("A", 30_00, size="S"),
            variant("B", 20_00, size="M"),
            variant("C", 1, "EUR", size="L"),
            brand_id=brand,
            category_id=leaf,
            description="Bright.",
            model="DL-1",
            attributes={"w": 60},
        )
        stored = await shop.queries.staff_product(product_id)
        await shop.levels((stored.variants[1].id, 4, 1))
        found = await shop.detail("desk-lamp")
        assert (found.id, found.brand.slug, found.description, found.model) == (product_id, "acme", "Bright.", "DL-1")
        assert [crumb.name for crumb in found.categories] == ["Home", "Lamps"]
        # Priced in the currency of the first variant.
        assert (found.price_from, found.price_to) == (Money(20_00, "USD"), Money(30_00, "USD"))
        assert [(v.sku, v.available) for v in found.variants] == [("A", 0), ("B", 4), ("C", 0)]
        assert found.in_stock
        assert found == await shop.detail(product_id)
        assert found.updated_at == stored.updated_at


class TestLevels:
    async def test_only_a_higher_sequence_counts(self, shop):
        product_id = await shop.product("Lamp")
        id = (await shop.detail(product_id)).variants[0].id
        assert (await shop.levels((id, 5, 10))).crossed == [product_id]
        for late in ((id, 9, 10), (id, 9, 9), (id, 0, 1)):
            change = await shop.levels(late)
            assert (change.changed, change.crossed) == ([], [])
        assert (await shop.detail(product_id)).variants[0].available == 5
        change = await shop.levels((id, 4, 11))
        assert (change.changed, change.crossed) == ([product_id], [])
        change = await shop.levels((id, 0, 12))
        assert (change.changed, change.crossed) == ([product_id], [product_id])
        assert not (await shop.detail(product_id)).in_stock

    async def test_the_newest_of_several_in_one_message(self, shop):
        product_id = await shop.product("Lamp")
        id = (await shop.detail(product_id)).variants[0].id
        await shop.levels((id, 1, 3), (id, 7, 5), (id, 2, 4))
        assert (await shop.detail(product_id)).variants[0].available == 7

    async def test_stock_known_before_the_product_is_shown(self, shop):
        product_id = await shop.draft("Lamp")
        id = (await shop.queries.staff_product(product_id)).variants[0].id
        assert (await shop.levels((id, 3, 1), (new_id(), 3, 1))).changed == []
        await shop.catalog.change_status().publish(Actor.system(), product_id)
        assert (await shop.detail(product_id)).in_stock

    async def test_an_edit_keeps_the_stock(self, shop):
        product_id = await shop.product("Lamp")
        id = (await shop.detail(product_id)).variants[0].id
        await shop.levels((id, 3, 1))
        await shop.catalog.edit_product()(Actor.system(), product_id, EditProduct(name="Lamp 2"))
        assert (await shop.queries.products(ListFilter(in_stock=True))).items[0].name == "Lamp 2"


class TestFacade:
    async def test_variants_for_carts(self, shop):
        product_id = await shop.product("Lamp", variant("A", 5_00, size="S"), variant("B", 6_00, size="M"))
        first, second = (await shop.detail(product_id)).variants
        await shop.levels((second.id, 3, 1))
        found = await shop.catalog.api().variants([second.id, first.id, new_id(), second.id])
        assert found.keys() == {first.id, second.id}
        sold = found[second.id]
        assert (sold.product_id, sold.product_name, sold.product_slug) == (product_id, "Lamp", "lamp")
        assert (sold.sku, sold.options, sold.price) == ("B", {"size": "M"}, Money(6_00, "USD"))
        assert (sold.on_sale, sold.available) == (True, 3)
        assert await shop.catalog.api().variants([]) == {}
        await shop.catalog.change_status().archive(Actor.system(), product_id)
        assert not (await shop.catalog.api().variants([first.id]))[first.id].on_sale

    async def test_an_added_variant_is_found(self, shop):
        product_id = await shop.product("Lamp", variant("A", size="S"))
        new = EditVariant(sku="B", price=variant("B").price, options={"size": "M"})
        await shop.catalog.edit_product()(Actor.system(), product_id, EditProduct(variants=[new]))
        added = (await shop.detail(product_id)).variants[1]
        assert (await shop.catalog.api().variants([added.id]))[added.id].sku == "B"
        assert "catalog.variants-added.v1" in await shop.told()

    async def test_documents_and_export(self, shop):
        brand, category = await shop.brand("Acme"), await shop.category("Lamps")
        ids = [await shop.product(f"Lamp {n}", brand_id=brand, category_id=category) for n in range(5)]
        await shop.catalog.change_status().archive(Actor.system(), ids[1])
        exported, after = [], None
        while page := await shop.catalog.api().export(after, 2):
            exported += page
            after = page[-1].product_id
        assert [document.product_id for document in exported] == sorted({*ids} - {ids[1]})
        document = exported[0]
        assert (document.visible, document.brand, document.categories[0].slug) == (True, "Acme", "lamps")
        assert [v.sku for v in document.variants] == [v.sku for v in (await shop.detail(ids[0])).variants]
        named = await shop.catalog.api().documents([ids[1], new_id(), ids[0]])
        assert {(d.product_id, d.visible) for d in named} == {(ids[1], False), (ids[0], True)}

    async def test_every_visible_change_raises_the_version(self, shop):
        product_id = await shop.product("Lamp")
        versions = []
        for change in (EditProduct(name="A"), EditProduct(attributes={"w": 1}), EditProduct(slug="b")):
            await shop.catalog.edit_product()(Actor.system(), product_id, change)
            versions.append((await shop.catalog.api().documents([product_id]))[0].version)
        assert versions == sorted(set(versions))


async def test_nothing_stays_without_commit(shop):
    product_id = await shop.product("Lamp")
    async with shop.catalog.uow() as uow:
        product = await uow.products.get(product_id)
        product.name = "Other"
        product.updated_at += timedelta(days=1)
        await uow.products.save(product)
        await uow.storefront.refresh([product_id])
    assert await shop.names() == ["Lamp"]
