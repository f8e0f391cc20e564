"""Many hands on the catalogue, on PostgreSQL. Each rule has a careless twin that breaks it."""

import asyncio
import io
from contextlib import aclosing

import msgspec
import pytest

from merx.contexts.catalog.adapters.postgres import PostgresCatalogUow
from merx.contexts.catalog.adapters.postgres.storefront import PostgresStorefront
from merx.contexts.catalog.domain.errors import CategoryLoop, SameOptions, SkuTaken, SlugTaken
from merx.contexts.catalog.ports.repositories import Level
from merx.contexts.catalog.usecases.commands import CreateProduct, EditCategory, EditProduct, EditVariant, MoveCategory
from merx.contexts.catalog.usecases.edit_taxonomy import EditCategoryHandler
from merx.contexts.catalog.usecases.import_catalogue import ImportCatalogueHandler
from merx.infra.postgres import compiled
from merx.kernel.actor import Actor
from merx.kernel.errors import StaleVersion
from tests.contexts.catalog.conftest import Shop, variant

pytestmark = pytest.mark.services


@pytest.fixture
def shop(postgres_shop: Shop) -> Shop:
    return postgres_shop


SHELVED = compiled(
    """
    select l.available, (select sum(a.available) from catalog.availability a
                           join catalog.variant v on v.id = a.variant_id where v.product_id = l.product_id)
      from catalog.listing l
    """
)
MISPLACED = compiled(
    """
    select 1 from catalog.category c left join catalog.category p on p.id = c.parent_id
     where jsonb_path_query_array(c.trail, '$[*].id')
        <> coalesce(jsonb_path_query_array(p.trail, '$[*].id'), '[]') || to_jsonb(c.id)
    """
)
MISLISTED = compiled(
    """
    select product_id, category_id from catalog.listing_category
    except
    select p.id, cast(step ->> 'id' as uuid) from catalog.product p join catalog.category c on c.id = p.category_id
     cross join lateral jsonb_array_elements(c.trail) as step
    """
)


async def rows(shop: Shop, statement) -> list[tuple]:
    return [tuple(row) for row in await shop.app.database.reader.fetch(statement)]


async def test_edits_and_stock_news_of_one_product_both_stay(shop):
    product_id = await shop.product("Lamp", *(variant(f"V{n}", n=str(n)) for n in range(4)))
    ids = [v.id for v in (await shop.detail(product_id)).variants]
    edit = shop.catalog.edit_product()

    async def rename(n: int) -> None:
        try:
            await edit(Actor.system(), product_id, EditProduct(description=f"d{n}"))
        except StaleVersion:
            return

    await asyncio.gather(
        *(rename(n) for n in range(15)),
        *(shop.levels((ids[n % 4], n + 1, n + 1)) for n in range(40)),
    )
    [(listed, known)] = await rows(shop, SHELVED)
    assert listed == known == 37 + 38 + 39 + 40


async def test_control_without_the_row_lock_the_list_forgets_stock(shop):
    """The sum is made from what was known before somebody else's news, and written after it."""
    product_id = await shop.product("Lamp", variant("A"))
    [sold] = (await shop.detail(product_id)).variants
    read = compiled("select coalesce(sum(available), 0) from catalog.availability")
    write = compiled("update catalog.listing set available = :available")

    looked, told = asyncio.Event(), asyncio.Event()

    async def careless() -> None:
        async with shop.catalog.uow() as uow:
            known = await uow.tx.fetchval(read)
            looked.set()
            await told.wait()
            await uow.tx.execute(write, available=int(known))
            await uow.commit()

    async def news() -> None:
        await looked.wait()
        await shop.levels((sold.id, 5, 1))
        told.set()

    await asyncio.gather(careless(), news())
    assert await rows(shop, SHELVED) == [(0, 5)]


async def test_stock_news_of_the_same_variants_in_opposite_order(shop):
    for n in range(6):
        await shop.product(f"Lamp {n}", variant(f"A{n}"))
    ids = [v.variant_id for d in await shop.catalog.api().export(None, 100) for v in d.variants]

    async def tell(sequence: int) -> None:
        order = ids if sequence % 2 else ids[::-1]
        async with shop.catalog.uow() as uow:
            await uow.storefront.set_levels([Level(id, sequence, sequence) for id in order])
            await uow.commit()

    await asyncio.gather(*(tell(sequence) for sequence in range(1, 41)))
    assert await rows(shop, SHELVED) == [(40, 40)] * 6


async def test_moves_against_each_other_make_no_loop(shop):
    for _ in range(5):
        a, b = await shop.category("A"), await shop.category("B")
        move = shop.catalog.edit_category().move
        results = await asyncio.gather(
            move(Actor.system(), a, MoveCategory(parent_id=b)),
            move(Actor.system(), b, MoveCategory(parent_id=a)),
            return_exceptions=True,
        )
        assert sorted(type(result) for result in results if result is not None) == [CategoryLoop]
        assert await rows(shop, MISPLACED) == []


async def test_control_without_owning_the_taxonomy_two_moves_make_a_loop(shop):
    both_have_read = asyncio.Barrier(2)

    class Careless(PostgresStorefront):
        async def own_taxonomy(self) -> None:
            await asyncio.sleep(0)

        async def replant(self, category, before) -> None:
            await both_have_read.wait()
            await super().replant(category, before)

    class CarelessUow(PostgresCatalogUow):
        def open(self, tx) -> None:
            super().open(tx)
            self.storefront = Careless(tx)

    a, b = await shop.category("A"), await shop.category("B")
    move = EditCategoryHandler(lambda: CarelessUow(shop.app.database, shop.app.infra.outbox()), shop.clock).move
    await asyncio.gather(
        move(Actor.system(), a, MoveCategory(parent_id=b)), move(Actor.system(), b, MoveCategory(parent_id=a))
    )
    loop = "select id, parent_id from catalog.category where parent_id is not null"
    assert set(await rows(shop, compiled(loop))) == {(a, b), (b, a)}
    # Whose trail is wrong depends on who wrote down first where the other stands.
    assert await rows(shop, MISPLACED) != []


async def test_moves_and_edits_and_new_children_leave_every_trail_right(shop):
    roots = [await shop.category(f"R{n}") for n in range(3)]
    branch = await shop.category("Branch", roots[0])
    leaves = [await shop.category(f"Leaf {n}", branch) for n in range(3)]
    products = [await shop.product(f"Lamp {n}", category_id=leaves[n]) for n in range(3)]
    categories = shop.catalog.edit_category()

    async def quietly(work) -> None:
        try:
            await work
        except StaleVersion:
            return

    await asyncio.gather(
        *(categories.move(Actor.system(), branch, MoveCategory(parent_id=roots[n % 3])) for n in range(9)),
        *(categories(Actor.system(), leaves[n % 3], EditCategory(name=f"New {n}")) for n in range(6)),
        *(shop.category(f"Child {n}", branch) for n in range(6)),
        *(
            quietly(
                shop.catalog.edit_product()(Actor.system(), products[n % 3], EditProduct(category_id=leaves[n % 2]))
            )
            for n in range(9)
        ),
    )
    assert await rows(shop, MISPLACED) == []
    assert await rows(shop, MISLISTED) == []
    listed = [await shop.names(category=str(root)) for root in roots]
    assert sorted(map(len, listed)) == [0, 0, 3]


async def test_one_sku_one_slug_one_set_of_options_among_many_editors(shop):
    create, staff = shop.catalog.create_product(), Actor.system()
    results = await asyncio.gather(
        *(create(staff, CreateProduct(name="Lamp", variants=[variant("ONE")], slug=f"s{n}")) for n in range(6)),
        return_exceptions=True,
    )
    assert sorted(type(r).__name__ for r in results) == [SkuTaken.__name__] * 5 + ["UUID"]
    results = await asyncio.gather(
        *(create(staff, CreateProduct(name="Lamp", variants=[variant(f"S{n}")], slug="same")) for n in range(6)),
        return_exceptions=True,
    )
    assert sorted(type(r).__name__ for r in results) == [SlugTaken.__name__] * 5 + ["UUID"]

    # Names alone never refuse anybody.
    made = await asyncio.gather(
        *(create(staff, CreateProduct(name="Twin", variants=[variant(f"T{n}")])) for n in range(6))
    )
    assert len(set(made)) == 6


async def test_the_database_refuses_twins_that_two_editors_make(shop):
    """Both see a product without red; the version guards the aggregate, the index guards what goes around it."""
    product_id = await shop.product("Shirt", variant("A", size="M", colour="red"))
    add = EditVariant(sku="B", price=variant("B").price, options={"colour": "blue", "size": "M"})
    other = msgspec.structs.replace(add, sku="C")
    edit = shop.catalog.edit_product()
    results = await asyncio.gather(
        edit(Actor.system(), product_id, EditProduct(variants=[add])),
        edit(Actor.system(), product_id, EditProduct(variants=[other])),
        return_exceptions=True,
    )
    assert [type(r) for r in results if r is not None] in ([StaleVersion], [SameOptions])
    async with shop.catalog.uow() as uow:
        held = await uow.products.get(product_id)
        twin = msgspec.structs.replace(held.variants[0], id=held.id, sku="D", options={"colour": "red", "size": "M"})
        held.variants.append(twin)
        with pytest.raises(SameOptions):
            await uow.products.save(held)


async def test_editors_that_exchange_skus_do_not_block_each_other_for_ever(shop):
    product_id = await shop.product("Shirt", variant("A", size="M"), variant("B", size="L"))
    async with shop.catalog.uow() as uow:
        first, second = (held.id for held in (await uow.products.get(product_id)).variants)
    edit = shop.catalog.edit_product()

    async def exchange(number: int) -> None:
        skus = ("A", "B") if number % 2 else ("B", "A")
        named = zip((first, second), skus, strict=True)
        await edit(Actor.system(), product_id, EditProduct(variants=[EditVariant(id=id, sku=sku) for id, sku in named]))

    async def weigh(number: int) -> None:
        both = (second, first) if number % 2 else (first, second)
        await edit(
            Actor.system(), product_id, EditProduct(variants=[EditVariant(id=id, weight_grams=number) for id in both])
        )

    results = await asyncio.gather(*(work(n) for n in range(8) for work in (exchange, weigh)), return_exceptions=True)
    assert {type(result) for result in results} <= {type(None), StaleVersion}
    assert None in results
    async with shop.catalog.uow() as uow:
        assert {held.sku for held in (await uow.products.get(product_id)).variants} == {"A", "B"}


async def test_two_imports_and_staff_at_once(shop):
    await shop.category("Home")
    content = [
        msgspec.json.encode(
            {
                "id": f"{n}",
                "name": f"Lamp {n}",
                "category": ["Home", f"C{n % 3}"],
                "brand": f"B{n % 4}",
                "price": 1,
                "currency": "USD",
            }
        )
        for n in range(60)
    ]

    async def bring_in(part: list[bytes]) -> None:
        handler = ImportCatalogueHandler(shop.catalog.uow, shop.clock, rows=10)
        run = await handler.run_for(str(len(part)), "file")
        async with aclosing(handler.batches(run, io.BytesIO(b"\n".join(part)))) as batches:
            async for batch in batches:
                assert batch.problems == []

    async def stir() -> None:
        home = (await shop.queries.category("home")).id
        for n in range(5):
            await shop.catalog.edit_category()(Actor.system(), home, EditCategory(name=f"Home {n}"))
            await shop.category(f"C{n}")

    await asyncio.gather(bring_in(content), bring_in(content[:40]), stir())
    assert len(await shop.names(limit=100)) == 60
    tree = {node.slug: node for node in await shop.queries.category_tree()}
    assert len(tree["home"].children) <= 3 + 3
    assert await rows(shop, MISPLACED) == []
    assert await rows(shop, MISLISTED) == []
