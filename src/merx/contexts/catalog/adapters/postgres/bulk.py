"""Imports go in set-wise: one statement a table and batch, rows travelling as one JSON document."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.contexts.catalog.adapters.postgres.storefront import PostgresStorefront
from merx.contexts.catalog.domain.taxonomy import Crumb
from merx.contexts.catalog.ports.repositories import BulkResult, ImportedProduct, ImportRun
from merx.infra.postgres import PostgresTx, compiled, json_text
from merx.kernel.ids import new_id
from merx.kernel.text import slugify

# Two imports at once would race for the same brands and categories; the second waits for the first's batch.
_ONE_AT_A_TIME = compiled("select pg_advisory_xact_lock(hashtext('catalog.bulk'))")

_BRANDS = compiled(
    """
    insert into catalog.brand (id, version, slug, name)
    select x.id, 1, x.slug, x.name
      from jsonb_to_recordset(cast(:rows as jsonb)) as x(id uuid, slug text, name text)
    on conflict do nothing
    """
)
_BRAND_IDS = compiled("select name, id from catalog.brand where name = any(cast(:names as text[]))")

_CATEGORIES = compiled("select id, parent_id, name, trail from catalog.category")
_ADD_CATEGORY = compiled(
    """
    insert into catalog.category (id, version, slug, name, parent_id, position, trail)
    select :id, 1, case when exists (select 1 from catalog.category where slug = :slug) then :other_slug else :slug end,
           :name, :parent_id, (select count(*) from catalog.category where parent_id is not distinct from :parent_id),
           cast(:parents as jsonb)
    returning slug
    """
)
_SET_TRAIL = compiled("update catalog.category set trail = cast(:trail as jsonb) where id = :id")

_FOREIGN_SKUS = compiled(
    """
    select v.sku, p.external_id from catalog.variant v join catalog.product p on p.id = v.product_id
     where v.sku = any(cast(:skus as text[]))
    """
)
_PRODUCTS = compiled(
    """
    insert into catalog.product as p (id, version, slug, name, brand_id, category_id, description, model, external_id,
                                      attributes, status, created_at, updated_at)
    select x.id, 1, x.slug, x.name, x.brand_id, x.category_id, x.description, x.model, x.external_id, x.attributes,
           'active', x.created_at, :now
      from jsonb_to_recordset(cast(:rows as jsonb)) as x(id uuid, slug text, name text, brand_id uuid,
           category_id uuid, description text, model text, external_id text, attributes jsonb, created_at timestamptz)
    on conflict (external_id) do update set
       version = p.version + 1, name = excluded.name, brand_id = excluded.brand_id,
       category_id = excluded.category_id, description = excluded.description, model = excluded.model,
       attributes = excluded.attributes, status = 'active', updated_at = excluded.updated_at
    returning p.id, p.external_id
    """
)
_VARIANTS = compiled(
    """
    insert into catalog.variant as v (id, product_id, position, sku, options, barcodes, price_amount, price_currency,
                                      weight_grams, active)
    select x.id, x.product_id, x.position, x.sku, x.options,
           array(select jsonb_array_elements_text(x.barcodes)), x.price_amount, x.price_currency, 0, true
      from jsonb_to_recordset(cast(:rows as jsonb)) as x(id uuid, product_id uuid, position int, sku text,
           options jsonb, barcodes jsonb, price_amount bigint, price_currency text)
    on conflict (sku) do update set
       position = excluded.position, options = excluded.options, barcodes = excluded.barcodes,
       price_amount = excluded.price_amount, price_currency = excluded.price_currency, active = true
    returning v.sku, v.id
    """
)
_RETIRE = compiled(
    """
    update catalog.variant set active = false
     where product_id = any(cast(:product_ids as uuid[])) and not (sku = any(cast(:skus as text[]))) and active
    """
)


class _Category(msgspec.Struct):
    id: UUID
    trail: list[Crumb]


_trail = msgspec.json.Decoder(list[Crumb])


class PostgresBulk:
    def __init__(self, tx: PostgresTx, storefront: PostgresStorefront) -> None:
        self._tx = tx
        self._storefront = storefront

    async def upsert(self, products: Sequence[ImportedProduct], now: datetime) -> BulkResult:
        await self._tx.fetch(_ONE_AT_A_TIME)
        brands = await self._brands({product.brand for product in products if product.brand})
        categories = await self._categories({tuple(product.category) for product in products})
        good, refused = await self._split_by_sku(products)
        rows = [
            {
                "id": product.id,
                "slug": product.slug,
                "name": product.name,
                "brand_id": brands.get(product.brand),
                "category_id": categories[tuple(product.category)],
                "description": product.description,
                "model": product.model,
                "external_id": product.external_id,
                "attributes": product.attributes,
                "created_at": product.created_at,
            }
            for product in good
        ]
        stored = await self._tx.fetch(_PRODUCTS, rows=json_text(rows), now=now)
        ids = {row["external_id"]: row["id"] for row in stored}
        variants = [
            {"product_id": ids[product.external_id], **msgspec.to_builtins(variant)}
            for product in good
            for variant in product.variants
        ]
        written = await self._tx.fetch(_VARIANTS, rows=json_text(variants))
        product_ids = list(ids.values())
        await self._tx.execute(_RETIRE, product_ids=product_ids, skus=[variant["sku"] for variant in variants])
        await self._storefront.refresh(product_ids)
        return BulkResult(product_ids, {row["sku"]: row["id"] for row in written}, refused)

    async def _split_by_sku(self, products: Sequence[ImportedProduct]) -> tuple[list[ImportedProduct], dict[str, str]]:
        """A SKU that belongs to another product refuses the row, never moves the variant."""
        skus = [variant.sku for product in products for variant in product.variants]
        owners = {row["sku"]: row["external_id"] for row in await self._tx.fetch(_FOREIGN_SKUS, skus=skus)}
        good, refused = [], {}
        for product in products:
            foreign = [v.sku for v in product.variants if owners.get(v.sku, product.external_id) != product.external_id]
            if foreign:
                refused[product.external_id] = f"SKU {foreign[0]} belongs to another product"
            else:
                good.append(product)
        return good, refused

    async def _brands(self, names: set[str]) -> dict[str, UUID]:
        ordered = sorted(names)
        rows = [
            {"id": brand_id, "slug": slugify(name) or str(brand_id), "name": name}
            for name in ordered
            for brand_id in (new_id(),)
        ]
        await self._tx.execute(_BRANDS, rows=json_text(rows))
        found = {row["name"]: row["id"] for row in await self._tx.fetch(_BRAND_IDS, names=ordered)}
        # Names that differ only in what a slug drops ("3M" and "3-M!") each keep their own brand.
        for name in ordered:
            if name not in found:
                brand_id = new_id()
                row = {"id": brand_id, "slug": f"{slugify(name)}-{brand_id.hex[-8:]}", "name": name}
                await self._tx.execute(_BRANDS, rows=json_text([row]))
                found[name] = brand_id
        return found

    async def _categories(self, paths: set[tuple[str, ...]]) -> dict[tuple[str, ...], UUID]:
        known: dict[tuple[UUID | None, str], _Category] = {}
        for row in await self._tx.fetch(_CATEGORIES):
            known[row["parent_id"], row["name"]] = _Category(row["id"], _trail.decode(row["trail"]))
        result = {}
        for path in sorted(paths):
            parent: _Category | None = None
            for name in path:
                key = (parent.id if parent else None, name)
                if key not in known:
                    known[key] = await self._add_category(name, parent)
                parent = known[key]
            if parent is not None:
                result[path] = parent.id
        return result

    async def _add_category(self, name: str, parent: _Category | None) -> _Category:
        category_id = new_id()
        slug = slugify(name) or str(category_id)
        parents = parent.trail if parent else []
        row = await self._tx.fetchrow(
            _ADD_CATEGORY,
            id=category_id,
            slug=slug,
            other_slug=f"{slug}-{category_id.hex[-8:]}",
            name=name,
            parent_id=parent.id if parent else None,
            parents=json_text(parents),
        )
        trail = [*parents, Crumb(category_id, row["slug"] if row else slug, name)]
        await self._tx.execute(_SET_TRAIL, id=category_id, trail=json_text(trail))
        return _Category(category_id, trail)


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
