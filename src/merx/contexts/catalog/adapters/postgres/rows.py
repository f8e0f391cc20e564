"""Tables of the catalogue. Aggregates first, then what shoppers see, kept beside them by `storefront.py`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Boolean, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from merx.contexts.catalog.domain.product import Attribute, ProductStatus
from merx.contexts.catalog.domain.taxonomy import Crumb
from merx.infra.postgres import AsJson, Base, VersionedRow, money
from merx.kernel.money import Money

SCHEMA = "catalog"


class CategoryRow(VersionedRow):
    __tablename__ = "category"
    __table_args__ = (UniqueConstraint("slug"), {"schema": SCHEMA})

    slug: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.category.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    trail: Mapped[list[Crumb]] = mapped_column(AsJson(list[Crumb]))
    product_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class BrandRow(VersionedRow):
    __tablename__ = "brand"
    __table_args__ = (UniqueConstraint("slug"), UniqueConstraint("name"), {"schema": SCHEMA})

    slug: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    product_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


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

    id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.product.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    sku: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, str]] = mapped_column(AsJson(dict[str, str]))
    barcodes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    price: Mapped[Money] = money("price")
    weight_grams: Mapped[int] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(Boolean)


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

    slug: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    brand_id: Mapped[UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.brand.id"), index=True)
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.category.id"), index=True)
    description: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    import_digest: Mapped[str | None] = mapped_column(Text)
    attributes: Mapped[dict[str, Attribute]] = mapped_column(AsJson(dict[str, Attribute]))
    status: Mapped[ProductStatus] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    variants: Mapped[list[VariantRow]] = relationship(
        order_by=VariantRow.position, cascade="all, delete-orphan", lazy="raise"
    )


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

    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text(collation="C"))
    brand_id: Mapped[UUID | None] = mapped_column()
    brand_name: Mapped[str | None] = mapped_column(Text)
    brand_slug: Mapped[str | None] = mapped_column(Text)
    price_min: Mapped[int] = mapped_column(BigInteger)
    price_max: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    available: Mapped[int] = mapped_column(BigInteger)
    variant_count: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]


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

    category_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    price_min: Mapped[int] = mapped_column(BigInteger)
    name_key: Mapped[str] = mapped_column(Text(collation="C"))


class AvailabilityRow(Base):
    """What the inventory last told of a variant."""

    __tablename__ = "availability"
    __table_args__ = {"schema": SCHEMA}

    variant_id: Mapped[UUID] = mapped_column(primary_key=True)
    available: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)


class SlugHistoryRow(Base):
    __tablename__ = "slug_history"
    __table_args__ = {"schema": SCHEMA}

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    entity_id: Mapped[UUID] = mapped_column()
    at: Mapped[datetime]


class ImportRunRow(Base):
    __tablename__ = "import_run"
    __table_args__ = (UniqueConstraint("digest"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    lines_done: Mapped[int] = mapped_column(BigInteger)
    products: Mapped[int] = mapped_column(BigInteger)
    refused: Mapped[int] = mapped_column(BigInteger)
    finished: Mapped[bool] = mapped_column(Boolean)
