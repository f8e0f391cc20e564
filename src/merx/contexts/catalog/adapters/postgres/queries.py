"""Screens of the catalogue, read from what is kept for them."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from merx.contexts.catalog.adapters.postgres.listing import list_products
from merx.contexts.catalog.adapters.postgres.rows import ProductRow, VariantRow
from merx.contexts.catalog.domain.errors import BrandNotFound, CategoryNotFound, ProductNotFound
from merx.contexts.catalog.domain.taxonomy import Crumb
from merx.contexts.catalog.ports.keys import brand_cursor, id_or_slug
from merx.contexts.catalog.ports.queries import (
    BrandRef,
    BrandView,
    CategoryDetail,
    CategoryNode,
    ListFilter,
    Moved,
    ProductDetail,
    ProductSummary,
    StaffProduct,
    StaffVariant,
    VariantView,
)
from merx.contexts.catalog.ports.tree import build_tree
from merx.infra.batching import BatchLoader
from merx.infra.postgres import Reader, compiled
from merx.kernel.errors import NotFound
from merx.kernel.money import Money
from merx.kernel.paging import Page, encode_cursor

_P, _V = ProductRow.__table__.c, VariantRow.__table__.c

_DETAIL = """
    select l.product_id, l.slug, l.name, l.brand_id, l.brand_slug, l.brand_name, c.trail, p.description, p.model,
           p.attributes, l.price_min, l.price_max, l.currency, l.available, p.updated_at,
           (select json_agg(json_build_object('id', v.id, 'sku', v.sku, 'options', v.options, 'price',
                    json_build_object('amount', v.price_amount, 'currency', v.price_currency),
                    'available', coalesce(a.available, 0), 'barcodes', v.barcodes) order by v.position)
              from catalog.variant v left join catalog.availability a on a.variant_id = v.id
             where v.product_id = l.product_id and v.active)
      from catalog.listing l
      join catalog.product p on p.id = l.product_id
      left join catalog.category c on c.id = p.category_id
"""
_BY_ID = compiled(_DETAIL + " where l.product_id = any(cast(:keys as uuid[]))")
_BY_SLUG = compiled(_DETAIL + " where l.slug = any(cast(:keys as text[]))")

_MOVED = {
    "product": compiled(
        """select l.slug from catalog.slug_history h join catalog.listing l on l.product_id = h.entity_id
            where h.kind = 'product' and h.slug = :slug"""
    ),
    "category": compiled(
        """select c.slug from catalog.slug_history h join catalog.category c on c.id = h.entity_id
            where h.kind = 'category' and h.slug = :slug"""
    ),
    "brand": compiled(
        """select b.slug from catalog.slug_history h join catalog.brand b on b.id = h.entity_id
            where h.kind = 'brand' and h.slug = :slug"""
    ),
}
_TREE = compiled(
    """
    select id, slug, name, product_count, parent_id from catalog.category
     order by position, left(lower(name collate "C"), 60), id
    """
)
# The category and what is directly below it.
_CATEGORY = """
    with wanted as materialized (select id from catalog.category where {} = :key)
    select c.id, c.slug, c.name, c.product_count, c.parent_id, c.trail, c.version, c.id = w.id
      from wanted w join catalog.category c on c.id = w.id or c.parent_id = w.id
     order by c.position, left(lower(c.name collate "C"), 60), c.id
"""
_CATEGORY_BY = {UUID: compiled(_CATEGORY.format("id")), str: compiled(_CATEGORY.format("slug"))}
_BRAND = "select id, slug, name, product_count, version from catalog.brand"
_BRAND_BY = {UUID: compiled(_BRAND + " where id = :key"), str: compiled(_BRAND + " where slug = :key")}
_BRANDS = compiled(
    """
    select id, slug, name, product_count, version, name_key
      from (select b.*, left(lower(name collate "C"), 60) as name_key from catalog.brand b) x
     where (name_key, id) > (cast(:name_key as text), cast(:last_id as uuid))
     order by name_key, id limit cast(:limit as int)
    """
)
_STAFF_VARIANTS = (
    select(
        func.json_agg(
            aggregate_order_by(
                func.json_build_object(
                    *("id", _V.id, "sku", _V.sku, "options", _V.options, "barcodes", _V.barcodes),
                    *("weight_grams", _V.weight_grams, "active", _V.active),
                    *("price", func.json_build_object("amount", _V.price_amount, "currency", _V.price_currency)),
                ),
                _V.position,
            )
        )
    )
    .where(_V.product_id == _P.id)
    .scalar_subquery()
    .label("variants")
)
# The view names the columns, so a field added to it is read without a change here.
_STAFF = compiled(
    select(*(_STAFF_VARIANTS if name == "variants" else _P[name] for name in StaffProduct.__struct_fields__)).where(
        _P.id == bindparam("id", type_=Uuid)
    )
)

_trail = msgspec.json.Decoder(list[Crumb])
_variants = msgspec.json.Decoder(list[VariantView])
_staff_variants = msgspec.json.Decoder(list[StaffVariant])
_attributes = msgspec.json.Decoder(dict[str, Any])


def _detail(row: asyncpg.Record) -> ProductDetail:
    currency = row[12]
    return ProductDetail(
        row[0],
        row[1],
        row[2],
        None if row[3] is None else BrandRef(row[3], row[4], row[5]),
        _trail.decode(row[6]) if row[6] else [],
        row[7],
        row[8],
        _attributes.decode(row[9]),
        Money(row[10], currency),
        Money(row[11], currency),
        row[13] > 0,
        _variants.decode(row[15]) if row[15] else [],
        row[14],
    )


class PostgresCatalogQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._by_id: BatchLoader[UUID, ProductDetail] = BatchLoader(self._load_by_id)
        self._by_slug: BatchLoader[str, ProductDetail] = BatchLoader(self._load_by_slug)

    async def _load_by_id(self, keys: list[UUID]) -> dict[UUID, ProductDetail]:
        return {row[0]: _detail(row) for row in await self._reader.fetch(_BY_ID, keys=keys)}

    async def _load_by_slug(self, keys: list[str]) -> dict[str, ProductDetail]:
        return {row[1]: _detail(row) for row in await self._reader.fetch(_BY_SLUG, keys=keys)}

    async def _moved(self, kind: str, key: UUID | str | None, missing: type[NotFound]) -> Moved:
        current = await self._reader.fetchval(_MOVED[kind], slug=key) if isinstance(key, str) else None
        if current is None:
            raise missing
        return Moved(current)

    async def product(self, key: str) -> ProductDetail | Moved:
        wanted = id_or_slug(key)
        found = None
        if isinstance(wanted, UUID):
            found = await self._by_id.get(wanted)
        elif wanted:
            found = await self._by_slug.get(wanted)
        return found or await self._moved("product", wanted, ProductNotFound)

    async def products(self, wanted: ListFilter) -> Page[ProductSummary]:
        return await list_products(self._reader, wanted)

    async def category_tree(self) -> list[CategoryNode]:
        return build_tree([(row[0], row[1], row[2], row[3], row[4]) for row in await self._reader.fetch(_TREE)])

    async def category(self, key: str) -> CategoryDetail | Moved:
        wanted = id_or_slug(key)
        rows = await self._reader.fetch(_CATEGORY_BY[type(wanted)], key=wanted) if wanted else []
        below = [CategoryNode(row[0], row[1], row[2], row[3], []) for row in rows if not row[7]]
        for row in rows:
            if row[7]:
                return CategoryDetail(row[0], row[1], row[2], row[3], _trail.decode(row[5]), below, row[6])
        return await self._moved("category", wanted, CategoryNotFound)

    async def brand(self, key: str) -> BrandView | Moved:
        wanted = id_or_slug(key)
        row = await self._reader.fetchrow(_BRAND_BY[type(wanted)], key=wanted) if wanted else None
        return BrandView(*row) if row is not None else await self._moved("brand", wanted, BrandNotFound)

    async def brands(self, limit: int, after: str | None) -> Page[BrandView]:
        name, last = brand_cursor(after) or ("", UUID(int=0))
        rows = await self._reader.fetch(_BRANDS, name_key=name, last_id=last, limit=limit + 1)
        items = [BrandView(*row[:5]) for row in rows[:limit]]
        following = encode_cursor(rows[limit - 1][5], str(items[-1].id)) if len(rows) > limit else None
        return Page(items, following)

    async def staff_product(self, product_id: UUID) -> StaffProduct:
        row = await self._reader.fetchrow(_STAFF, id=product_id)
        if row is None:
            raise ProductNotFound
        variants = _staff_variants.decode(row["variants"] or b"[]")
        return StaffProduct(**{**row, "attributes": _attributes.decode(row["attributes"]), "variants": variants})
