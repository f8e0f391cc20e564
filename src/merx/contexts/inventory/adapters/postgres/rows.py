"""Tables of the inventory."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from merx.infra.postgres import IDENTIFIER, PLAIN, Base, VersionedRow

SCHEMA = "inventory"


class LocationRow(VersionedRow):
    __tablename__ = "location"
    __table_args__ = (UniqueConstraint("code"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    code: Mapped[str] = mapped_column(Text, info=PLAIN)
    name: Mapped[str] = mapped_column(Text, info=PLAIN)
    priority: Mapped[int] = mapped_column(Integer, info=PLAIN)
    active: Mapped[bool] = mapped_column(Boolean, info=PLAIN)


class StockRow(Base):
    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("allocated >= 0 and on_hand >= allocated", name="promised"),
        {"schema": SCHEMA, "postgresql_with": {"fillfactor": "70"}},
    )

    variant_id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    location_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.location.id"), primary_key=True, info=PLAIN)
    on_hand: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
    allocated: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
    sequence: Mapped[int] = mapped_column(BigInteger, info=PLAIN)


class AllocationRow(Base):
    __tablename__ = "allocation"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"), {"schema": SCHEMA})

    order_id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    variant_id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    location_id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    quantity: Mapped[int] = mapped_column(BigInteger, info=PLAIN)


class MovementRow(Base):
    """Append-only; the sums of a variant's rows are its counters."""

    __tablename__ = "movement"
    __table_args__ = (
        Index("ix_movement_variant", "variant_id", "id"),
        Index("ix_movement_adjusted", "variant_id", "at", postgresql_where=text("kind = 'adjusted'")),
        # One event moves a variant at a location at most once.
        Index(
            "uq_movement_cause",
            "cause",
            "variant_id",
            "location_id",
            unique=True,
            postgresql_where=text("cause is not null"),
        ),
        {"schema": SCHEMA},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    variant_id: Mapped[UUID] = mapped_column(info=PLAIN)
    location_id: Mapped[UUID] = mapped_column(info=PLAIN)
    kind: Mapped[str] = mapped_column(Text, info=PLAIN)
    on_hand: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
    allocated: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
    order_id: Mapped[UUID | None] = mapped_column(info=IDENTIFIER)
    # What staff says of goods: water damage, recount.
    reason: Mapped[str] = mapped_column(Text, info=PLAIN)
    actor: Mapped[str] = mapped_column(Text, info=IDENTIFIER)
    cause: Mapped[UUID | None] = mapped_column(info=PLAIN)
    at: Mapped[datetime] = mapped_column(info=PLAIN)
