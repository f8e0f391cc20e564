"""Lists of products: a statement for each combination of filters, built once and kept."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import BigInteger, ColumnElement, Text, Uuid, bindparam, cast, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from merx.contexts.catalog.adapters.postgres.rows import ListingCategoryRow, ListingRow, ProductRow
from merx.contexts.catalog.ports.queries import ListFilter, ProductSummary, Sort
from merx.infra.postgres import Compiled, Reader, compiled, json_text
from merx.kernel.money import Money
from merx.kernel.paging import InvalidCursor, Page, decode_cursor, encode_cursor

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
)


@lru_cache(maxsize=512)
def _statement(shape: tuple[bool, bool, bool, bool, bool, bool, bool, Sort, bool]) -> Compiled:
    in_category, of_brand, price_min, price_max, currency, stock, attributes, sort, after = shape
    query = select(*_COLUMNS)
    # Sorting by the columns of the category table lets one index give the page in order.
    created_at, price, product_id = _L.created_at, _L.price_min, _L.product_id
    if in_category:
        query = query.join(ListingCategoryRow, _IN.product_id == _L.product_id)
        query = query.where(_IN.category_id == bindparam("category_id", type_=Uuid))
        created_at, price, product_id = _IN.created_at, _IN.price_min, _IN.product_id
    if of_brand:
        query = query.where(_L.brand_id == bindparam("brand_id", type_=Uuid))
    if price_min:
        query = query.where(price >= bindparam("price_min", type_=BigInteger))
    if price_max:
        query = query.where(price <= bindparam("price_max", type_=BigInteger))
    if currency:
        query = query.where(_L.currency == bindparam("currency", type_=Text))
    if stock:
        query = query.where((_L.available > 0) == bindparam("in_stock"))
    if attributes:
        query = query.join(ProductRow, _P.id == _L.product_id)
        query = query.where(cast(_P.attributes, JSONB).op("@>")(cast(bindparam("attributes", type_=Text), JSONB)))
    key: ColumnElement[Any]
    if sort is Sort.newest:
        key, given, down = created_at, bindparam("key", type_=TIMESTAMP(timezone=True)), True
    elif sort is Sort.name:
        key, given, down = _L.name, bindparam("key", type_=Text), False
    else:
        key, given, down = price, bindparam("key", type_=BigInteger), sort is Sort.price_desc
    if after:
        last = tuple_(given, bindparam("last_id", type_=Uuid))
        query = query.where(tuple_(key, product_id) < last if down else tuple_(key, product_id) > last)
    order = (key.desc(), product_id.desc()) if down else (key, product_id)
    return compiled(query.order_by(*order).limit(bindparam("limit", type_=BigInteger)))


def summary(row: asyncpg.Record) -> ProductSummary:
    currency = row[7]
    return ProductSummary(
        row[0], row[1], row[2], row[3], row[4], Money(row[5], currency), Money(row[6], currency), row[8] > 0, row[9]
    )


def _cursor_key(wanted: ListFilter) -> dict[str, Any]:
    if wanted.after is None:
        return {}
    key, last = decode_cursor(wanted.after, 2)
    try:
        value: Any = key
        if wanted.sort is Sort.newest:
            value = datetime.fromisoformat(str(key))
            if value.tzinfo is None:
                raise ValueError("naive")
        elif wanted.sort is Sort.name:
            value = str(key)
        elif not isinstance(key, int):
            raise TypeError("price")
        return {"key": value, "last_id": UUID(str(last))}
    except (TypeError, ValueError, OverflowError):
        raise InvalidCursor("use the `next` value of the page before") from None


async def list_products(reader: Reader, wanted: ListFilter) -> Page[ProductSummary]:
    shape = (
        wanted.category_id is not None,
        wanted.brand_id is not None,
        wanted.price_min is not None,
        wanted.price_max is not None,
        wanted.currency is not None,
        wanted.in_stock is not None,
        bool(wanted.attributes),
        wanted.sort,
        wanted.after is not None,
    )
    rows = await reader.fetch(
        _statement(shape),
        category_id=wanted.category_id,
        brand_id=wanted.brand_id,
        price_min=wanted.price_min,
        price_max=wanted.price_max,
        currency=wanted.currency,
        in_stock=wanted.in_stock,
        attributes=json_text(dict(wanted.attributes)),
        limit=wanted.limit + 1,
        **_cursor_key(wanted),
    )
    items = [summary(row) for row in rows[: wanted.limit]]
    following = None
    if len(rows) > wanted.limit:
        last = rows[wanted.limit - 1]
        key = {Sort.newest: last[10].isoformat(), Sort.name: last[2]}.get(wanted.sort, last[5])
        following = encode_cursor(key, str(last[0]))
    return Page(items, following)
