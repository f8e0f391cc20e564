"""Keeps what shoppers see beside the aggregates, set-wise and in the transaction of the change.

Locks are taken in one order everywhere: taxonomy, then product rows by id. Without the product rows a refresh and a
change of stock could each overwrite the other; without the taxonomy a product could be listed below an old parent.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.catalog.domain.taxonomy import Category, Crumb
from merx.contexts.catalog.ports.repositories import Level, LevelChange
from merx.infra.postgres import PostgresTx, compiled, json_text

_HOLD = compiled("select pg_advisory_xact_lock_shared(hashtext('catalog.taxonomy'))")
_OWN = compiled("select pg_advisory_xact_lock(hashtext('catalog.taxonomy'))")
_COUNT_ALONE = compiled("select pg_advisory_xact_lock(hashtext('catalog.recount'))")
_LOCK = compiled("select id from catalog.product where id = any(cast(:ids as uuid[])) order by id for no key update")
_TOUCH = compiled("update catalog.product set version = version + 1 where id = any(cast(:ids as uuid[]))")

_CLEAR = compiled(
    """
    with gone as (delete from catalog.listing_category where product_id = any(cast(:ids as uuid[])))
    delete from catalog.listing where product_id = any(cast(:ids as uuid[]))
    """
)

# A product is priced in the currency of its first active variant.
# Names are sorted by what both storages can compute alike, cut so that a cursor stays short.
_LIST = compiled(
    """
    insert into catalog.listing (product_id, slug, name, name_key, brand_id, brand_name, brand_slug, price_min,
                                 price_max, currency, available, variant_count, created_at)
    select p.id, p.slug, p.name, left(lower(p.name collate "C"), 60), b.id, b.name, b.slug, v.price_min, v.price_max,
           v.currency, v.available, v.n, p.created_at
      from catalog.product p
      left join catalog.brand b on b.id = p.brand_id
     cross join lateral (
           select min(x.price_amount) as price_min, max(x.price_amount) as price_max, x.price_currency as currency,
                  sum(coalesce(a.available, 0))::bigint as available, count(*)::int as n, min(x.position) as first
             from catalog.variant x
             left join catalog.availability a on a.variant_id = x.id
            where x.product_id = p.id and x.active
            group by x.price_currency
            order by first
            limit 1) v
     where p.id = any(cast(:ids as uuid[])) and p.status = 'active'
    """
)

_PLACE = compiled(
    """
    insert into catalog.listing_category (category_id, product_id, created_at, price_min, name_key)
    select cast(step ->> 'id' as uuid), l.product_id, l.created_at, l.price_min, l.name_key
      from catalog.listing l
      join catalog.product p on p.id = l.product_id
      join catalog.category c on c.id = p.category_id
     cross join lateral jsonb_array_elements(c.trail) as step
     where l.product_id = any(cast(:ids as uuid[]))
    """
)

_RECOUNT = compiled(
    """
    with counted as (
        select c.id, coalesce(n.n, 0) as n
          from catalog.category c
          left join (select category_id, count(*)::int as n from catalog.listing_category group by 1) n
            on n.category_id = c.id),
    brands as (
        update catalog.brand b set product_count = x.n
          from (select b2.id, count(l.product_id)::int as n
                  from catalog.brand b2 left join catalog.listing l on l.brand_id = b2.id group by 1) x
         where b.id = x.id and b.product_count <> x.n)
    update catalog.category c set product_count = counted.n
      from counted where c.id = counted.id and c.product_count <> counted.n
    """
)

_PRODUCTS_OF_VARIANTS = compiled("select distinct product_id from catalog.variant where id = any(cast(:ids as uuid[]))")

_SET_LEVELS = compiled(
    """
    insert into catalog.availability as a (variant_id, available, sequence)
    select * from unnest(cast(:ids as uuid[]), cast(:available as bigint[]), cast(:sequences as bigint[]))
    on conflict (variant_id) do update set available = excluded.available, sequence = excluded.sequence
     where a.sequence < excluded.sequence
    returning variant_id
    """
)

_SUM_LEVELS = compiled(
    """
    with fresh as (
        select l.product_id, l.available as before, sum(coalesce(a.available, 0))::bigint as available
          from catalog.listing l
          join catalog.variant v on v.product_id = l.product_id and v.price_currency = l.currency and v.active
          left join catalog.availability a on a.variant_id = v.id
         where l.product_id = any(cast(:ids as uuid[]))
         group by l.product_id)
    update catalog.listing l set available = fresh.available
      from fresh
     where l.product_id = fresh.product_id
    returning l.product_id, (fresh.before > 0) <> (fresh.available > 0)
    """
)

_SUBTREE = compiled(
    "select id from catalog.category where trail @> jsonb_build_array(jsonb_build_object('id', cast(:id as text)))"
)

# The trail of what is below: the new way to the category, then the rest of its own from there on.
_REPLANT = compiled(
    """
    update catalog.category c
       set trail = cast(:trail as jsonb) || (
           select jsonb_agg(step order by n) from jsonb_array_elements(c.trail) with ordinality as s(step, n)
            where n > cast(:depth as int))
     where c.id <> :id and c.trail @> jsonb_build_array(jsonb_build_object('id', cast(:id as text)))
    """
)
_LEAVE = compiled(
    """
    delete from catalog.listing_category x using catalog.listing_category below
     where below.category_id = :id and x.product_id = below.product_id
       and x.category_id = any(cast(:parents as uuid[]))
    """
)
_JOIN = compiled(
    """
    insert into catalog.listing_category (category_id, product_id, created_at, price_min, name_key)
    select parent, below.product_id, below.created_at, below.price_min, below.name_key
      from catalog.listing_category below cross join unnest(cast(:parents as uuid[])) as parent
     where below.category_id = :id
    """
)

_IN_CATEGORY = compiled(
    """
    select p.id from catalog.product p join catalog.category c on c.id = p.category_id
     where c.trail @> jsonb_build_array(jsonb_build_object('id', cast(:id as text)))
     order by p.id
    """
)

_OF_BRAND = compiled("select id from catalog.product where brand_id = :id order by id")

_REMEMBER = compiled(
    """
    insert into catalog.slug_history (kind, slug, entity_id, at) values (:kind, :slug, :entity_id, :at)
    on conflict (kind, slug) do update set entity_id = excluded.entity_id, at = excluded.at
    """
)


class PostgresStorefront:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def hold_taxonomy(self) -> None:
        await self._tx.fetch(_HOLD)

    async def own_taxonomy(self) -> None:
        await self._tx.fetch(_OWN)

    async def replant(self, category: Category, before: Sequence[Crumb]) -> None:
        await self._tx.flush()
        id = category.id
        await self._tx.execute(_REPLANT, id=id, trail=json_text(category.trail), depth=len(before))
        old = {crumb.id for crumb in before}
        new = {crumb.id for crumb in category.trail}
        if old != new:
            await self._tx.execute(_LEAVE, id=id, parents=list(old - new))
            await self._tx.execute(_JOIN, id=id, parents=list(new - old))

    async def refresh(self, product_ids: Sequence[UUID]) -> None:
        ids = list(product_ids)
        await self._tx.flush()
        await self._tx.fetch(_LOCK, ids=ids)
        await self._tx.execute(_CLEAR, ids=ids)
        await self._tx.execute(_LIST, ids=ids)
        await self._tx.execute(_PLACE, ids=ids)

    async def touch(self, product_ids: Sequence[UUID]) -> None:
        ids = list(product_ids)
        await self._tx.fetch(_LOCK, ids=ids)
        await self._tx.execute(_TOUCH, ids=ids)

    async def recount(self) -> None:
        await self._tx.fetch(_HOLD)
        await self._tx.fetch(_COUNT_ALONE)
        await self._tx.execute(_RECOUNT)

    async def set_levels(self, levels: Sequence[Level]) -> LevelChange:
        newest: dict[UUID, Level] = {}
        for level in levels:
            if level.variant_id not in newest or newest[level.variant_id].sequence < level.sequence:
                newest[level.variant_id] = level
        # In id order: two transactions with the same unknown variants must not wait for each other.
        given = [newest[variant_id] for variant_id in sorted(newest)]
        touched = await self._products_of([level.variant_id for level in given])
        await self._tx.fetch(_LOCK, ids=touched)
        written = await self._tx.fetch(
            _SET_LEVELS,
            ids=[level.variant_id for level in given],
            available=[level.available for level in given],
            sequences=[level.sequence for level in given],
        )
        if not written:
            return LevelChange([], [])
        rows = await self._tx.fetch(_SUM_LEVELS, ids=await self._products_of([row[0] for row in written]))
        return LevelChange([row[0] for row in rows], [row[0] for row in rows if row[1]])

    async def _products_of(self, variant_ids: list[UUID]) -> list[UUID]:
        return [row[0] for row in await self._tx.fetch(_PRODUCTS_OF_VARIANTS, ids=variant_ids)]

    async def subtree(self, category_id: UUID) -> list[UUID]:
        await self._tx.flush()
        return [row[0] for row in await self._tx.fetch(_SUBTREE, id=str(category_id))]

    async def product_ids_in_category(self, category_id: UUID) -> list[UUID]:
        await self._tx.flush()
        return [row[0] for row in await self._tx.fetch(_IN_CATEGORY, id=str(category_id))]

    async def product_ids_of_brand(self, brand_id: UUID) -> list[UUID]:
        return [row[0] for row in await self._tx.fetch(_OF_BRAND, id=brand_id)]

    async def remember_slug(self, kind: str, old: str, entity_id: UUID, at: datetime) -> None:
        await self._tx.execute(_REMEMBER, kind=kind, slug=old, entity_id=entity_id, at=at)
