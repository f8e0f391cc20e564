"""What staff can do, on memory: refusals, events, and the answers that are dropped from caches."""

import msgspec
import pytest

from merx.contexts.catalog.domain.errors import (
    CategoryLoop,
    NotArchived,
    NotPublishable,
    TooManyVariants,
    UnknownVariant,
)
from merx.contexts.catalog.usecases.commands import (
    CreateCategory,
    CreateProduct,
    EditCategory,
    EditProduct,
    EditVariant,
    MoveCategory,
    Price,
)
from merx.contexts.catalog.usecases.edit_taxonomy import EditCategoryHandler
from merx.kernel.actor import Actor
from merx.kernel.errors import Invalid, StaleVersion
from merx.kernel.ids import new_id
from merx.kernel.money import UnknownCurrency
from tests.contexts.catalog.conftest import Shop, variant


@pytest.fixture
def shop(memory_shop: Shop) -> Shop:
    return memory_shop


@pytest.fixture
def dropped(shop: Shop) -> set[str]:
    tags: set[str] = set()
    shop.app.infra.store().on_invalidate = tags.update
    return tags


class TestProducts:
    async def test_a_draft_is_told_of_for_its_stock_only(self, shop, dropped):
        await shop.draft()
        assert await shop.told() == ["catalog.variants-added.v1"]
        assert dropped == set()

    async def test_an_edit_of_what_is_hidden_drops_nothing(self, shop, dropped):
        await shop.catalog.edit_product()(Actor.system(), await shop.draft(), EditProduct(name="Other"))
        assert dropped == set()
        assert "catalog.products-changed.v1" not in await shop.told()

    async def test_publish_edit_archive(self, shop, dropped):
        product_id = await shop.product()
        await shop.catalog.edit_product()(Actor.system(), product_id, EditProduct(name="Other"))
        await shop.catalog.change_status().archive(Actor.system(), product_id)
        assert await shop.told() == [
            "catalog.variants-added.v1",
            "catalog.products-published.v1",
            "catalog.products-changed.v1",
            "catalog.products-withdrawn.v1",
        ]
        assert dropped == {f"product:{product_id}", "listings"}

    async def test_references_must_exist(self, shop):
        for fields in ({"brand_id": new_id()}, {"category_id": new_id()}):
            with pytest.raises(Invalid) as refusal:
                await shop.draft(**fields)
            assert refusal.value.fields[0].field in fields
            with pytest.raises(Invalid):
                await shop.catalog.edit_product()(Actor.system(), await shop.draft(), EditProduct(**fields))

    async def test_only_what_is_sent_changes(self, shop):
        category = await shop.category("Lamps")
        product_id = await shop.draft("Lamp", category_id=category, description="d", attributes={"w": 1})
        edit = shop.catalog.edit_product()
        await edit(Actor.system(), product_id, EditProduct(name="Other"))
        held = await shop.queries.staff_product(product_id)
        assert (held.name, held.category_id, held.description, held.attributes) == ("Other", category, "d", {"w": 1})
        await edit(Actor.system(), product_id, EditProduct(category_id=None, description=""))
        held = await shop.queries.staff_product(product_id)
        assert (held.category_id, held.description) == (None, "")

    async def test_variants_are_changed_by_id_and_added_without(self, shop):
        product_id = await shop.draft("Shirt", variant("A", size="M"))
        edit = shop.catalog.edit_product()
        [held] = (await shop.queries.staff_product(product_id)).variants
        change = EditVariant(id=held.id, price=Price(amount=1, currency="USD"), weight_grams=5, barcodes=["12345678"])
        added = EditVariant(sku="B", price=Price(amount=2, currency="USD"), options={"size": "L"})
        await edit(Actor.system(), product_id, EditProduct(variants=[change, added]))
        first, second = (await shop.queries.staff_product(product_id)).variants
        assert (first.price.amount, first.weight_grams, first.barcodes, first.sku) == (1, 5, ["12345678"], "A")
        assert (second.sku, second.options, second.active) == ("B", {"size": "L"}, True)
        with pytest.raises(UnknownVariant):
            await edit(Actor.system(), product_id, EditProduct(variants=[EditVariant(id=new_id(), sku="C")]))
        with pytest.raises(Invalid) as refusal:
            await edit(Actor.system(), product_id, EditProduct(variants=[EditVariant(sku="C")]))
        assert refusal.value.fields[0].field == "variants[0]"

    async def test_limits_between_edits(self, shop):
        product_id = await shop.draft("Shirt", *(variant(f"A{n}", n=str(n)) for n in range(500)))
        one_more = EditVariant(sku="B", price=Price(amount=1, currency="USD"), options={"n": "x"})
        with pytest.raises(TooManyVariants):
            await shop.catalog.edit_product()(Actor.system(), product_id, EditProduct(variants=[one_more]))

    async def test_a_currency_that_is_none(self, shop):
        with pytest.raises(UnknownCurrency):
            await shop.draft("Lamp", variant("A", currency="XXX"))
        product_id = await shop.draft("Lamp", variant("A"))
        [held] = (await shop.queries.staff_product(product_id)).variants
        change = EditVariant(id=held.id, price=Price(amount=1, currency="QQQ"))
        with pytest.raises(UnknownCurrency):
            await shop.catalog.edit_product()(Actor.system(), product_id, EditProduct(variants=[change]))

    async def test_states(self, shop):
        change = shop.catalog.change_status()
        product_id = await shop.product()
        with pytest.raises(NotArchived):
            await change.restore(Actor.system(), product_id)
        await change.archive(Actor.system(), product_id)
        with pytest.raises(NotPublishable):
            await change.publish(Actor.system(), product_id)
        await change.restore(Actor.system(), product_id)
        assert (await shop.queries.staff_product(product_id)).status == "draft"

    async def test_an_expected_version(self, shop):
        product_id = await shop.draft()
        await shop.catalog.edit_product()(Actor.system(), product_id, EditProduct(name="A"), 1)
        change = shop.catalog.change_status()
        for late in (
            lambda: shop.catalog.edit_product()(Actor.system(), product_id, EditProduct(name="B"), 1),
            lambda: change.publish(Actor.system(), product_id, 1),
            lambda: change.archive(Actor.system(), product_id, 1),
            lambda: change.restore(Actor.system(), product_id, 1),
        ):
            with pytest.raises(StaleVersion):
                await late()
        await change.publish(Actor.system(), product_id, 2)


class TestCategories:
    async def test_no_category_goes_below_itself(self, shop):
        a = await shop.category("A")
        b = await shop.category("B", a)
        c = await shop.category("C", b)
        move = shop.catalog.edit_category().move
        for target in (a, b, c):
            with pytest.raises(CategoryLoop):
                await move(Actor.system(), a, MoveCategory(parent_id=target))
        await move(Actor.system(), c, MoveCategory(parent_id=a))
        await move(Actor.system(), b, MoveCategory(parent_id=c))
        trail = (await shop.queries.category(str(b))).trail
        assert [crumb.name for crumb in trail] == ["A", "C", "B"]

    async def test_an_unknown_parent(self, shop):
        with pytest.raises(Invalid):
            await shop.category("A", new_id())
        category = await shop.category("A")
        with pytest.raises(Invalid):
            await shop.catalog.edit_category().move(Actor.system(), category, MoveCategory(parent_id=new_id()))

    async def test_an_expected_version(self, shop):
        category = await shop.category("A")
        edit = shop.catalog.edit_category()
        await edit(Actor.system(), category, EditCategory(position=3), 1)
        with pytest.raises(StaleVersion):
            await edit(Actor.system(), category, EditCategory(name="B"), 1)
        with pytest.raises(StaleVersion):
            await edit.move(Actor.system(), category, MoveCategory(parent_id=None), 1)

    async def test_a_position_alone_tells_nobody_of_products(self, shop, dropped):
        category = await shop.category("A")
        await shop.product("Lamp", category_id=category)
        told = len(await shop.told())
        dropped.clear()
        await shop.catalog.edit_category()(Actor.system(), category, EditCategory(position=3))
        assert len(await shop.told()) == told
        assert dropped == {"categories", "listings"}

    async def test_many_products_are_told_of_in_pages(self, shop):
        category = await shop.category("A")
        for n in range(5):
            await shop.product(f"Lamp {n}", category_id=category)
        told = len(await shop.told())
        edit = EditCategoryHandler(shop.catalog.uow, shop.clock, event_page=2)
        await edit(Actor.system(), category, EditCategory(name="B"))
        assert (await shop.told())[told:] == ["catalog.products-changed.v1"] * 3


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "variants": [{"sku": "A", "price": {"amount": 1, "currency": "USD"}}]},
        {"name": "x" * 301, "variants": [{"sku": "A", "price": {"amount": 1, "currency": "USD"}}]},
        {"name": "x\n", "variants": [{"sku": "A", "price": {"amount": 1, "currency": "USD"}}]},
        {"name": "x", "variants": []},
        {"name": "x", "variants": [{"sku": "A", "price": {"amount": 0, "currency": "USD"}}]},
        {"name": "x", "variants": [{"sku": "A", "price": {"amount": 10**16, "currency": "USD"}}]},
        {"name": "x", "variants": [{"sku": " A", "price": {"amount": 1, "currency": "USD"}}]},
        {"name": "x", "variants": [{"sku": "A", "price": {"amount": 1, "currency": "USD"}, "barcodes": ["x"]}]},
        {
            "name": "x",
            "attributes": {"a": 2**60},
            "variants": [{"sku": "A", "price": {"amount": 1, "currency": "USD"}}],
        },
        {"name": "x", "attributes": {"a": None}, "variants": [{"sku": "A", "price": {"amount": 1, "currency": "USD"}}]},
        {"name": "x", "unknown": 1, "variants": [{"sku": "A", "price": {"amount": 1, "currency": "USD"}}]},
    ],
)
def test_bodies_that_are_refused(body):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, CreateProduct)


def test_what_a_feed_may_hold_can_be_edited():
    """The limits of commands are not below those of the import format."""
    edit = {
        "name": "n" * 300,
        "description": "d" * 100_000,
        "model": "m" * 300,
        "attributes": {"a" * 100: "v" * 10_000} | {f"a{n}": 2**53 for n in range(299)},
        "variants": [{"barcodes": ["12345678901234"] * 200, "options": {"o" * 60: "v" * 100}}] * 500,
    }
    assert msgspec.convert(edit, EditProduct).name == "n" * 300
    assert msgspec.convert({"name": "c" * 100}, CreateCategory).name == "c" * 100
