"""Products, categories, brands; search."""

from typing import Any

from tests.matrix.entry import Entries, Entry, Recipe, asks, at, sends

_PRODUCTS = "/api/v1/products"
_CATEGORIES = "/api/v1/categories"
_BRANDS = "/api/v1/brands"
_SEARCH = "/api/v1/search"
_NEW_PRODUCT = {"name": "New", "variants": [{"sku": "N-1", "price": {"amount": 1, "currency": "USD"}}]}


def _of(thing: str, parameter: str, body: Any = None) -> Recipe:
    return lambda shop, _: at(body, **{parameter: shop.catalogue[thing]})


async def _archived(shop: Any, _: Any) -> Any:
    await shop.call("POST", f"/products/{shop.catalogue['draft']}/archive")
    return at(product_id=shop.catalogue["draft"])


ENTRIES: Entries = {
    f"GET {_PRODUCTS}": Entry(),
    f"GET {_PRODUCTS}/{{id_or_slug}}": Entry(_of("product", "id_or_slug")),
    f"GET {_PRODUCTS}/{{id_or_slug}}/variants": Entry(_of("product", "id_or_slug")),
    f"POST {_PRODUCTS}": Entry(sends(_NEW_PRODUCT)),
    f"GET {_PRODUCTS}/{{product_id}}/edit": Entry(_of("draft", "product_id")),
    f"PATCH {_PRODUCTS}/{{product_id}}": Entry(_of("draft", "product_id", {"name": "Renamed"})),
    f"POST {_PRODUCTS}/{{product_id}}/publish": Entry(_of("draft", "product_id")),
    f"POST {_PRODUCTS}/{{product_id}}/archive": Entry(_of("draft", "product_id")),
    f"POST {_PRODUCTS}/{{product_id}}/restore": Entry(_archived),
    f"GET {_CATEGORIES}": Entry(),
    f"GET {_CATEGORIES}/{{id_or_slug}}": Entry(_of("category", "id_or_slug")),
    f"GET {_CATEGORIES}/{{id_or_slug}}/products": Entry(_of("category", "id_or_slug")),
    f"POST {_CATEGORIES}": Entry(sends({"name": "New"})),
    f"GET {_CATEGORIES}/{{category_id}}/edit": Entry(_of("category", "category_id")),
    f"PATCH {_CATEGORIES}/{{category_id}}": Entry(_of("category", "category_id", {"name": "Renamed"})),
    f"POST {_CATEGORIES}/{{category_id}}/move": Entry(
        lambda shop, _: at({"parent_id": shop.catalogue["category"]}, category_id=shop.catalogue["empty_category"])
    ),
    f"DELETE {_CATEGORIES}/{{category_id}}": Entry(_of("empty_category", "category_id")),
    f"GET {_BRANDS}": Entry(),
    f"GET {_BRANDS}/{{id_or_slug}}": Entry(_of("brand", "id_or_slug")),
    f"GET {_BRANDS}/{{id_or_slug}}/products": Entry(_of("brand", "id_or_slug")),
    f"POST {_BRANDS}": Entry(sends({"name": "New"})),
    f"GET {_BRANDS}/{{brand_id}}/edit": Entry(_of("brand", "brand_id")),
    f"PATCH {_BRANDS}/{{brand_id}}": Entry(_of("brand", "brand_id", {"name": "Renamed"})),
    f"GET {_SEARCH}/products": Entry(asks(q="lamp")),
    f"GET {_SEARCH}/suggest": Entry(asks(q="la")),
    f"POST {_SEARCH}/reindex": Entry(),
}
