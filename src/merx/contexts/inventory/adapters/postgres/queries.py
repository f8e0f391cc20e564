"""What staff and checkout read of stock."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from merx.contexts.inventory.domain.errors import UnknownVariant
from merx.contexts.inventory.ports.queries import (
    Discrepancy,
    LevelView,
    LocationView,
    LowStock,
    MovementView,
    VariantStock,
)
from merx.infra.batching import BatchLoader
from merx.infra.postgres import Reader, compiled
from merx.kernel.paging import Page, decode_id, page_of

_AVAILABLE = compiled(
    """
    select s.variant_id, sum(s.on_hand - s.allocated)::bigint
      from inventory.stock s join inventory.location l on l.id = s.location_id
     where s.variant_id = any(cast(:ids as uuid[])) and l.active group by 1
    """
)
_LEVELS = compiled(
    """
    select l.id, l.code, s.on_hand, s.allocated, s.on_hand - s.allocated
      from inventory.stock s join inventory.location l on l.id = s.location_id
     where s.variant_id = :variant_id order by l.priority, l.id
    """
)
_MOVEMENTS = compiled(
    """
    select id, variant_id, location_id, kind, on_hand, allocated, order_id, reason, actor, at
      from inventory.movement
     where (cast(:variant_id as uuid) is null or variant_id = :variant_id)
       and (cast(:location_id as uuid) is null or location_id = :location_id)
       and (cast(:after as uuid) is null or id < :after)
     order by id desc limit cast(:limit as int)
    """
)
_LOW = compiled(
    """
    select s.variant_id, sum(s.on_hand - s.allocated)::bigint as available
      from inventory.stock s join inventory.location l on l.id = s.location_id
     where l.active and (cast(:after as uuid) is null or s.variant_id > :after)
     group by s.variant_id having sum(s.on_hand - s.allocated) <= :threshold
     order by s.variant_id limit cast(:limit as int)
    """
)
_LOCATIONS = compiled("select id, code, name, priority, active, version from inventory.location order by priority, id")
_DISCREPANCIES = compiled(
    """
    select s.variant_id, s.location_id, s.on_hand, coalesce(m.on_hand, 0)::bigint, s.allocated,
           coalesce(m.allocated, 0)::bigint, coalesce(a.quantity, 0)::bigint
      from inventory.stock s
      left join (select variant_id, location_id, sum(on_hand) as on_hand, sum(allocated) as allocated
                   from inventory.movement group by 1, 2) m using (variant_id, location_id)
      left join (select variant_id, location_id, sum(quantity) as quantity
                   from inventory.allocation group by 1, 2) a using (variant_id, location_id)
     where s.on_hand <> coalesce(m.on_hand, 0) or s.allocated <> coalesce(m.allocated, 0)
        or s.allocated <> coalesce(a.quantity, 0)
     order by 1, 2 limit 1000
    """
)


class PostgresInventoryQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        # Carts of one moment ask together.
        self._levels: BatchLoader[UUID, int] = BatchLoader(self._load)

    async def _load(self, variant_ids: list[UUID]) -> dict[UUID, int]:
        return {row[0]: row[1] for row in await self._reader.fetch(_AVAILABLE, ids=variant_ids)}

    async def available(self, variant_ids: Sequence[UUID]) -> Mapping[UUID, int]:
        found = await self._levels.get_many(variant_ids) if variant_ids else {}
        return {variant_id: found.get(variant_id, 0) for variant_id in variant_ids}

    async def variant(self, variant_id: UUID) -> VariantStock:
        rows = await self._reader.fetch(_LEVELS, variant_id=variant_id)
        if not rows:
            raise UnknownVariant
        levels = [LevelView(*row) for row in rows]
        on_hand, allocated = sum(level.on_hand for level in levels), sum(level.allocated for level in levels)
        return VariantStock(variant_id, on_hand, allocated, on_hand - allocated, levels)

    async def movements(
        self, variant_id: UUID | None, limit: int, after: str | None, location_id: UUID | None = None
    ) -> Page[MovementView]:
        rows = await self._reader.fetch(
            _MOVEMENTS, variant_id=variant_id, location_id=location_id, after=decode_id(after), limit=limit + 1
        )
        return page_of([MovementView(*row) for row in rows], limit)

    async def low_stock(self, threshold: int, limit: int, after: str | None) -> Page[LowStock]:
        rows = await self._reader.fetch(_LOW, threshold=threshold, after=decode_id(after), limit=limit + 1)
        return page_of([LowStock(*row) for row in rows], limit, lambda level: str(level.variant_id))

    async def locations(self) -> list[LocationView]:
        return [LocationView(*row) for row in await self._reader.fetch(_LOCATIONS)]

    async def discrepancies(self) -> list[Discrepancy]:
        return [Discrepancy(*row) for row in await self._reader.fetch(_DISCREPANCIES)]
