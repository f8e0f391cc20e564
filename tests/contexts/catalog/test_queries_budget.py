"""How many round trips each read costs; a new one here is a decision."""

import pytest

from merx.contexts.catalog.domain.errors import ProductNotFound
from merx.contexts.catalog.ports.queries import ListFilter
from merx.contexts.catalog.usecases.commands import EditProduct
from merx.infra.postgres import Reader
from merx.kernel.actor import Actor
from tests.contexts.catalog.conftest import Shop, variant

pytestmark = pytest.mark.services


class Counted(Reader):
    """Reads through another reader and counts."""

    def __init__(self, inner: Reader) -> None:
        self._inner = inner
        self.count = 0

    async def _run(self, method, sql, arguments):
        self.count += 1
        return await self._inner._run(method, sql, arguments)


@pytest.fixture
def counted(postgres_shop: Shop) -> Counted:
    from merx.contexts.catalog.adapters.postgres import PostgresCatalog, PostgresCatalogQueries

    counted = Counted(postgres_shop.app.database.reader)
    counted.queries = PostgresCatalogQueries(counted)
    counted.api = PostgresCatalog(counted)
    return counted


async def test_reads(postgres_shop, counted):
    shop = postgres_shop
    home = await shop.category("Home")
    lamps = await shop.category("Lamps", home)
    brand = await shop.brand("Acme")
    variants = [variant(f"V{n}", n=str(n)) for n in range(8)]
    product_id = await shop.product("Lamp", *variants, category_id=lamps, brand_id=brand, attributes={"w": 60})
    await shop.catalog.edit_product()(Actor.system(), product_id, EditProduct(slug="torch"))
    ids = [v.id for v in (await shop.detail(product_id)).variants]
    queries, api = counted.queries, counted.api
    budget = {
        "product by id": (lambda: queries.product(str(product_id)), 1),
        "product by slug": (lambda: queries.product("torch"), 1),
        "product by old slug": (lambda: queries.product("lamp"), 2),
        "list": (lambda: queries.products(ListFilter()), 1),
        "list of a category by slug": (lambda: queries.products(ListFilter(category="home")), 1),
        "list with everything": (
            lambda: queries.products(
                ListFilter(category="home", brand="acme", price_min=1, attributes=(("w", "60"),), in_stock=False)
            ),
            2,
        ),
        "empty list": (lambda: queries.products(ListFilter(category="home", brand="acme", in_stock=True)), 3),
        "tree": (queries.category_tree, 1),
        "category": (lambda: queries.category("home"), 1),
        "brand": (lambda: queries.brand("acme"), 1),
        "brands": (lambda: queries.brands(20, None), 1),
        "staff product": (lambda: queries.staff_product(product_id), 1),
        "variants of a cart": (lambda: api.variants(ids), 1),
        "documents": (lambda: api.documents([product_id]), 1),
        "export": (lambda: api.export(None, 10), 1),
    }
    spent = {}
    for name, (read, _) in budget.items():
        before = counted.count
        await read()
        spent[name] = counted.count - before
    assert spent == {name: allowed for name, (_, allowed) in budget.items()}


async def test_what_no_slug_can_be_costs_nothing(counted):
    for key in ("", "No Slug", "x" * 500, "a/b"):
        with pytest.raises(ProductNotFound):
            await counted.queries.product(key)
    assert counted.count == 0


async def test_carts_of_one_moment_share_their_lookups(postgres_shop, counted):
    import asyncio

    shop = postgres_shop
    ids = []
    for n in range(10):
        product_id = await shop.product(f"Lamp {n}", variant(f"A{n}", n="1"), variant(f"B{n}", n="2"))
        ids += [v.id for v in (await shop.detail(product_id)).variants]
    carts = [ids[n : n + 5] for n in range(15)]
    answers = await asyncio.gather(*(counted.api.variants(cart) for cart in carts))
    assert [set(answer) for answer in answers] == [set(cart) for cart in carts]
    assert counted.count <= 3
