"""Prices that were left within a day, of the variants that one person repriced alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.catalog.domain.price_limit import PriceStep
from merx.infra.postgres import PostgresTx, compiled
from merx.kernel.ids import new_id
from merx.kernel.money import Money

_STOOD = compiled(
    """
    select distinct on (variant_id) variant_id, before_amount, before_currency
      from catalog.price_step
     where variant_id = any(cast(:ids as uuid[])) and at > :since
     order by variant_id, at, id
    """
)
# What is older measures nothing any more; it goes when the next step comes.
_ADD = compiled(
    """
    with old as (
        delete from catalog.price_step where variant_id = any(cast(:variants as uuid[])) and at <= :since)
    insert into catalog.price_step (id, variant_id, at, before_amount, before_currency)
    select * from unnest(cast(:ids as uuid[]), cast(:variants as uuid[]), cast(:times as timestamptz[]),
                         cast(:amounts as bigint[]), cast(:currencies as text[]))
    """
)
_FORGET = compiled("delete from catalog.price_step where variant_id = any(cast(:ids as uuid[]))")


class PostgresPriceSteps:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def stood(self, variant_ids: Sequence[UUID], since: datetime) -> Mapping[UUID, Money]:
        rows = await self._tx.fetch(_STOOD, ids=list(variant_ids), since=since)
        return {row[0]: Money(row[1], row[2]) for row in rows}

    async def add(self, steps: Sequence[PriceStep], since: datetime) -> None:
        await self._tx.execute(
            _ADD,
            since=since,
            ids=[new_id() for _ in steps],
            variants=[step.variant_id for step in steps],
            times=[step.at for step in steps],
            amounts=[step.before.amount for step in steps],
            currencies=[step.before.currency for step in steps],
        )

    async def forget(self, variant_ids: Sequence[UUID]) -> None:
        await self._tx.execute(_FORGET, ids=list(variant_ids))
