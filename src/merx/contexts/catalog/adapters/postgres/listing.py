"""Lists of products: a statement for each combination of filters, built once and kept."""

from functools import lru_cache
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Text,
    Uuid,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from merx.contexts.catalog.adapters.postgres.rows import (
    BrandRow,
    CategoryRow,
    ListingCategoryRow,
    ListingRow,
    ProductRow,
)
from merx.contexts.catalog.domain.errors import BrandNotFound, CategoryNotFound
from merx.contexts.catalog.domain.product import readings
from merx.contexts.catalog.ports.keys import id_or_slug, list_cursor, next_cursor
from merx.contexts.catalog.ports.queries import ListFilter, ProductSummary, Sort
from merx.infra.postgres import Compiled, Reader, compiled, json_text
from merx.kernel.money import Money
from merx.kernel.paging import Page

_L = ListingRow.__table__.c
_IN = ListingCategoryRow.__table__.c
_P = ProductRow.__table__.c

_COLUMNS = (
    _L.product_id,
    _L.slug,
    _L.name,
    _L.brand_name,
    _L.brand_slug,
    _L.price_min,
    _L.price_max,
    _L.currency,
    _L.available,
    _L.variant_count,
    _L.created_at,
    _L.name_key,
)
_HAS_CATEGORY = {
    UUID: compiled("select 1 from catalog.category where id = :key"),
    str: compiled("select 1 from catalog.category where slug = :key"),
}
_HAS_BRAND = {
    UUID: compiled("select 1 from catalog.brand where id = :key"),
    str: compiled("select 1 from catalog.brand where slug = :key"),
}

# How a category or brand is named: not at all, by id, by slug.
_Kind = type[UUID] | type[str] | None
_Shape = tuple[_Kind, _Kind, bool, bool, bool, bool, tuple[int, ...], bool, Sort, bool]

# The planner cannot know how many products have an attribute. Few are found by its index and then put in order; when
# there are many, walking through the list in its order soon meets a page of them.
FEW = 2000


def _named(kind: _Kind, row: type[CategoryRow] | type[BrandRow], name: str) -> ColumnElement[UUID]:
    """The id behind a key. Looked up in the same statement: a list costs one round trip."""
    if kind is UUID:
        return bindparam(name, type_=Uuid())
    return select(row.id).where(row.slug == bindparam(name, type_=Text())).scalar_subquery()


def _have(attributes: tuple[int, ...]) -> list[ColumnElement[bool]]:
    """Conditions on the parameters a0_0, a0_1 …: attribute 0 in either of its readings."""
    conditions = []
    for number, count in enumerate(attributes):
        readings_of = (bindparam(f"a{number}_{i}", type_=JSONB()) for i in range(count))
        conditions.append(or_(*(_P.attributes.op("@>")(reading) for reading in readings_of)))
    return conditions


@lru_cache(maxsize=64)
def _are_many(attributes: tuple[int, ...]) -> Compiled:
    one_more = select(_P.id).where(*_have(attributes)).limit(FEW + 1).subquery()
    return compiled(select(func.count() > FEW).select_from(one_more))


@lru_cache(maxsize=512)
def _statement(shape: _Shape) -> Compiled:
    category, brand, price_min, price_max, currency, stock, attributes, rare, sort, after = shape
    query = select(*_COLUMNS)
    # Sorting by the columns of the category table lets one index give the page in order.
    keys: Any = _L
    if category:
        query = query.join(ListingCategoryRow, _IN.product_id == _L.product_id)
        query = query.where(_IN.category_id == _named(category, CategoryRow, "category"))
        keys = _IN
    if brand:
        query = query.where(_L.brand_id == _named(brand, BrandRow, "brand"))
    if price_min:
        query = query.where(keys.price_min >= bindparam("price_min", type_=BigInteger()))
    if price_max:
        query = query.where(keys.price_min <= bindparam("price_max", type_=BigInteger()))
    if currency:
        query = query.where(_L.currency == bindparam("currency", type_=Text()))
    if stock:
        query = query.where((_L.available > 0) == bindparam("in_stock", type_=Boolean()))
    if attributes:
        if rare:
            found = select(_P.id).where(*_have(attributes)).cte("found").prefix_with("materialized")
            query = query.join(found, found.c.id == keys.product_id)
        else:
            query = query.join(ProductRow, _P.id == keys.product_id).where(*_have(attributes))
    key, given, down = _order(sort, keys)
    if after:
        last = tuple_(given, bindparam("last_id", type_=Uuid()))
        query = query.where(tuple_(key, keys.product_id) < last if down else tuple_(key, keys.product_id) > last)
    order = (key.desc(), keys.product_id.desc()) if down else (key, keys.product_id)
    return compiled(query.order_by(*order).limit(bindparam("limit", type_=BigInteger())))


def _order(sort: Sort, keys: Any) -> tuple[Any, BindParameter[Any], bool]:
    """Column, the parameter it is compared with after a cursor, and whether the order is descending."""
    match sort:
        case Sort.newest:
            return keys.created_at, bindparam("key", type_=TIMESTAMP(timezone=True)), True
        case Sort.name:
            return keys.name_key, bindparam("key", type_=Text()), False
        case Sort.price | Sort.price_desc:
            return keys.price_min, bindparam("key", type_=BigInteger()), sort is Sort.price_desc


def _summary(row: asyncpg.Record) -> ProductSummary:
    currency = row[7]
    return ProductSummary(
        row[0], row[1], row[2], row[3], row[4], Money(row[5], currency), Money(row[6], currency), row[8] > 0, row[9]
    )


async def list_products(reader: Reader, wanted: ListFilter) -> Page[ProductSummary]:
    category = None if wanted.category is None else id_or_slug(wanted.category)
    brand = None if wanted.brand is None else id_or_slug(wanted.brand)
    if wanted.category is not None and category is None:
        raise CategoryNotFound
    if wanted.brand is not None and brand is None:
        raise BrandNotFound
    alternatives = [[json_text({name: value}) for value in readings(text)] for name, text in wanted.attributes]
    named = {f"a{i}_{j}": text for i, texts in enumerate(alternatives) for j, text in enumerate(texts)}
    counts = tuple(map(len, alternatives))
    rare = bool(named) and not await reader.fetchval(_are_many(counts), **named)
    key = list_cursor(wanted)
    shape: _Shape = (
        type(category) if category else None,
        type(brand) if brand else None,
        wanted.price_min is not None,
        wanted.price_max is not None,
        wanted.currency is not None,
        wanted.in_stock is not None,
        counts,
        rare,
        wanted.sort,
        key is not None,
    )
    rows = await reader.fetch(
        _statement(shape),
        category=category,
        brand=brand,
        price_min=wanted.price_min,
        price_max=wanted.price_max,
        currency=wanted.currency,
        in_stock=wanted.in_stock,
        limit=wanted.limit + 1,
        **({} if key is None else {"key": key[0], "last_id": key[1]}),
        **named,
    )
    if not rows:
        await _check_filters(reader, category, brand)
    items = [_summary(row) for row in rows[: wanted.limit]]
    following = None
    if len(rows) > wanted.limit:
        last = rows[wanted.limit - 1]
        sort_key = {Sort.newest: last[10], Sort.name: last[11]}.get(wanted.sort, last[5])
        following = next_cursor(sort_key, last[0])
    return Page(items, following)


async def _check_filters(reader: Reader, category: UUID | str | None, brand: UUID | str | None) -> None:
    """Nothing found: because there is nothing, or because the filter names nothing?"""
    if category and not await reader.fetchval(_HAS_CATEGORY[type(category)], key=category):
        raise CategoryNotFound
    if brand and not await reader.fetchval(_HAS_BRAND[type(brand)], key=brand):
        raise BrandNotFound
