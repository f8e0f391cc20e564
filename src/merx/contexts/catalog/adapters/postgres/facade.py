"""CatalogApi on PostgreSQL. Variant look-ups of one instant travel together."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from merx.contexts.catalog.api import Attribute, CategoryRef, ProductDocument, SellableVariant, VariantDocument
from merx.infra.batching import BatchLoader
from merx.infra.postgres import Reader, compiled
from merx.kernel.money import Money

_VARIANTS = compiled(
    """
    select v.id, v.product_id, p.name, p.slug, v.sku, v.options, v.price_amount, v.price_currency,
           v.active and p.status = 'active', coalesce(a.available, 0), v.weight_grams
      from catalog.variant v
      join catalog.product p on p.id = v.product_id
      left join catalog.availability a on a.variant_id = v.id
     where v.id = any(cast(:ids as uuid[]))
    """
)

_DOCUMENT_COLUMNS = """
    select p.id, p.version, l.product_id is not null as visible, p.slug, p.name, b.name as brand, b.slug as brand_slug,
           c.trail, p.description, p.model, p.external_id, p.attributes, p.created_at,
           (select json_agg(json_build_object('variant_id', v.id, 'sku', v.sku, 'options', v.options, 'price',
                    json_build_object('amount', v.price_amount, 'currency', v.price_currency),
                    'available', coalesce(a.available, 0), 'barcodes', v.barcodes) order by v.position)
              from catalog.variant v left join catalog.availability a on a.variant_id = v.id
             where v.product_id = p.id and v.active) as variants
      from catalog.product p
      left join catalog.listing l on l.product_id = p.id
      left join catalog.brand b on b.id = p.brand_id
      left join catalog.category c on c.id = p.category_id
"""
_DOCUMENTS = compiled(_DOCUMENT_COLUMNS + " where p.id = any(cast(:ids as uuid[]))")
_EXPORT = compiled(
    _DOCUMENT_COLUMNS + " where l.product_id is not null and p.id > :after order by p.id limit cast(:limit as int)"
)

_options = msgspec.json.Decoder(dict[str, str])
_attributes = msgspec.json.Decoder(dict[str, Attribute])
_trail = msgspec.json.Decoder(list[CategoryRef])
_variants = msgspec.json.Decoder(list[VariantDocument])
_FIRST = UUID(int=0)


def _sellable(row: asyncpg.Record) -> SellableVariant:
    return SellableVariant(
        row[0], row[1], row[2], row[3], row[4], _options.decode(row[5]), Money(row[6], row[7]), row[8], row[9], row[10]
    )


def _document(row: asyncpg.Record) -> ProductDocument:
    return ProductDocument(
        product_id=row["id"],
        version=row["version"],
        visible=row["visible"],
        slug=row["slug"],
        name=row["name"],
        brand=row["brand"] or "",
        brand_slug=row["brand_slug"] or "",
        categories=_trail.decode(row["trail"]) if row["trail"] else [],
        description=row["description"],
        model=row["model"],
        external_id=row["external_id"] or "",
        attributes=_attributes.decode(row["attributes"]),
        variants=_variants.decode(row["variants"]) if row["variants"] else [],
        created_at=row["created_at"],
    )


class PostgresCatalog:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._loader: BatchLoader[UUID, SellableVariant] = BatchLoader(self._load)

    async def _load(self, ids: list[UUID]) -> dict[UUID, SellableVariant]:
        return {row[0]: _sellable(row) for row in await self._reader.fetch(_VARIANTS, ids=ids)}

    async def variants(self, ids: Sequence[UUID]) -> dict[UUID, SellableVariant]:
        return await self._loader.get_many(ids) if ids else {}

    async def documents(self, product_ids: Sequence[UUID]) -> list[ProductDocument]:
        return [_document(row) for row in await self._reader.fetch(_DOCUMENTS, ids=list(product_ids))]

    async def export(self, after: UUID | None, limit: int) -> list[ProductDocument]:
        return [_document(row) for row in await self._reader.fetch(_EXPORT, after=after or _FIRST, limit=limit)]
