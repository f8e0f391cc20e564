"""Prices change soon after somebody proved who she is, and not with a computer left open."""

import pytest

from merx.contexts.catalog.domain.product import ProductStatus
from merx.contexts.catalog.usecases.commands import CreateProduct, EditProduct, EditVariant, NewVariant, Price
from merx.kernel.actor import WAIVES_STEP_UP, Actor, ActorKind
from merx.kernel.errors import Forbidden, StepUpNeeded
from merx.kernel.ids import new_id

TWENTY, TEN = Price(amount=20_00, currency="USD"), Price(amount=10_00, currency="USD")


def clerk(*, fresh):
    permissions = frozenset({"catalog:write"})
    return Actor(kind=ActorKind.staff, account_id=new_id(), permissions=permissions, fresh=fresh)


def key(*scopes):
    return Actor(kind=ActorKind.api_key, account_id=new_id(), permissions=frozenset(scopes))


@pytest.fixture
async def lamp(memory_shop):
    """An active product and its variant."""
    cmd = CreateProduct(name="Lamp", variants=[NewVariant(sku="LAMP", price=TWENTY)])
    product_id = await memory_shop.catalog.create_product()(clerk(fresh=False), cmd)
    await memory_shop.catalog.change_status().publish(clerk(fresh=False), product_id)
    return await product(memory_shop, product_id)


async def product(shop, product_id):
    async with shop.catalog.uow() as uow:
        return await uow.products.get(product_id)


async def edit(shop, actor, lamp, *variants, **fields):
    await shop.catalog.edit_product()(actor, lamp.id, EditProduct(variants=list(variants), **fields))


async def test_s35_another_price_needs_a_fresh_proof(memory_shop, lamp):
    (variant,) = lamp.variants
    cheaper = EditVariant(id=variant.id, price=TEN)
    for who, error in ((clerk(fresh=False), StepUpNeeded), (key("catalog:write"), Forbidden), (key("*"), Forbidden)):
        with pytest.raises(error):
            await edit(memory_shop, who, lamp, cheaper)
        assert (await product(memory_shop, lamp.id)).variants[0].price.amount == 20_00
    await edit(memory_shop, clerk(fresh=True), lamp, cheaper)
    assert (await product(memory_shop, lamp.id)).variants[0].price.amount == 10_00
    await edit(memory_shop, key("catalog:write", WAIVES_STEP_UP), lamp, EditVariant(id=variant.id, price=TWENTY))


async def test_s35_everything_else_and_the_same_price_does_not(memory_shop, lamp):
    (variant,) = lamp.variants
    same = EditVariant(id=variant.id, price=TWENTY, sku="LAMP-2", weight_grams=5)
    await edit(memory_shop, clerk(fresh=False), lamp, same, description="Bright")
    assert (await product(memory_shop, lamp.id)).variants[0].sku == "LAMP-2"


async def test_s35_a_new_variant_is_no_way_round(memory_shop, lamp):
    new = EditVariant(sku="LAMP-CHEAP", price=TEN, options={"colour": "red"})
    with pytest.raises(StepUpNeeded):
        await edit(memory_shop, clerk(fresh=False), lamp, new)


async def test_s35_nor_is_the_archive(memory_shop, lamp):
    status = memory_shop.catalog.change_status()
    await status.archive(clerk(fresh=False), lamp.id)
    await status.restore(clerk(fresh=False), lamp.id)
    held = await product(memory_shop, lamp.id)
    assert held.status is ProductStatus.draft
    with pytest.raises(StepUpNeeded):
        await edit(memory_shop, clerk(fresh=False), held, EditVariant(id=held.variants[0].id, price=TEN))


async def test_a_draft_gets_further_variants_without(memory_shop):
    cmd = CreateProduct(name="Draft", variants=[NewVariant(sku="D-1", price=TWENTY)])
    product_id = await memory_shop.catalog.create_product()(clerk(fresh=False), cmd)
    draft = await product(memory_shop, product_id)
    await edit(memory_shop, clerk(fresh=False), draft, EditVariant(sku="D-2", price=TEN, options={"size": "S"}))
