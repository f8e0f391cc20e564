"""Tables of the catalogue. Aggregates first, then what shoppers see, kept beside them by `storefront.py`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Boolean, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from merx.contexts.catalog.domain.product import Attribute, ProductStatus
from merx.contexts.catalog.domain.taxonomy import Crumb
from merx.infra.postgres import PLAIN, AsJson, Base, VersionedRow, money
from merx.kernel.money import Money

SCHEMA = "catalog"


class CategoryRow(VersionedRow):
    __tablename__ = "category"
    __table_args__ = (UniqueConstraint("slug"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    slug: Mapped[str] = mapped_column(Text, info=PLAIN)
    name: Mapped[str] = mapped_column(Text, info=PLAIN)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.category.id"), index=True, info=PLAIN)
    position: Mapped[int] = mapped_column(Integer, info=PLAIN)
    trail: Mapped[list[Crumb]] = mapped_column(AsJson(list[Crumb]), info=PLAIN)
    product_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0", info=PLAIN)


class BrandRow(VersionedRow):
    __tablename__ = "brand"
    __table_args__ = (UniqueConstraint("slug"), UniqueConstraint("name"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    slug: Mapped[str] = mapped_column(Text, info=PLAIN)
    name: Mapped[str] = mapped_column(Text, info=PLAIN)
    product_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0", info=PLAIN)


class VariantRow(Base):
    __tablename__ = "variant"
    __table_args__ = (
        UniqueConstraint("sku"),
        # JSONB prints its keys in one order, so equal options have equal texts.
        Index(
            "uq_variant_options",
            "product_id",
            text("md5(options::text)"),
            unique=True,
            postgresql_where=text("active"),
        ),
        {"schema": SCHEMA},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    product_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.product.id", ondelete="CASCADE"), index=True, info=PLAIN
    )
    position: Mapped[int] = mapped_column(Integer, info=PLAIN)
    sku: Mapped[str] = mapped_column(Text, info=PLAIN)
    options: Mapped[dict[str, str]] = mapped_column(AsJson(dict[str, str]), info=PLAIN)
    barcodes: Mapped[list[str]] = mapped_column(ARRAY(Text), info=PLAIN)
    price: Mapped[Money] = money("price", info=PLAIN)
    weight_grams: Mapped[int] = mapped_column(Integer, info=PLAIN)
    active: Mapped[bool] = mapped_column(Boolean, info=PLAIN)


class ProductRow(VersionedRow):
    __tablename__ = "product"
    __table_args__ = (
        UniqueConstraint("slug"),
        UniqueConstraint("external_id"),
        Index(
            "ix_product_attributes",
            "attributes",
            postgresql_using="gin",
            postgresql_ops={"attributes": "jsonb_path_ops"},
        ),
        {"schema": SCHEMA},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    slug: Mapped[str] = mapped_column(Text, info=PLAIN)
    name: Mapped[str] = mapped_column(Text, info=PLAIN)
    brand_id: Mapped[UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.brand.id"), index=True, info=PLAIN)
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.category.id"), index=True, info=PLAIN)
    description: Mapped[str] = mapped_column(Text, info=PLAIN)
    model: Mapped[str] = mapped_column(Text, info=PLAIN)
    external_id: Mapped[str | None] = mapped_column(Text, info=PLAIN)
    import_digest: Mapped[str | None] = mapped_column(Text, info=PLAIN)
    attributes: Mapped[dict[str, Attribute]] = mapped_column(AsJson(dict[str, Attribute]), info=PLAIN)
    status: Mapped[ProductStatus] = mapped_column(Text, info=PLAIN)
    created_at: Mapped[datetime] = mapped_column(info=PLAIN)
    updated_at: Mapped[datetime] = mapped_column(info=PLAIN)
    variants: Mapped[list[VariantRow]] = relationship(
        order_by=VariantRow.position, cascade="all, delete-orphan", lazy="raise"
    )


class PriceStepRow(Base):
    """A price that one person alone changed, as it was before."""

    __tablename__ = "price_step"
    __table_args__ = (Index("ix_price_step_variant", "variant_id", "at"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    variant_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.variant.id", ondelete="CASCADE"), info=PLAIN)
    at: Mapped[datetime] = mapped_column(info=PLAIN)
    before: Mapped[Money] = money("before", info=PLAIN)


class ListingRow(Base):
    """One visible product as lists show it."""

    __tablename__ = "listing"
    __table_args__ = (
        UniqueConstraint("slug"),
        Index("ix_listing_newest", "created_at", "product_id"),
        Index("ix_listing_price", "price_min", "product_id"),
        Index("ix_listing_name", "name_key", "product_id"),
        Index("ix_listing_brand", "brand_id", "created_at", "product_id"),
        {"schema": SCHEMA},
    )

    product_id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    slug: Mapped[str] = mapped_column(Text, info=PLAIN)
    name: Mapped[str] = mapped_column(Text, info=PLAIN)
    name_key: Mapped[str] = mapped_column(Text(collation="C"), info=PLAIN)
    brand_id: Mapped[UUID | None] = mapped_column(info=PLAIN)
    brand_name: Mapped[str | None] = mapped_column(Text, info=PLAIN)
    brand_slug: Mapped[str | None] = mapped_column(Text, info=PLAIN)
    price_min: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
    price_max: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
    currency: Mapped[str] = mapped_column(Text, info=PLAIN)
    available: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
    variant_count: Mapped[int] = mapped_column(Integer, info=PLAIN)
    created_at: Mapped[datetime] = mapped_column(info=PLAIN)


class ListingCategoryRow(Base):
    """A visible product in each category above it, with the keys that lists are sorted by."""

    __tablename__ = "listing_category"
    __table_args__ = (
        Index("ix_listing_category_newest", "category_id", "created_at", "product_id"),
        Index("ix_listing_category_price", "category_id", "price_min", "product_id"),
        Index("ix_listing_category_name", "category_id", "name_key", "product_id"),
        Index("ix_listing_category_product", "product_id"),
        {"schema": SCHEMA},
    )

    category_id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    product_id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    created_at: Mapped[datetime] = mapped_column(info=PLAIN)
    price_min: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
    name_key: Mapped[str] = mapped_column(Text(collation="C"), info=PLAIN)


class AvailabilityRow(Base):
    """What the inventory last told of a variant."""

    __tablename__ = "availability"
    __table_args__ = {"schema": SCHEMA}

    variant_id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    available: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
    sequence: Mapped[int] = mapped_column(BigInteger, info=PLAIN)


class SlugHistoryRow(Base):
    __tablename__ = "slug_history"
    __table_args__ = {"schema": SCHEMA}

    kind: Mapped[str] = mapped_column(Text, primary_key=True, info=PLAIN)
    slug: Mapped[str] = mapped_column(Text, primary_key=True, info=PLAIN)
    entity_id: Mapped[UUID] = mapped_column(info=PLAIN)
    at: Mapped[datetime] = mapped_column(info=PLAIN)


class ImportRunRow(Base):
    __tablename__ = "import_run"
    __table_args__ = (UniqueConstraint("digest"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    digest: Mapped[str] = mapped_column(Text, info=PLAIN)
    name: Mapped[str] = mapped_column(Text, info=PLAIN)
    lines_done: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
    products: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
    refused: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
    finished: Mapped[bool] = mapped_column(Boolean, info=PLAIN)
