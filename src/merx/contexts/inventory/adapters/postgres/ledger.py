"""Counters change set-wise, under row locks taken in one order everywhere."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from merx.contexts.inventory.adapters.postgres.rows import LocationRow
from merx.contexts.inventory.domain.errors import LocationTaken
from merx.contexts.inventory.domain.location import Location
from merx.contexts.inventory.domain.stock import Allocation, Movement, Shelf, Stock
from merx.contexts.inventory.domain.write_off import WINDOW
from merx.infra.postgres import PostgresRepository, PostgresTx, PostgresUow, Write, compiled
from merx.kernel.ids import new_id

# Rows come in the order in which locations are used up; they are locked in key order, the same for every transaction.
_LOCK = compiled(
    """
    with locked as materialized (
        select s.variant_id, s.location_id, s.on_hand, s.allocated, s.sequence
          from inventory.stock s
         where s.variant_id = any(cast(:ids as uuid[]))
         order by s.variant_id, s.location_id
           for update)
    select k.variant_id, k.location_id, k.on_hand, k.allocated, k.sequence, l.active
      from locked k join inventory.location l on l.id = k.location_id
     order by k.variant_id, l.priority, l.id
    """
)
_FOLLOWED = compiled("select exists (select 1 from inventory.movement where cause = :cause)")
# What follows from a decision of two people has it as its cause.
_WRITTEN_OFF = compiled(
    """
    select cast(coalesce(sum(case when location_id = :location_id then gone else greatest(gone, 0) end), 0) as bigint)
      from (select location_id, -sum(on_hand) as gone from inventory.movement
             where variant_id = :variant_id and kind = 'adjusted' and at > now() - cast(:window as interval)
               and cause is null and actor <> 'system'
             group by location_id) places
    """
)
_OPEN = compiled(
    """
    insert into inventory.stock (variant_id, location_id, on_hand, allocated, sequence)
    select v.id, l.id, 0, 0, 0
      from (select distinct unnest(cast(:ids as uuid[])) as id) v
     cross join lateral (
           select id from inventory.location
            where active and (cast(:location_id as uuid) is null or id = cast(:location_id as uuid))
            order by priority, id limit 1) l
     where cast(:location_id as uuid) is not null
        or not exists (select 1 from inventory.stock s where s.variant_id = v.id)
     order by v.id
    on conflict do nothing
    returning variant_id
    """
)
_START = compiled(
    """
    with fresh as (
        insert into inventory.stock (variant_id, location_id, on_hand, allocated, sequence)
        select x.id, l.id, x.units, 0, least(x.units, 1)
          from unnest(cast(:ids as uuid[]), cast(:units as bigint[])) as x(id, units)
         cross join (select id from inventory.location where active order by priority, id limit 1) l
         where not exists (select 1 from inventory.stock s where s.variant_id = x.id)
         order by x.id
        on conflict do nothing
        returning variant_id, location_id, on_hand),
    ledger as (
        insert into inventory.movement (id, variant_id, location_id, kind, on_hand, allocated, reason, actor, at)
        select m.id, f.variant_id, f.location_id, 'received', f.on_hand, 0, 'first stock', 'system', now()
          from fresh f join unnest(cast(:ids as uuid[]), cast(:movements as uuid[])) as m(variant_id, id)
            on m.variant_id = f.variant_id
         where f.on_hand > 0)
    select variant_id from fresh
    """
)
_UNCOUNTED = compiled(
    """
    select variant_id from inventory.stock where variant_id = any(cast(:ids as uuid[]))
     group by variant_id having max(sequence) = 0
    """
)
_ALLOCATIONS = compiled(
    """
    select order_id, variant_id, location_id, quantity from inventory.allocation
     where order_id = :order_id order by variant_id, location_id
    """
)
_COUNT = compiled(
    """
    with counters as (
        update inventory.stock s set on_hand = x.on_hand, allocated = x.allocated, sequence = x.sequence
          from unnest(cast(:variants as uuid[]), cast(:locations as uuid[]), cast(:on_hand as bigint[]),
                      cast(:allocated as bigint[]), cast(:sequences as bigint[]))
               as x(variant_id, location_id, on_hand, allocated, sequence)
         where s.variant_id = x.variant_id and s.location_id = x.location_id)
    insert into inventory.movement (id, variant_id, location_id, kind, on_hand, allocated, order_id, reason, actor,
                                    cause, at)
    select m.*, now()
      from unnest(cast(:m_ids as uuid[]), cast(:m_variants as uuid[]), cast(:m_locations as uuid[]),
                  cast(:kinds as text[]), cast(:m_on_hand as bigint[]), cast(:m_allocated as bigint[]),
                  cast(:orders as uuid[]), cast(:reasons as text[]), cast(:actors as text[]),
                  cast(:causes as uuid[])) as m
    """
)
_PROMISE = Write(
    """
    counters as (
        update inventory.stock s set on_hand = x.on_hand, allocated = x.allocated, sequence = x.sequence
          from unnest(cast(:variants as uuid[]), cast(:locations as uuid[]), cast(:on_hand as bigint[]),
                      cast(:allocated as bigint[]), cast(:sequences as bigint[]))
               as x(variant_id, location_id, on_hand, allocated, sequence)
         where s.variant_id = x.variant_id and s.location_id = x.location_id),
    ledger as (
        insert into inventory.movement (id, variant_id, location_id, kind, on_hand, allocated, order_id, reason, actor,
                                        at)
        select t.id, t.variant_id, t.location_id, 'allocated', 0, t.quantity, t.order_id, '', 'system', now()
          from unnest(cast(:ids as uuid[]), cast(:orders as uuid[]), cast(:t_variants as uuid[]),
                      cast(:t_locations as uuid[]), cast(:quantities as bigint[]))
               as t(id, order_id, variant_id, location_id, quantity)),
    promised as (
        insert into inventory.allocation (order_id, variant_id, location_id, quantity)
        select * from unnest(cast(:orders as uuid[]), cast(:t_variants as uuid[]), cast(:t_locations as uuid[]),
                             cast(:quantities as bigint[])))
    """
)
_KEEP = compiled(
    """
    with gone as (
        delete from inventory.allocation a
         using unnest(cast(:variants as uuid[]), cast(:locations as uuid[]), cast(:quantities as bigint[]))
               as x(variant_id, location_id, quantity)
         where a.order_id = :order_id and a.variant_id = x.variant_id and a.location_id = x.location_id
           and x.quantity = 0)
    update inventory.allocation a set quantity = x.quantity
      from unnest(cast(:variants as uuid[]), cast(:locations as uuid[]), cast(:quantities as bigint[]))
           as x(variant_id, location_id, quantity)
     where a.order_id = :order_id and a.variant_id = x.variant_id and a.location_id = x.location_id and x.quantity > 0
    """
)


def _counters(shelf: Shelf) -> dict[str, list[object]]:
    rows = shelf.changed
    return {
        "variants": [row.variant_id for row in rows],
        "locations": [row.location_id for row in rows],
        "on_hand": [row.on_hand for row in rows],
        "allocated": [row.allocated for row in rows],
        "sequences": [row.sequence for row in rows],
    }


class PostgresStockLedger:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def lock(self, variant_ids: Sequence[UUID]) -> Shelf:
        rows = await self._tx.fetch(_LOCK, ids=list(variant_ids))
        return Shelf(
            (
                Stock(variant_id=row[0], location_id=row[1], on_hand=row[2], allocated=row[3], sequence=row[4])
                for row in rows
            ),
            closed=frozenset(row[1] for row in rows if not row[5]),
        )

    async def start(self, units: Mapping[UUID, int]) -> list[UUID]:
        rows = await self._tx.fetch(
            _START, ids=list(units), units=list(units.values()), movements=[new_id() for _ in units]
        )
        return [row[0] for row in rows]

    async def uncounted(self, variant_ids: Sequence[UUID]) -> list[UUID]:
        return [row[0] for row in await self._tx.fetch(_UNCOUNTED, ids=list(variant_ids))]

    async def followed(self, cause: UUID) -> bool:
        return bool(await self._tx.fetchval(_FOLLOWED, cause=cause))

    async def written_off(self, variant_id: UUID, location_id: UUID) -> int:
        return int(await self._tx.fetchval(_WRITTEN_OFF, variant_id=variant_id, location_id=location_id, window=WINDOW))

    async def open(self, variant_ids: Sequence[UUID], location_id: UUID | None = None) -> list[UUID]:
        rows = await self._tx.fetch(_OPEN, ids=list(variant_ids), location_id=location_id)
        return [row[0] for row in rows]

    async def allocations(self, order_id: UUID) -> list[Allocation]:
        rows = await self._tx.fetch(_ALLOCATIONS, order_id=order_id)
        return [Allocation(**row) for row in rows]

    async def write(self, shelf: Shelf, movements: Sequence[Movement], allocations: Sequence[Allocation] = ()) -> None:
        await self._tx.execute(
            _COUNT,
            **_counters(shelf),
            m_ids=[new_id() for _ in movements],
            m_variants=[item.variant_id for item in movements],
            m_locations=[item.location_id for item in movements],
            kinds=[item.kind for item in movements],
            m_on_hand=[item.on_hand for item in movements],
            m_allocated=[item.allocated for item in movements],
            orders=[item.order_id for item in movements],
            reasons=[item.reason for item in movements],
            actors=[item.actor for item in movements],
            causes=[item.cause for item in movements],
        )
        if allocations:
            await self._tx.execute(
                _KEEP,
                order_id=allocations[0].order_id,
                variants=[item.variant_id for item in allocations],
                locations=[item.location_id for item in allocations],
                quantities=[item.quantity for item in allocations],
            )

    async def promise(self, shelf: Shelf, taken: Sequence[Allocation]) -> None:
        self._tx.later(
            _PROMISE.filled(
                **_counters(shelf),
                ids=[new_id() for _ in taken],
                orders=[item.order_id for item in taken],
                t_variants=[item.variant_id for item in taken],
                t_locations=[item.location_id for item in taken],
                quantities=[item.quantity for item in taken],
            )
        )


class PostgresInventoryUow(PostgresUow):
    def open(self, tx: PostgresTx) -> None:
        self.stock = PostgresStockLedger(tx)
        self.locations = PostgresRepository(Location, LocationRow, tx, conflicts={"uq_location_code": LocationTaken})
