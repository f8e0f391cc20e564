"""What the catalogue's use cases need to write."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, Self
from uuid import UUID

import msgspec

from merx.contexts.catalog.domain.price_limit import PriceStep
from merx.contexts.catalog.domain.product import Product
from merx.contexts.catalog.domain.taxonomy import Brand, Category, Crumb
from merx.kernel.money import Money
from merx.kernel.ports import Repository, UnitOfWork


class Level(msgspec.Struct, frozen=True):
    variant_id: UUID
    available: int
    sequence: int


class LevelChange(msgspec.Struct, frozen=True):
    """Products whose answers changed, and those of them that went in or out of stock as a whole."""

    changed: list[UUID]
    crossed: list[UUID]


class Storefront(Protocol):
    """What shoppers see, kept beside the aggregates in the shape of the screens."""

    async def hold_taxonomy(self) -> None:
        """Until the transaction ends no category moves, and no category or brand changes its name or goes.

        Call it before the first write, so that nobody waits for it while others wait for what was written.
        """
        ...

    async def own_taxonomy(self) -> None:
        """As `hold_taxonomy`, and nobody else holds it: for whoever moves, renames or removes."""
        ...

    async def replant(self, category: Category, before: Sequence[Crumb]) -> None:
        """Trails and listings of all below a category that was placed anew; `before` is the trail that it had."""
        ...

    async def refresh(self, product_ids: Sequence[UUID]) -> None:
        """Bring listing, category membership and prices of these products up to date with their aggregates."""
        ...

    async def touch(self, product_ids: Sequence[UUID]) -> None:
        """Something that is shown with these products changed outside them: raises their versions."""
        ...

    async def recount(self) -> None:
        """Visible products per category subtree."""
        ...

    async def set_levels(self, levels: Sequence[Level]) -> LevelChange:
        """Keep the availability of variants; a level is ignored unless its sequence is above the one known."""
        ...

    async def product_ids_in_category(self, category_id: UUID) -> list[UUID]:
        """Products of a category's subtree, visible or not."""
        ...

    async def product_ids_of_brand(self, brand_id: UUID) -> list[UUID]: ...

    async def remember_slug(self, kind: str, old: str, entity_id: UUID, at: datetime) -> None:
        """An old slug keeps answering with a redirect unless something new takes it."""
        ...

    async def subtree(self, category_id: UUID) -> list[UUID]:
        """Ids of the category and all below it."""
        ...


class PriceSteps(Protocol):
    """Of prices that one person changed alone. The version of their product guards them: read the product first, and
    save it in the same transaction."""

    async def stood(self, variant_ids: Sequence[UUID], since: datetime) -> Mapping[UUID, Money]:
        """The price at `since` of those that changed later."""
        ...

    async def add(self, steps: Sequence[PriceStep], since: datetime) -> None:
        """At most one a variant. Steps of these variants up to `since` are dropped."""
        ...

    async def forget(self, variant_ids: Sequence[UUID]) -> None:
        """Their present price is what two people agreed to."""
        ...


class ImportedVariant(msgspec.Struct, frozen=True):
    id: UUID
    sku: str
    options: dict[str, str]
    barcodes: list[str]
    price_amount: int
    price_currency: str
    position: int


class ImportedProduct(msgspec.Struct, frozen=True):
    """A row of a feed with ids and slug proposed for what does not exist yet; `category` runs from root to leaf.

    `digest` is that of all the feed says of the product.
    """

    id: UUID
    external_id: str
    slug: str
    name: str
    brand: str
    category: list[str]
    description: str
    model: str
    attributes: dict[str, str | int | float | bool]
    created_at: datetime
    digest: str
    variants: list[ImportedVariant]


class BulkResult(msgspec.Struct, frozen=True):
    """`written` are the new and changed products; `variants` maps every SKU of the batch to the id it has now.

    `refused` maps external id to the reason.
    """

    written: list[UUID]
    unchanged: int
    variants: dict[str, UUID]
    refused: dict[str, str]


class Bulk(Protocol):
    async def upsert(self, products: Sequence[ImportedProduct], now: datetime) -> BulkResult:
        """Insert or update by external id, publish what is new, and retire variants that the feed no longer has.

        A product whose digest was imported last is left as it is, with all that staff changed since; one in the
        archive is brought up to date there. Raises Conflict when somebody takes a slug or SKU at the same moment.
        """
        ...


class ImportRun(msgspec.Struct, kw_only=True):
    """How far an import of one file came; the file is known by the digest of its content."""

    id: UUID
    digest: str
    name: str
    lines_done: int = 0
    products: int = 0
    refused: int = 0
    finished: bool = False


class ImportRuns(Protocol):
    async def of(self, digest: str) -> ImportRun | None: ...

    async def put(self, run: ImportRun) -> None: ...


class CatalogUow(UnitOfWork, Protocol):
    @property
    def products(self) -> Repository[Product]: ...
    @property
    def categories(self) -> Repository[Category]: ...
    @property
    def brands(self) -> Repository[Brand]: ...
    @property
    def storefront(self) -> Storefront: ...
    @property
    def price_steps(self) -> PriceSteps: ...
    @property
    def bulk(self) -> Bulk: ...
    @property
    def imports(self) -> ImportRuns: ...

    async def __aenter__(self) -> Self: ...


class CatalogUowFactory(Protocol):
    def __call__(self) -> CatalogUow: ...
