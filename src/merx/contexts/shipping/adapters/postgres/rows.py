"""Tables of the schema `shipping`."""

from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.shipping.domain.rate import Tier
from merx.infra.postgres import PLAIN, VersionedRow, as_json


class ZoneRow(VersionedRow):
    __tablename__ = "zone"
    __table_args__ = (UniqueConstraint("name"), {"schema": "shipping"})
    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    name: Mapped[str] = mapped_column(String(200), info=PLAIN)
    countries: Mapped[list[str]] = mapped_column(ARRAY(String(2)), info=PLAIN)
    postal_prefixes: Mapped[list[str]] = mapped_column(ARRAY(String(10)), info=PLAIN)


class MethodRow(VersionedRow):
    __tablename__ = "method"
    __table_args__ = (
        UniqueConstraint("zone_id", "code"),
        CheckConstraint("0 <= days_min and days_min <= days_max", name="days"),
        {"schema": "shipping"},
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    zone_id: Mapped[UUID] = mapped_column(ForeignKey("shipping.zone.id"), info=PLAIN)
    code: Mapped[str] = mapped_column(String(200), info=PLAIN)
    name: Mapped[str] = mapped_column(String(200), info=PLAIN)
    days_min: Mapped[int] = mapped_column(info=PLAIN)
    days_max: Mapped[int] = mapped_column(info=PLAIN)
    active: Mapped[bool] = mapped_column(info=PLAIN)


class RateRow(VersionedRow):
    __tablename__ = "rate"
    __table_args__ = (
        UniqueConstraint("method_id", "currency"),
        CheckConstraint("free_from >= 0", name="free_from"),
        {"schema": "shipping"},
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    method_id: Mapped[UUID] = mapped_column(ForeignKey("shipping.method.id"), info=PLAIN)
    currency: Mapped[str] = mapped_column(String(3), info=PLAIN)
    basis: Mapped[str] = mapped_column(String(10), info=PLAIN)
    tiers: Mapped[list[Tier]] = as_json(list[Tier], info=PLAIN)
    free_from: Mapped[int | None] = mapped_column(BigInteger, info=PLAIN)
