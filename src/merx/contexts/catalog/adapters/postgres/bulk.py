"""Imports go in set-wise: a few statements a batch, rows travelling as parallel arrays."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from merx.contexts.catalog.adapters.postgres.storefront import PostgresStorefront
from merx.contexts.catalog.adapters.postgres.taxonomy import ImportedTaxonomy
from merx.contexts.catalog.domain.errors import SameOptions, SkuTaken, SlugTaken
from merx.contexts.catalog.ports.repositories import BulkResult, ImportedProduct, ImportRun
from merx.infra.postgres import PostgresTx, compiled, json_text
from merx.kernel.errors import Conflict

_CONFLICTS: dict[str, type[Conflict]] = {"uq_variant_sku": SkuTaken, "uq_variant_options": SameOptions}

# Two imports at once would race for the same brands and categories; the second waits for the first's batch.
_ONE_AT_A_TIME = compiled("select pg_advisory_xact_lock(hashtext('catalog.bulk'))")

_KNOWN = compiled(
    "select external_id, id, import_digest from catalog.product where external_id = any(cast(:ids as text[]))"
)
_OWNERS = compiled(
    """
    select v.sku, p.external_id from catalog.variant v join catalog.product p on p.id = v.product_id
     where v.sku = any(cast(:skus as text[]))
    """
)
_TAKEN = compiled("select slug from catalog.product where slug = any(cast(:slugs as text[]))")
_PRODUCTS = compiled(
    """
    insert into catalog.product as p (id, version, slug, name, brand_id, category_id, description, model, external_id,
                                      import_digest, attributes, status, created_at, updated_at)
    select x.id, 1, x.slug, x.name, x.brand_id, x.category_id, x.description, x.model, x.external_id, x.digest,
           x.attributes, 'active', x.created_at, :now
      from unnest(cast(:ids as uuid[]), cast(:slugs as text[]), cast(:names as text[]), cast(:brands as uuid[]),
                  cast(:categories as uuid[]), cast(:descriptions as text[]), cast(:models as text[]),
                  cast(:external_ids as text[]), cast(:digests as text[]), cast(:attributes as jsonb[]),
                  cast(:created as timestamptz[]))
           as x(id, slug, name, brand_id, category_id, description, model, external_id, digest, attributes, created_at)
    on conflict (external_id) do update set
       version = p.version + 1, name = excluded.name, brand_id = excluded.brand_id,
       category_id = excluded.category_id, description = excluded.description, model = excluded.model,
       import_digest = excluded.import_digest, attributes = excluded.attributes, updated_at = excluded.updated_at,
       status = case when p.status = 'archived' then p.status else excluded.status end
    returning p.id, p.external_id
    """
)
# Before the upsert: what changes its options must not meet, half-way, another that still has them.
_RETIRE = compiled(
    """
    update catalog.variant v set active = false
     where v.product_id = any(cast(:products as uuid[])) and v.active
       and not exists (select 1
                         from unnest(cast(:skus as text[]), cast(:options as jsonb[])) as x(sku, options)
                        where x.sku = v.sku and x.options = v.options)
    """
)
_VARIANTS = compiled(
    """
    insert into catalog.variant as v (id, product_id, position, sku, options, barcodes, price_amount, price_currency,
                                      weight_grams, active)
    select x.id, x.product_id, x.position, x.sku, x.options, cast(x.barcodes as text[]), x.amount, x.currency, 0, true
      from unnest(cast(:ids as uuid[]), cast(:products as uuid[]), cast(:positions as int[]), cast(:skus as text[]),
                  cast(:options as jsonb[]), cast(:barcodes as text[]), cast(:amounts as bigint[]),
                  cast(:currencies as text[]))
           as x(id, product_id, position, sku, options, barcodes, amount, currency)
    on conflict (sku) do update set
       position = excluded.position, options = excluded.options, barcodes = excluded.barcodes,
       price_amount = excluded.price_amount, price_currency = excluded.price_currency, active = true
     where v.product_id = excluded.product_id
    """
)
# Variants of staff's own making come after those of the feed.
_LATER = compiled(
    """
    update catalog.variant v set position = v.position + x.count
      from (select product_id, count(*) as count from catalog.variant
             where sku = any(cast(:skus as text[])) group by 1) x
     where v.product_id = x.product_id and not v.sku = any(cast(:skus as text[])) and v.position < x.count
    """
)
# What the shop itself says of a price needs no second person, and the next change is measured by it.
_FORGET_STEPS = compiled(
    """
    delete from catalog.price_step s using catalog.variant v
     where v.id = s.variant_id and v.product_id = any(cast(:products as uuid[]))
    """
)
_VARIANT_IDS = compiled("select sku, id from catalog.variant where sku = any(cast(:skus as text[]))")


class PostgresBulk:
    def __init__(self, tx: PostgresTx, storefront: PostgresStorefront) -> None:
        self._tx = tx
        self._storefront = storefront

    async def upsert(self, products: Sequence[ImportedProduct], now: datetime) -> BulkResult:
        await self._tx.fetch(_ONE_AT_A_TIME)
        await self._storefront.hold_taxonomy()
        good, refused = await self._split_by_sku(products)
        rows = await self._tx.fetch(_KNOWN, ids=[product.external_id for product in good])
        digests = {row[0]: row[2] for row in rows}
        changed = [product for product in good if digests.get(product.external_id) != product.digest]
        written: list[UUID] = []
        if changed:
            try:
                written = await self._write(changed, digests.keys(), now)
            except asyncpg.UniqueViolationError as error:
                raise _CONFLICTS.get(error.constraint_name or "", SlugTaken) from error
            await self._storefront.refresh(written)
        skus = [variant.sku for product in good for variant in product.variants]
        ids = {row[0]: row[1] for row in await self._tx.fetch(_VARIANT_IDS, skus=skus)}
        return BulkResult(written, len(good) - len(changed), ids, refused)

    async def _split_by_sku(self, products: Sequence[ImportedProduct]) -> tuple[list[ImportedProduct], dict[str, str]]:
        """A SKU that belongs to another product refuses the row, never moves the variant."""
        skus = [variant.sku for product in products for variant in product.variants]
        owners = {row[0]: row[1] for row in await self._tx.fetch(_OWNERS, skus=skus)}
        good, refused = [], {}
        for product in products:
            foreign = [v.sku for v in product.variants if owners.get(v.sku, product.external_id) != product.external_id]
            if foreign:
                refused[product.external_id] = f"SKU {foreign[0]} belongs to another product"
            else:
                good.append(product)
        return good, refused

    async def _write(self, products: list[ImportedProduct], known: Iterable[str], now: datetime) -> list[UUID]:
        taxonomy = ImportedTaxonomy(self._tx)
        brands = await taxonomy.brands({product.brand for product in products if product.brand})
        categories = await taxonomy.categories(tuple(product.category) for product in products)
        stored = await self._tx.fetch(
            _PRODUCTS,
            now=now,
            ids=[product.id for product in products],
            slugs=await self._slugs(products, set(known)),
            names=[product.name for product in products],
            brands=[brands.get(product.brand) for product in products],
            categories=[categories[tuple(product.category)] for product in products],
            descriptions=[product.description for product in products],
            models=[product.model for product in products],
            external_ids=[product.external_id for product in products],
            digests=[product.digest for product in products],
            attributes=[json_text(product.attributes) for product in products],
            created=[product.created_at for product in products],
        )
        ids = {row[1]: row[0] for row in stored}
        await self._write_variants(products, ids, existing=bool(ids.keys() & known))
        return list(ids.values())

    async def _write_variants(self, products: list[ImportedProduct], ids: dict[str, UUID], *, existing: bool) -> None:
        pairs = [(ids[product.external_id], variant) for product in products for variant in product.variants]
        columns: dict[str, list[Any]] = {
            "products": [product_id for product_id, _ in pairs],
            "skus": [variant.sku for _, variant in pairs],
            "options": [json_text(variant.options) for _, variant in pairs],
        }
        if existing:
            await self._tx.execute(_RETIRE, **columns | {"products": list(ids.values())})
        await self._tx.execute(
            _VARIANTS,
            **columns,
            ids=[variant.id for _, variant in pairs],
            positions=[variant.position for _, variant in pairs],
            # Digits only, so the array can be written as it is.
            barcodes=["{" + ",".join(variant.barcodes) + "}" for _, variant in pairs],
            amounts=[variant.price_amount for _, variant in pairs],
            currencies=[variant.price_currency for _, variant in pairs],
        )
        if existing:
            await self._tx.execute(_LATER, skus=columns["skus"])
            await self._tx.execute(_FORGET_STEPS, products=list(ids.values()))

    async def _slugs(self, products: list[ImportedProduct], known: set[str]) -> list[str]:
        """The proposed slug of each product; ids that differ only in what a slug drops get an ending of their own."""
        wanted = [product.slug for product in products if product.external_id not in known]
        taken = {row[0] for row in await self._tx.fetch(_TAKEN, slugs=wanted)}
        slugs = []
        for product in products:
            slug = product.slug
            if product.external_id not in known:
                if slug in taken:
                    slug = f"{slug}-{product.id.hex[-8:]}"
                taken.add(slug)
            slugs.append(slug)
        return slugs


_RUN = compiled(
    "select id, digest, name, lines_done, products, refused, finished from catalog.import_run where digest = :digest"
)
_PUT_RUN = compiled(
    """
    insert into catalog.import_run (id, digest, name, lines_done, products, refused, finished)
    values (:id, :digest, :name, :lines_done, :products, :refused, :finished)
    on conflict (digest) do update set lines_done = excluded.lines_done, products = excluded.products,
       refused = excluded.refused, finished = excluded.finished
    """
)


class PostgresImportRuns:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def of(self, digest: str) -> ImportRun | None:
        row = await self._tx.fetchrow(_RUN, digest=digest)
        return None if row is None else msgspec.convert(dict(row), ImportRun)

    async def put(self, run: ImportRun) -> None:
        await self._tx.execute(_PUT_RUN, **msgspec.structs.asdict(run))
