"""What the catalogue refuses."""

from merx.kernel.errors import Conflict, Invalid, NotFound


class ProductNotFound(NotFound):
    slug = "catalog.product-not-found"
    title = "No such product"


class CategoryNotFound(NotFound):
    slug = "catalog.category-not-found"
    title = "No such category"


class BrandNotFound(NotFound):
    slug = "catalog.brand-not-found"
    title = "No such brand"


class SlugTaken(Conflict):
    slug = "catalog.slug-taken"
    title = "The slug is taken"


class SkuTaken(Conflict):
    slug = "catalog.sku-taken"
    title = "The SKU is taken"


class NameTaken(Conflict):
    slug = "catalog.name-taken"
    title = "The name is taken"


class SameOptions(Conflict):
    """Two variants that no shopper could tell apart."""

    slug = "catalog.variants-with-same-options"
    title = "Two variants have the same options"


class NotPublishable(Conflict):
    slug = "catalog.not-publishable"
    title = "The product cannot be published"


class NotArchived(Conflict):
    slug = "catalog.not-archived"
    title = "The product is not in the archive"


class TooManyVariants(Conflict):
    slug = "catalog.too-many-variants"
    title = "The product has too many variants"


class ReferenceGone(Conflict):
    """Removed by somebody else between the check and the write."""

    slug = "catalog.reference-gone"
    title = "The category or brand was removed meanwhile"


class CategoryLoop(Conflict):
    slug = "catalog.category-loop"
    title = "A category cannot be moved below itself"


class CategoryNotEmpty(Conflict):
    slug = "catalog.category-not-empty"
    title = "The category still has products or subcategories"


class UnknownVariant(Invalid):
    slug = "catalog.unknown-variant"
    title = "The product has no such variant"
