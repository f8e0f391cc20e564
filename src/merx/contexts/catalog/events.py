"""What others may hear of the catalogue. Thin: who needs more asks `CatalogApi.documents`, which is always current."""

from uuid import UUID

from merx.kernel.model import Event


class VariantsAdded(Event, frozen=True, tag="catalog.variants-added.v1"):
    """Variants exist that did not before, visible or not yet: stock can be counted for them."""

    variant_ids: tuple[UUID, ...]


class ProductsPublished(Event, frozen=True, tag="catalog.products-published.v1"):
    """Products became visible; an import publishes a whole batch in one event."""

    product_ids: tuple[UUID, ...]
    variant_ids: tuple[UUID, ...] = ()


class ProductsChanged(Event, frozen=True, tag="catalog.products-changed.v1"):
    """Something a shopper can see of visible products changed."""

    product_ids: tuple[UUID, ...]


class ProductsWithdrawn(Event, frozen=True, tag="catalog.products-withdrawn.v1"):
    """Products are no longer visible."""

    product_ids: tuple[UUID, ...]
