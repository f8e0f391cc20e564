"""Schema of catalog."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_catalog"
down_revision = "0002_identity"
branch_labels = None
depends_on = None

SCHEMA = "catalog"


def upgrade() -> None:
    op.execute("create schema catalog")
    op.create_table(
        "availability",
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("variant_id", name=op.f("pk_availability")),
        schema=SCHEMA,
    )
    op.create_table(
        "brand",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("product_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brand")),
        sa.UniqueConstraint("name", name=op.f("uq_brand_name")),
        sa.UniqueConstraint("slug", name=op.f("uq_brand_slug")),
        schema=SCHEMA,
    )
    op.create_table(
        "category",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("trail", postgresql.JSONB(), nullable=False),
        sa.Column("product_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["catalog.category.id"], name=op.f("fk_category_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category")),
        sa.UniqueConstraint("slug", name=op.f("uq_category_slug")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_category_parent_id"), "category", ["parent_id"], unique=False, schema=SCHEMA)
    op.create_table(
        "import_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lines_done", sa.BigInteger(), nullable=False),
        sa.Column("products", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
        sa.UniqueConstraint("digest", name=op.f("uq_import_run_digest")),
        schema=SCHEMA,
    )
    op.create_table(
        "listing",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=True),
        sa.Column("brand_name", sa.Text(), nullable=True),
        sa.Column("brand_slug", sa.Text(), nullable=True),
        sa.Column("price_min", sa.BigInteger(), nullable=False),
        sa.Column("price_max", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("variant_count", sa.Integer(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_listing")),
        sa.UniqueConstraint("slug", name=op.f("uq_listing_slug")),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_listing_brand", "listing", ["brand_id", "created_at", "product_id"], unique=False, schema=SCHEMA
    )
    op.create_index("ix_listing_name", "listing", ["name_key", "product_id"], unique=False, schema=SCHEMA)
    op.create_index("ix_listing_newest", "listing", ["created_at", "product_id"], unique=False, schema=SCHEMA)
    op.create_index("ix_listing_price", "listing", ["price_min", "product_id"], unique=False, schema=SCHEMA)
    op.create_table(
        "listing_category",
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("price_min", sa.BigInteger(), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("category_id", "product_id", name=op.f("pk_listing_category")),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_listing_category_name",
        "listing_category",
        ["category_id", "name_key", "product_id"],
        unique=False,
        schema=SCHEMA,
    )
    op.create_index(
        "ix_listing_category_newest",
        "listing_category",
        ["category_id", "created_at", "product_id"],
        unique=False,
        schema=SCHEMA,
    )
    op.create_index(
        "ix_listing_category_price",
        "listing_category",
        ["category_id", "price_min", "product_id"],
        unique=False,
        schema=SCHEMA,
    )
    op.create_index("ix_listing_category_product", "listing_category", ["product_id"], unique=False, schema=SCHEMA)
    op.create_table(
        "slug_history",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "slug", name=op.f("pk_slug_history")),
        schema=SCHEMA,
    )
    op.create_table(
        "product",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=True),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("import_digest", sa.Text(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["catalog.brand.id"], name=op.f("fk_product_brand_id")),
        sa.ForeignKeyConstraint(["category_id"], ["catalog.category.id"], name=op.f("fk_product_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("external_id", name=op.f("uq_product_external_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_product_slug")),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_product_attributes",
        "product",
        ["attributes"],
        unique=False,
        schema=SCHEMA,
        postgresql_using="gin",
        postgresql_ops={"attributes": "jsonb_path_ops"},
    )
    op.create_index(op.f("ix_product_brand_id"), "product", ["brand_id"], unique=False, schema=SCHEMA)
    op.create_index(op.f("ix_product_category_id"), "product", ["category_id"], unique=False, schema=SCHEMA)
    op.create_table(
        "variant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("barcodes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("price_amount", sa.BigInteger(), nullable=False),
        sa.Column("price_currency", sa.String(length=3), nullable=False),
        sa.Column("weight_grams", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["catalog.product.id"], name=op.f("fk_variant_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variant")),
        sa.UniqueConstraint("sku", name=op.f("uq_variant_sku")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_variant_product_id"), "variant", ["product_id"], unique=False, schema=SCHEMA)
    op.create_index(
        "uq_variant_options",
        "variant",
        ["product_id", sa.literal_column("md5(options::text)")],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("active"),
    )


def downgrade() -> None:
    op.drop_table("variant", schema=SCHEMA)
    op.drop_table("product", schema=SCHEMA)
    op.drop_table("slug_history", schema=SCHEMA)
    op.drop_table("listing_category", schema=SCHEMA)
    op.drop_table("listing", schema=SCHEMA)
    op.drop_table("import_run", schema=SCHEMA)
    op.drop_table("category", schema=SCHEMA)
    op.drop_table("brand", schema=SCHEMA)
    op.drop_table("availability", schema=SCHEMA)
    op.execute("drop schema catalog")
