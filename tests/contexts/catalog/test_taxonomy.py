"""Categories, brands and old slugs: the same promises on memory and on PostgreSQL."""

import pytest

from merx.contexts.catalog.domain.errors import CategoryNotEmpty, CategoryNotFound, NameTaken, ProductNotFound
from merx.contexts.catalog.domain.taxonomy import Category
from merx.contexts.catalog.ports.queries import ListFilter, Moved
from merx.contexts.catalog.usecases.commands import EditBrand, EditCategory, EditProduct, MoveCategory
from merx.kernel.actor import Actor
from merx.kernel.errors import StaleVersion


class TestSlugHistory:
    async def test_every_old_slug_leads_to_the_present_one(self, shop):
        product_id = await shop.product("First")
        edit = shop.catalog.edit_product()
        await edit(Actor.system(), product_id, EditProduct(slug="second"))
        await edit(Actor.system(), product_id, EditProduct(slug="third"))
        assert await shop.queries.product("first") == Moved("third")
        assert await shop.queries.product("second") == Moved("third")
        await edit(Actor.system(), product_id, EditProduct(slug="first"))
        assert (await shop.detail("first")).id == product_id
        assert await shop.queries.product("third") == Moved("first")

    async def test_a_slug_that_is_used_again_wins_over_history(self, shop):
        old = await shop.product("Old")
        await shop.catalog.edit_product()(Actor.system(), old, EditProduct(slug="renamed"))
        new = await shop.product("New", slug="old")
        assert (await shop.detail("old")).id == new

    async def test_a_hidden_product_is_not_pointed_at(self, shop):
        product_id = await shop.product("First")
        await shop.catalog.edit_product()(Actor.system(), product_id, EditProduct(slug="second"))
        await shop.catalog.change_status().archive(Actor.system(), product_id)
        with pytest.raises(ProductNotFound):
            await shop.queries.product("first")

    async def test_categories_and_brands_too(self, shop):
        category, brand = await shop.category("Lamps"), await shop.brand("Acme")
        await shop.catalog.edit_category()(Actor.system(), category, EditCategory(slug="lights"))
        await shop.catalog.edit_brand()(Actor.system(), brand, EditBrand(slug="ac-me"))
        assert await shop.queries.category("lamps") == Moved("lights")
        assert await shop.queries.brand("acme") == Moved("ac-me")
        await shop.catalog.edit_category().remove(Actor.system(), category)
        with pytest.raises(CategoryNotFound):
            await shop.queries.category("lamps")


class TestTree:
    async def test_a_move_takes_everything_below_along(self, shop):
        home, office = await shop.category("Home"), await shop.category("Office")
        lamps = await shop.category("Lamps", home)
        desk = await shop.category("Desk lamps", lamps)
        product_id = await shop.product("Lamp", category_id=desk)
        before = (await shop.catalog.api().documents([product_id]))[0].version

        await shop.catalog.edit_category().move(Actor.system(), lamps, MoveCategory(parent_id=office))

        assert [crumb.name for crumb in (await shop.detail(product_id)).categories] == ["Office", "Lamps", "Desk lamps"]
        trail = (await shop.queries.category(str(desk))).trail
        assert [crumb.id for crumb in trail] == [office, lamps, desk]
        assert await shop.names(category="office") == ["Lamp"]
        assert await shop.names(category="home") == []
        assert await shop.names(category=str(desk)) == ["Lamp"]
        assert (await shop.catalog.api().documents([product_id]))[0].version > before
        assert (await shop.told())[-1] == "catalog.products-changed.v1"

        await shop.catalog.edit_category().move(Actor.system(), lamps, MoveCategory(parent_id=None))
        assert [crumb.name for crumb in (await shop.detail(product_id)).categories] == ["Lamps", "Desk lamps"]
        assert await shop.names(category="office") == []

    async def test_a_new_name_shows_in_every_trail(self, shop):
        home = await shop.category("Home")
        lamps = await shop.category("Lamps", home)
        product_id = await shop.product("Lamp", category_id=lamps)
        await shop.catalog.edit_category()(Actor.system(), home, EditCategory(name="House", slug="house"))
        crumbs = (await shop.detail(product_id)).categories
        assert [(crumb.name, crumb.slug) for crumb in crumbs] == [("House", "house"), ("Lamps", "lamps")]
        assert await shop.names(category="house") == ["Lamp"]

    async def test_siblings_keep_their_order(self, shop):
        home = await shop.category("Home")
        for name, position in (("Chairs", 2), ("tables", 1), ("Beds", 1), ("Doors", 0)):
            await shop.category(name, home, position=position)
        [tree] = await shop.queries.category_tree()
        assert [child.name for child in tree.children] == ["Doors", "Beds", "tables", "Chairs"]
        assert [child.name for child in (await shop.queries.category("home")).children] == [
            "Doors",
            "Beds",
            "tables",
            "Chairs",
        ]

    async def test_counts_are_of_visible_products_below(self, shop):
        home = await shop.category("Home")
        lamps = await shop.category("Lamps", home)
        brand = await shop.brand("Acme")
        await shop.product("One", category_id=lamps, brand_id=brand)
        await shop.product("Two", category_id=home, brand_id=brand)
        await shop.draft("Three", category_id=lamps, brand_id=brand)
        await shop.settle()
        [tree] = await shop.queries.category_tree()
        assert (tree.product_count, tree.children[0].product_count) == (2, 1)
        assert (await shop.queries.brand("acme")).product_count == 2

    async def test_only_an_empty_category_goes(self, shop):
        home = await shop.category("Home")
        lamps = await shop.category("Lamps", home)
        draft = await shop.draft("Lamp", category_id=lamps)
        remove = shop.catalog.edit_category().remove
        for full in (home, lamps):
            with pytest.raises(CategoryNotEmpty):
                await remove(Actor.system(), full)
        await shop.catalog.edit_product()(Actor.system(), draft, EditProduct(category_id=None))
        await remove(Actor.system(), lamps)
        await remove(Actor.system(), home)
        assert await shop.queries.category_tree() == []

    async def test_the_same_name_in_two_branches(self, shop):
        men, women = await shop.category("Men"), await shop.category("Women")
        slugs = []
        for parent in (men, women, women):
            category = await shop.category("Shoes", parent)
            slugs.append((await shop.queries.category(str(category))).slug)
        assert slugs[:2] == ["shoes", "women-shoes"]
        assert slugs[2].startswith("shoes-")

    async def test_a_child_edited_from_an_old_copy_does_not_undo_a_move(self, shop):
        a, b = await shop.category("A"), await shop.category("B")
        child = await shop.category("Child", a)
        async with shop.catalog.uow() as uow:
            held: Category = await uow.categories.get(child)
        await shop.catalog.edit_category().move(Actor.system(), child, MoveCategory(parent_id=b))
        async with shop.catalog.uow() as uow:
            with pytest.raises(StaleVersion):
                await uow.categories.save(held)


class TestBrands:
    async def test_a_name_once(self, shop):
        await shop.brand("Acme")
        with pytest.raises(NameTaken):
            await shop.brand("Acme")
        other = await shop.brand("ACME")
        assert (await shop.queries.brand(str(other))).slug.startswith("acme-")

    async def test_a_new_name_shows_with_its_products(self, shop):
        brand = await shop.brand("Acme")
        product_id = await shop.product("Lamp", brand_id=brand)
        before = (await shop.catalog.api().documents([product_id]))[0]
        await shop.catalog.edit_brand()(Actor.system(), brand, EditBrand(name="Acme & Sons"))
        after = (await shop.catalog.api().documents([product_id]))[0]
        assert (after.brand, after.brand_slug) == ("Acme & Sons", "acme")
        assert after.version > before.version
        assert (await shop.queries.products(ListFilter())).items[0].brand == "Acme & Sons"

    async def test_pages_by_name(self, shop):
        for name in ("delta", "Alpha", "Ärger", "charlie", "Bravo", "x" * 200):
            await shop.brand(name)
        names, after = [], None
        while True:
            page = await shop.queries.brands(2, after)
            names += [brand.name for brand in page.items]
            if (after := page.next) is None:
                break
        assert names == ["Alpha", "Bravo", "charlie", "delta", "x" * 200, "Ärger"]
