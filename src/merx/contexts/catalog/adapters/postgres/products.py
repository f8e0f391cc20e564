"""Products as aggregates. Their variants may exchange what only one of them can have."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from sqlalchemy.orm import selectinload

from merx.contexts.catalog.adapters.postgres.rows import ProductRow
from merx.contexts.catalog.domain.errors import ProductNotFound
from merx.contexts.catalog.domain.product import Product, Variant
from merx.infra.postgres import PostgresRepository, PostgresTx, compiled
from merx.kernel.errors import Conflict, StaleVersion

# The product before its variants, as every other writer locks them.
_LOCK = compiled("select version from catalog.product where id = :id for no key update")
# PostgreSQL compares row by row: SKU and options that go from one variant to another leave the first one beforehand.
# No text from outside holds chr(1), so nobody's values are met in between.
_SET_ASIDE = compiled(
    """
    update catalog.variant v
       set sku = case when x.sku then chr(1) || v.id else v.sku end,
           options = case when x.options then jsonb_build_object(chr(1), v.id) else v.options end,
           active = v.active and not x.retired
      from unnest(cast(:ids as uuid[]), cast(:skus as bool[]), cast(:options as bool[]), cast(:retired as bool[]))
           as x(id, sku, options, retired)
     where v.id = x.id
    """
)


class _Move(msgspec.Struct):
    """Which of its values a stored variant gives up."""

    id: UUID
    sku: bool
    options: bool
    retired: bool


class PostgresProducts(PostgresRepository[Product]):
    def __init__(self, tx: PostgresTx, conflicts: dict[str, type[Conflict]]) -> None:
        super().__init__(
            Product,
            ProductRow,
            tx,
            selectinload(ProductRow.variants),
            conflicts=conflicts,
            missing=ProductNotFound,
        )

    async def save(self, entity: Product) -> None:
        held = await self._hold(entity)
        stored = msgspec.convert(held, Product, from_attributes=True)
        if moves := _moves({variant.id: variant for variant in stored.variants}, entity.variants):
            row = await self._tx.fetchrow(_LOCK, id=entity.id)
            if row is None or row[0] != entity.version:
                raise StaleVersion
            await self._tx.execute(
                _SET_ASIDE,
                ids=[move.id for move in moves],
                skus=[move.sku for move in moves],
                options=[move.options for move in moves],
                retired=[move.retired for move in moves],
            )
        await super().save(entity)


def _moves(stored: Mapping[UUID, Variant], wanted: list[Variant]) -> list[_Move]:
    """What has to be set aside before `wanted` can be written; nothing when no variant takes what another gives up."""
    moves = [
        _Move(now.id, now.sku != before.sku, now.options != before.options, before.active and not now.active)
        for now in wanted
        if (before := stored.get(now.id)) is not None
    ]
    moves = [move for move in moves if move.sku or move.options or move.retired]
    skus = {stored[move.id].sku: move.id for move in moves if move.sku}
    options = {_key(stored[move.id]): move.id for move in moves if move.options or move.retired}
    exchanged = any(skus.get(now.sku, now.id) != now.id or options.get(_key(now), now.id) != now.id for now in wanted)
    return moves if exchanged else []


def _key(variant: Variant) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(variant.options.items()))
