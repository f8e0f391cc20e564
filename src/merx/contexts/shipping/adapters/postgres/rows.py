"""Tables of the schema `shipping`."""

from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.shipping.domain.rate import Tier
from merx.infra.postgres import VersionedRow, as_json


class ZoneRow(VersionedRow):
    __tablename__ = "zone"
    __table_args__ = (UniqueConstraint("name"), {"schema": "shipping"})
    name: Mapped[str] = mapped_column(String(200))
    countries: Mapped[list[str]] = mapped_column(ARRAY(String(2)))
    postal_prefixes: Mapped[list[str]] = mapped_column(ARRAY(String(10)))


class MethodRow(VersionedRow):
    __tablename__ = "method"
    __table_args__ = (
        UniqueConstraint("zone_id", "code"),
        CheckConstraint("0 <= days_min and days_min <= days_max", name="days"),
        {"schema": "shipping"},
    )
    zone_id: Mapped[UUID] = mapped_column(ForeignKey("shipping.zone.id"))
    code: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    days_min: Mapped[int]
    days_max: Mapped[int]
    active: Mapped[bool]


class RateRow(VersionedRow):
    __tablename__ = "rate"
    __table_args__ = (
        UniqueConstraint("method_id", "currency"),
        CheckConstraint("free_from >= 0", name="free_from"),
        {"schema": "shipping"},
    )
    method_id: Mapped[UUID] = mapped_column(ForeignKey("shipping.method.id"))
    currency: Mapped[str] = mapped_column(String(3))
    basis: Mapped[str] = mapped_column(String(10))
    tiers: Mapped[list[Tier]] = as_json(list[Tier])
    free_from: Mapped[int | None] = mapped_column(BigInteger)
