"""Whether variants can be had, when several who know tell at different times."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from merx.contexts.search.domain.documents import ListedProduct

Known = tuple[bool, int]


class StockNews(msgspec.Struct, frozen=True):
    """What the inventory told of a variant; a higher `sequence` is newer."""

    available: int
    sequence: int


def with_stock(
    product: ListedProduct, before: Mapping[UUID, Known], news: Mapping[UUID, StockNews]
) -> tuple[ListedProduct, dict[UUID, Known]]:
    """The product with the newest availability, and per variant (in stock, sequence) to remember.

    The catalogue passes on what it heard and may be behind, so once the inventory itself has told of a variant
    (`sequence` above 0) only a newer word of the inventory counts.
    """
    known: dict[UUID, Known] = {}
    variants = []
    for variant in product.variants:
        in_stock, sequence = before.get(variant.variant_id, (False, 0))
        told = news.get(variant.variant_id)
        if told is not None and told.sequence >= sequence:
            in_stock, sequence = told.available > 0, told.sequence
        elif sequence == 0:
            in_stock = variant.available > 0
        known[variant.variant_id] = (in_stock, sequence)
        variants.append(msgspec.structs.replace(variant, available=int(in_stock)))
    return msgspec.structs.replace(product, variants=variants), known
