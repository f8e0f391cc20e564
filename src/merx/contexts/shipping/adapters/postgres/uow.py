"""Changes to shipping on PostgreSQL: seldom, by staff, through the ORM."""

from uuid import UUID

import msgspec
from sqlalchemy import select

from merx.contexts.shipping.adapters.postgres.rows import MethodRow, RateRow, ZoneRow
from merx.contexts.shipping.domain.errors import (
    MethodCodeTaken,
    MethodInUse,
    MethodNotFound,
    RateNotFound,
    RateTaken,
    ZoneInUse,
    ZoneNameTaken,
    ZoneNotFound,
)
from merx.contexts.shipping.domain.method import Method
from merx.contexts.shipping.domain.rate import Rate
from merx.contexts.shipping.domain.zone import Zone
from merx.infra.postgres import PostgresRepository, PostgresTx, PostgresUow


class PostgresShippingUow(PostgresUow):
    zones: PostgresRepository[Zone]
    methods: PostgresRepository[Method]
    rates: PostgresRepository[Rate]

    def open(self, tx: PostgresTx) -> None:
        self.zones = PostgresRepository(
            Zone,
            ZoneRow,
            tx,
            conflicts={"uq_zone_name": ZoneNameTaken, "fk_method_zone_id": ZoneInUse},
            missing=ZoneNotFound,
        )
        self.methods = PostgresRepository(
            Method,
            MethodRow,
            tx,
            conflicts={"uq_method_zone_id_code": MethodCodeTaken, "fk_rate_method_id": MethodInUse},
            missing=MethodNotFound,
        )
        self.rates = PostgresRepository(
            Rate, RateRow, tx, conflicts={"uq_rate_method_id_currency": RateTaken}, missing=RateNotFound
        )

    async def zone_named(self, name: str) -> Zone | None:
        row = await self.tx.scalar(select(ZoneRow).where(ZoneRow.name == name))
        return None if row is None else msgspec.convert(row, Zone, from_attributes=True)

    async def has_methods(self, zone_id: UUID) -> bool:
        return bool(await self.tx.scalar(select(select(MethodRow).where(MethodRow.zone_id == zone_id).exists())))

    async def has_rates(self, method_id: UUID) -> bool:
        return bool(await self.tx.scalar(select(select(RateRow).where(RateRow.method_id == method_id).exists())))
