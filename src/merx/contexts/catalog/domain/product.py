"""A product and its variants. Price, stock, SKU and barcodes live on the variant only; there is always at least one."""

import re
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from merx.contexts.catalog.domain.errors import (
    NotArchived,
    NotPublishable,
    SameOptions,
    TooManyVariants,
    UnknownVariant,
)
from merx.kernel.model import Entity
from merx.kernel.money import MAX_AMOUNT, Money

MAX_VARIANTS = 500

# Bounded where it comes in, not here: what is stored must always load.
Attribute = str | int | float | bool


_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?\Z")


def readings(text: str) -> list[Attribute]:
    """Attribute values that a text may mean: itself, and the number or truth value that is written like that."""
    if text in ("true", "false"):
        return [text, text == "true"]
    if _NUMBER.match(text):
        return [text, float(text) if "." in text else int(text)]
    return [text]


class ProductStatus(StrEnum):
    draft = "draft"
    active = "active"
    archived = "archived"


class Variant(msgspec.Struct, kw_only=True):
    """What is sold and counted. `options` name what distinguishes it from its siblings: {"colour": "red"}."""

    id: UUID
    sku: str
    price: Money
    options: dict[str, str] = {}
    barcodes: list[str] = []
    weight_grams: int = 0
    active: bool = True


class Product(Entity):
    slug: str
    name: str
    created_at: datetime
    updated_at: datetime
    brand_id: UUID | None = None
    category_id: UUID | None = None
    description: str = ""
    model: str = ""
    external_id: str | None = None
    attributes: dict[str, Attribute] = {}
    status: ProductStatus = ProductStatus.draft
    variants: list[Variant] = []

    def check(self) -> None:
        """The rules between variants. Raises SameOptions, TooManyVariants.

        A variant that is not sold any more may have had the options of one that is.
        """
        if len(self.variants) > MAX_VARIANTS:
            raise TooManyVariants(f"at most {MAX_VARIANTS}")
        seen: set[tuple[tuple[str, str], ...]] = set()
        for variant in self.variants:
            if not variant.active:
                continue
            key = tuple(sorted(variant.options.items()))
            if key in seen:
                raise SameOptions(f"variant {variant.sku} repeats the options of another")
            seen.add(key)

    def variant(self, variant_id: UUID) -> Variant:
        for variant in self.variants:
            if variant.id == variant_id:
                return variant
        raise UnknownVariant(f"no variant {variant_id}")

    def publish(self, now: datetime) -> None:
        """Raises NotPublishable without an active variant that has a price."""
        if self.status is ProductStatus.archived:
            raise NotPublishable("an archived product goes back to draft first")
        if not any(variant.active and 0 < variant.price.amount <= MAX_AMOUNT for variant in self.variants):
            raise NotPublishable("it needs an active variant with a price")
        self.status = ProductStatus.active
        self.updated_at = now

    def archive(self, now: datetime) -> None:
        self.status = ProductStatus.archived
        self.updated_at = now

    def restore(self, now: datetime) -> None:
        """From the archive back to draft. Raises NotArchived."""
        if self.status is not ProductStatus.archived:
            raise NotArchived(f"the product is {self.status}")
        self.status = ProductStatus.draft
        self.updated_at = now
