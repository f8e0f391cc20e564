"""Lists are complete, in one order on both storages, and stable while products come and go between two pages."""

import contextlib
import io
import random
from contextlib import aclosing
from datetime import timedelta

import msgspec
import pytest

from merx.contexts.catalog.adapters.postgres.listing import FEW
from merx.contexts.catalog.domain.errors import BrandNotFound, CategoryNotFound
from merx.contexts.catalog.ports.queries import ListFilter, Sort
from merx.contexts.catalog.usecases.commands import EditProduct, NewVariant, Price
from merx.kernel.actor import Actor
from merx.kernel.ids import new_id
from merx.kernel.paging import InvalidCursor, encode_cursor
from tests.contexts.catalog.conftest import Shop, variant

NAMES = [
    "apple",
    "Apple",
    "Äpfel",
    "apple pie",
    "zebra",
    "Zebra",
    "éclair",
    "x" * 80,
    "x" * 79 + "y",
    "日本",
    "🎁",
    "_",
]


async def stock_up(shop: Shop, seed: int = 7) -> list[tuple]:
    """Many products that share names, prices and moments. Returns (created_at, price, name, id) of each."""
    chance = random.Random(seed)
    home = await shop.category("Home")
    places = [home, await shop.category("Lamps", home), await shop.category("Office")]
    brands = [await shop.brand("Acme"), await shop.brand("Bolt"), None]
    made = []
    for _ in range(40):
        name, amount = chance.choice(NAMES), chance.choice([5, 5, 7, 9])
        place, brand = chance.choice(places), chance.choice(brands)
        variants = [variant(f"S-{new_id().hex[-12:]}", amount)]
        product_id = await shop.draft(name, *variants, category_id=place, brand_id=brand)
        await shop.catalog.change_status().publish(Actor.system(), product_id)
        made.append((shop.clock.now(), amount, name, product_id, place, brand))
        if chance.random() < 0.3:
            shop.clock.advance(timedelta(microseconds=1))
    return made


def in_order(made: list[tuple], sort: Sort) -> list:
    if sort is Sort.newest:
        return [m[3] for m in sorted(made, key=lambda m: (m[0], m[3]), reverse=True)]
    if sort is Sort.name:
        return [m[3] for m in sorted(made, key=lambda m: (m[2][:60].encode().lower(), m[3]))]
    return [m[3] for m in sorted(made, key=lambda m: (m[1], m[3]), reverse=sort is Sort.price_desc)]


async def ids(shop: Shop, **wanted) -> list:
    found, after = [], None
    while True:
        page = await shop.queries.products(ListFilter(**wanted, after=after))
        found += [item.id for item in page.items]
        if (after := page.next) is None:
            return found


async def test_every_sort_is_complete_and_in_the_same_order_everywhere(shop):
    made = await stock_up(shop)
    for sort in Sort:
        for limit in (1, 3, 40, 100):
            assert await ids(shop, sort=sort, limit=limit) == in_order(made, sort), (sort, limit)


async def test_a_category_lists_its_whole_subtree_in_every_sort(shop):
    made = await stock_up(shop, seed=3)
    tree = {node.slug: node for node in await shop.queries.category_tree()}
    home = {tree["home"].id, *(child.id for child in tree["home"].children)}
    bolt = (await shop.queries.brand("bolt")).id
    for sort in Sort:
        below = [m for m in made if m[4] in home]
        assert await ids(shop, sort=sort, limit=3, category="home") == in_order(below, sort)
        both = [m for m in below if m[5] == bolt]
        assert await ids(shop, sort=sort, limit=3, category="home", brand="bolt") == in_order(both, sort)


@pytest.mark.parametrize("sort", list(Sort))
async def test_what_was_there_all_along_is_shown_exactly_once(shop, sort):
    """Between two pages one product goes, one comes and one is edited: the others are neither lost nor twice."""
    made = await stock_up(shop, seed=11)
    expected = in_order(made, sort)
    gone, moved = expected[2], expected[20]
    first = await shop.queries.products(ListFilter(sort=sort, limit=5))
    await shop.catalog.change_status().archive(Actor.system(), gone)
    fresh = await shop.product("mmm", variant("FRESH", 6))
    held = await shop.queries.staff_product(moved)
    await shop.catalog.edit_product()(Actor.system(), moved, EditProduct(name=held.name, description="changed"))
    rest, after = [], first.next
    while after is not None:
        page = await shop.queries.products(ListFilter(sort=sort, limit=5, after=after))
        rest += [item.id for item in page.items]
        after = page.next
    shown = [item.id for item in first.items] + rest
    assert [id for id in shown if id not in (fresh, gone)] == [id for id in expected if id != gone]


class TestFilters:
    async def test_prices_currency_and_stock(self, shop):
        cheap = await shop.product("Cheap", variant("A", 5))
        await shop.product(
            "Dear",
            variant("B", 900),
            NewVariant(sku="C", price=Price(amount=50, currency="USD"), options={"size": "S"}),
        )
        await shop.product("Euro", variant("D", 50, "EUR"))
        id = (await shop.detail(cheap)).variants[0].id
        await shop.levels((id, 2, 1))
        assert await shop.names(price_min=6) == ["Euro", "Dear"]
        assert await shop.names(price_max=50, currency="USD") == ["Dear", "Cheap"]
        assert await shop.names(price_min=6, price_max=49) == []
        assert await shop.names(in_stock=True) == ["Cheap"]
        assert await shop.names(in_stock=False) == ["Euro", "Dear"]

    async def test_attributes(self, shop):
        await shop.product("One", attributes={"colour": "red", "w": 60, "led": True, "n": "60"})
        await shop.product("Two", attributes={"colour": "blue", "w": 60.5, "led": False, "n": 60})
        await shop.product("Three", attributes={"w": "60", "led": "true", "odd": 1})
        for wanted, names in [
            ((("colour", "red"),), ["One"]),
            ((("w", "60"),), ["Three", "One"]),
            ((("w", "60.0"),), ["One"]),
            ((("w", "60.5"),), ["Two"]),
            ((("led", "true"),), ["Three", "One"]),
            ((("led", "false"),), ["Two"]),
            ((("odd", "true"),), []),
            ((("n", "60"), ("colour", "red")), ["One"]),
            ((("colour", "red"), ("colour", "blue")), []),
            ((("none", "x"),), []),
            ((("w", "'; drop table catalog.product; --"),), []),
        ]:
            assert await shop.names(attributes=wanted) == names, wanted

    async def test_by_id_or_slug_and_what_names_nothing(self, shop):
        category, brand = await shop.category("Lamps"), await shop.brand("Acme")
        empty = await shop.category("Empty")
        await shop.product("One", category_id=category, brand_id=brand)
        for key in ("lamps", str(category)):
            assert await shop.names(category=key) == ["One"]
        for key in ("acme", str(brand)):
            assert await shop.names(brand=key) == ["One"]
        assert await shop.names(category=str(empty)) == []
        assert await shop.names(category="empty", brand="acme") == []
        for key in ("no-such", str(new_id()), "Not A Slug", ""):
            with pytest.raises(CategoryNotFound):
                await shop.names(category=key)
            with pytest.raises(BrandNotFound):
                await shop.names(brand=key)


HOSTILE = [
    "",
    "!!!",
    "AAAA",
    "x" * 600,
    encode_cursor("a"),
    encode_cursor(1, 2, 3),
    encode_cursor(None, str(new_id())),
    encode_cursor("2030-01-01T00:00:00", str(new_id())),
    encode_cursor("9999-12-31T23:59:59-23:59", str(new_id())),
    encode_cursor("0001-01-01T00:00:00+23:59", str(new_id())),
    encode_cursor("not a time", str(new_id())),
    encode_cursor(1.5, str(new_id())),
    encode_cursor(5, "no id"),
    "WyJcdWQ4MDAiLCAiMDE5ODAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAxIl0",
]


@pytest.mark.parametrize("sort", list(Sort))
async def test_cursors_that_we_did_not_make(shop, sort):
    """Refused, or understood when they happen to fit: never anything else."""
    for cursor in HOSTILE:
        with contextlib.suppress(InvalidCursor):
            await shop.queries.products(ListFilter(sort=sort, after=cursor))
        with contextlib.suppress(InvalidCursor):
            await shop.queries.brands(5, cursor)


@pytest.mark.services
async def test_attributes_that_few_and_that_many_have_are_listed_in_the_same_order(postgres_shop):
    """Few are found by an index and sorted, many are met on the way through the list."""
    shop = postgres_shop
    lines = [
        {
            "id": f"{n}",
            "name": f"Lamp {n * 7919 % 2100}",
            "category": ["Home", f"C{n % 2}"],
            "price": n % 50 + 1,
            "currency": "USD",
            "attributes": {"many": "yes", "few": "yes" if n % 100 == 0 else "no"},
        }
        for n in range(FEW + 100)
    ]
    handler = shop.catalog.import_catalogue()
    run = await handler.run_for("digest", "file")
    async with aclosing(handler.batches(run, io.BytesIO(b"\n".join(map(msgspec.json.encode, lines))))) as batches:
        assert sum([batch.products async for batch in batches]) == FEW + 100
    for sort in Sort:
        for where in ({}, {"category": "c0"}):
            everything = await ids(shop, sort=sort, limit=100, **where)
            assert await ids(shop, sort=sort, limit=100, attributes=(("many", "yes"),), **where) == everything
            few = await ids(shop, sort=sort, limit=4, attributes=(("few", "yes"),), **where)
            assert len(few) == 21
            assert few == [id for id in everything if id in set(few)]
